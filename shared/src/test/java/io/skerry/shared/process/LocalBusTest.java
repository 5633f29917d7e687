package io.skerry.shared.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.shared.problem.Code;
import io.skerry.shared.problem.Problem;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import io.vertx.junit5.VertxExtension;
import io.vertx.junit5.VertxTestContext;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// The extension makes a Vert.x for each test and closes it, and fails a test whose context has
/// heard of a failure on any thread.
@ExtendWith(VertxExtension.class)
final class LocalBusTest {
    private final Vertx vertx;
    private final LocalBus bus;

    LocalBusTest(Vertx vertx) {
        this.vertx = vertx;
        this.bus = new LocalBus(vertx);
    }

    private static JsonObject number(int n) {
        return new JsonObject().put("n", n);
    }

    @Test
    void answersRequests(VertxTestContext test) {
        bus.serve("double", message -> Future.succeededFuture(number(message.getInteger("n") * 2)));
        bus.request("double", number(21), 5_000)
                .onComplete(
                        test.succeeding(answer ->
                                test.verify(() -> {
                                    assertThat(answer).isEqualTo(number(42));
                                    test.completeNow();
                                })));
    }

    @Test
    void nobodyThereIsUnavailableAtOnce() throws Exception {
        long began = System.nanoTime();
        assertThat(Failure.code(bus.request("nobody", number(1), 60_000)))
                .isEqualTo(Code.UNAVAILABLE);
        assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(5));
    }

    @Test
    void noAnswerInTimeLeavesTheOutcomeUnknown() throws Exception {
        bus.serve("silent", message -> Promise.<JsonObject>promise().future());
        assertThat(Failure.code(bus.request("silent", number(1), 50)))
                .isEqualTo(Code.OUTCOME_UNKNOWN);
    }

    @Test
    void aHandlerThatFailsOrThrowsIsInternal() throws Exception {
        bus.serve("fails", message -> Future.failedFuture("as the test wants"));
        bus.serve(
                "throws",
                message -> {
                    throw new IllegalStateException("as the test wants");
                });
        assertThat(Failure.code(bus.request("fails", number(1), 5_000))).isEqualTo(Code.INTERNAL);
        assertThat(Failure.code(bus.request("throws", number(1), 5_000))).isEqualTo(Code.INTERNAL);
    }

    @Test
    void aHandlerThatIsUnavailableSaysSo() throws Exception {
        bus.serve(
                "leaves",
                message -> {
                    throw Problem.of(Code.UNAVAILABLE, "I leave").toException();
                });
        Future<JsonObject> answer = bus.request("leaves", number(1), 5_000);
        assertThat(Failure.code(answer)).isEqualTo(Code.UNAVAILABLE);
        assertThat(answer.cause()).hasMessage("I leave");
    }

    @Test
    void everySubscriberHearsWhatIsPublishedInOrder() throws Exception {
        List<BlockingQueue<JsonObject>> heard = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            BlockingQueue<JsonObject> queue = new LinkedBlockingQueue<>();
            heard.add(queue);
            bus.subscribe("news", queue::add);
        }
        bus.publish("news", number(1));
        bus.publish("news", number(2));
        for (BlockingQueue<JsonObject> queue : heard) {
            assertThat(queue.poll(5, TimeUnit.SECONDS)).isEqualTo(number(1));
            assertThat(queue.poll(5, TimeUnit.SECONDS)).isEqualTo(number(2));
        }
    }

    @Test
    void handlersRunOnTheContextThatRegisteredThem() throws Exception {
        CompletableFuture<Thread> registered = new CompletableFuture<>();
        CompletableFuture<Thread> handled = new CompletableFuture<>();
        vertx.getOrCreateContext()
                .runOnContext(v -> {
                    bus.serve(
                            "where",
                            message -> {
                                handled.complete(Thread.currentThread());
                                return Future.succeededFuture(message);
                            });
                    registered.complete(Thread.currentThread());
                });
        Thread expected = registered.get(5, TimeUnit.SECONDS);
        bus.request("where", number(1), 5_000).await(5, TimeUnit.SECONDS);
        assertThat(handled.get(5, TimeUnit.SECONDS)).isSameAs(expected);
    }
}
