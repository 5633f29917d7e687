package io.skerry.shared.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.shared.problem.Code;
import io.skerry.shared.problem.ProblemException;
import io.vertx.core.Future;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/// What a request failed with.
final class Failure {
    private Failure() {}

    static Code code(Future<?> request) throws Exception {
        CompletableFuture<Throwable> failure = new CompletableFuture<>();
        request.onSuccess(value -> failure.complete(new AssertionError("answered with " + value)))
                .onFailure(failure::complete);
        Throwable cause = failure.get(70, TimeUnit.SECONDS);
        assertThat(cause).isInstanceOf(ProblemException.class);
        return ((ProblemException) cause).problem().code();
    }
}
