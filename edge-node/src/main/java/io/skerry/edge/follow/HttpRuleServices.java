package io.skerry.edge.follow;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.json.JsonObject;
import java.net.URI;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/// Speaks to the rule services over HTTP: to the one that answered last, and where that fails to
/// the next. On one Vert.x context.
final class HttpRuleServices implements RuleServices {
    /// HTTP/2 code that says a stream is not wanted any more; closes an HTTP/1.1 connection.
    private static final long CANCEL = 8;

    private static final String SYNC = "/node/v1/sync";
    private static final String INSTANCES = "/node/v1/instances/";

    private final Vertx vertx;
    private final HttpClient client;
    private final FollowSettings settings;
    private int turn;

    HttpRuleServices(Vertx vertx, FollowSettings settings) {
        this.vertx = vertx;
        this.settings = settings;
        this.client =
                vertx.createHttpClient(
                        new HttpClientOptions()
                                .setConnectTimeout((int) settings.connectDeadline().toMillis()));
    }

    @Override
    public String name() {
        return current().toString();
    }

    /// Where the last answer came from, or the next is asked for.
    private URI current() {
        return settings.rules().get(turn);
    }

    @Override
    public Future<Reply> sync(JsonObject report) {
        return ask(HttpMethod.POST, SYNC, report, settings.rules().size());
    }

    @Override
    public Future<Reply> pull(String instance, long have, String want) {
        String path = INSTANCES + instance + "?have=" + have + "&want=" + want;
        return ask(HttpMethod.GET, path, null, settings.rules().size());
    }

    /// Asks each rule service in turn until one answers; fails with the last failure.
    private Future<Reply> ask(
            HttpMethod method, String path, @Nullable JsonObject body, int triesLeft) {
        return askOne(current(), method, path, body)
                .recover(failure -> {
                    turn = (turn + 1) % settings.rules().size();
                    return triesLeft > 1
                            ? ask(method, path, body, triesLeft - 1)
                            : Future.failedFuture(failure);
                });
    }

    private Future<Reply> askOne(
            URI service, HttpMethod method, String path, @Nullable JsonObject body) {
        RequestOptions options =
                new RequestOptions()
                        .setMethod(method)
                        .setAbsoluteURI(service.resolve(path).toString())
                        .setConnectTimeout(settings.connectDeadline().toMillis());
        if (!settings.token().isEmpty()) {
            options.putHeader("Authorization", "Bearer " + settings.token());
        }
        Promise<Reply> promise = Promise.promise();
        Exchange exchange = new Exchange(promise);
        long deadline =
                vertx.setTimer(
                        settings.answerDeadline().toMillis(),
                        timer -> exchange.fail(new TimeoutException("no answer in time")));
        client.request(options)
                .onFailure(exchange::fail)
                .onSuccess(request -> exchange.send(request, body));
        return promise.future().onComplete(done -> vertx.cancelTimer(deadline));
    }

    @Override
    public Future<Void> close() {
        return client.close();
    }

    /// One request with its answer; whatever comes first settles it.
    private final class Exchange {
        private final Promise<Reply> promise;
        private final Buffer bytes = Buffer.buffer();
        private @Nullable HttpClientRequest request;

        Exchange(Promise<Reply> promise) {
            this.promise = promise;
        }

        void send(HttpClientRequest opened, @Nullable JsonObject body) {
            request = opened;
            if (promise.future().isComplete()) {
                opened.reset(CANCEL);
                return;
            }
            Future<HttpClientResponse> response =
                    body == null
                            ? opened.send()
                            : opened.putHeader("Content-Type", "application/json")
                                    .send(body.toBuffer());
            response.onFailure(this::fail).onSuccess(this::receive);
        }

        private void receive(HttpClientResponse response) {
            response.exceptionHandler(this::fail);
            response.handler(part -> {
                if (bytes.length() + part.length() > settings.answerBytesMax()) {
                    fail(
                            new IllegalStateException(
                                    "answer of more than " + settings.answerBytesMax() + " bytes"));
                } else {
                    bytes.appendBuffer(part);
                }
            });
            response.endHandler(end -> {
                if (response.statusCode() >= 500) {
                    fail(new IllegalStateException("status " + response.statusCode()));
                } else {
                    promise.tryComplete(new Reply(response.statusCode(), parse(bytes)));
                }
            });
        }

        void fail(Throwable cause) {
            if (promise.tryFail(cause) && request != null) {
                request.reset(CANCEL);
            }
        }
    }

    private static JsonObject parse(Buffer bytes) {
        try {
            return bytes.length() == 0 ? new JsonObject() : new JsonObject(bytes);
        } catch (RuntimeException notJson) {
            return new JsonObject();
        }
    }
}
