package io.skerry.shared.process;

import io.skerry.shared.problem.Code;
import io.skerry.shared.problem.Mistake;
import io.skerry.shared.problem.ProblemException;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// How a Skerry process begins and ends: settings, start, signals, one ordered stop.
///
/// Exit status: 0 after an ordered stop, 1 where it could not start, 2 for bad settings or
/// arguments.
public final class ServiceMain {
    private static final Logger log = LoggerFactory.getLogger(ServiceMain.class);

    /// Starts a service. A {@link ProblemException} about settings ends the process with status 2.
    @FunctionalInterface
    public interface Starter {
        Future<Running> start(Vertx vertx, SettingsReader settings);
    }

    /// A service that runs.
    @FunctionalInterface
    public interface Running {
        /// Stops in order.
        ///
        /// @param hurry completes when a second signal asks to end the drain at once
        Future<Void> stop(Future<Void> hurry);

        /// Completes when the service has ended by itself, in order and without a signal.
        default Future<Void> over() {
            return Promise.<Void>promise().future();
        }
    }

    private ServiceMain() {}

    /// Runs a service until a signal ends the process; never returns.
    ///
    /// @param role the command, for messages
    /// @param flags options without a value
    public static void run(
            String role, String[] args, Set<String> flags, String help, Starter starter) {
        CommandLine line = CommandLine.parse(args, flags);
        if (line.mistake().isPresent()) {
            fail(2, role + ": " + line.mistake().get() + "; try --help");
        }
        if (line.help()) {
            System.out.println(help);
            System.exit(0);
        }
        Vertx vertx = Vertx.vertx(new VertxOptions().setPreferNativeTransport(true));
        Promise<Void> first = Promise.promise();
        Promise<Void> second = Promise.promise();
        AtomicInteger signals = new AtomicInteger();
        AtomicBoolean runs = new AtomicBoolean();
        Signals.onTerminate(() -> {
            if (signals.getAndIncrement() == 0) {
                first.tryComplete();
            } else if (runs.get()) {
                second.tryComplete();
            } else {
                fail(1, role + ": ended before it had started");
            }
        });
        CountDownLatch ended = new CountDownLatch(1);
        Settings.load(vertx, line.values())
                .compose(values -> started(vertx, starter, new SettingsReader(values)))
                .onFailure(failure -> failed(role, failure))
                .onSuccess(running -> {
                    runs.set(true);
                    Future<Void> stopped =
                            first.future()
                                    .compose(v -> running.stop(second.future()))
                                    .onFailure(bug -> log.error("stop failed", bug))
                                    .otherwiseEmpty();
                    Future.any(stopped, running.over())
                            .eventually(vertx::close)
                            .onComplete(done -> ended.countDown());
                });
        await(ended);
        System.exit(0);
    }

    private static Future<Running> started(Vertx vertx, Starter starter, SettingsReader settings) {
        Promise<Running> promise = Promise.promise();
        vertx.getOrCreateContext()
                .runOnContext(v -> {
                    try {
                        starter.start(vertx, settings).onComplete(promise);
                    } catch (RuntimeException refused) {
                        promise.fail(refused);
                    }
                });
        return promise.future();
    }

    private static void failed(String role, Throwable failure) {
        if (failure instanceof ProblemException refused) {
            List<String> lines =
                    refused.problem().mistakes().stream()
                            .map(mistake -> line(role, mistake))
                            .toList();
            fail(isMistaken(refused) ? 2 : 1, String.join(System.lineSeparator(), lines));
        }
        log.debug("start failed", failure);
        fail(1, role + ": cannot start: " + failure.getMessage());
    }

    /// Whether the caller was mistaken, rather than the settings right and something in the way.
    private static boolean isMistaken(ProblemException refused) {
        Code.Kind kind = refused.problem().code().kind();
        return kind == Code.Kind.MALFORMED
                || kind == Code.Kind.INVALID
                || kind == Code.Kind.FORBIDDEN;
    }

    private static String line(String role, Mistake mistake) {
        String field = mistake.field().isEmpty() ? "" : mistake.field() + ": ";
        return role + ": " + field + mistake.message();
    }

    private static void await(CountDownLatch ended) {
        try {
            ended.await();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private static void fail(int status, String sentence) {
        System.err.println(sentence);
        System.exit(status);
    }
}
