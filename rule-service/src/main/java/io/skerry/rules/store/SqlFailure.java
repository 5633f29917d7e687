package io.skerry.rules.store;

import io.skerry.shared.problem.Code;
import io.skerry.shared.problem.Problem;
import io.skerry.shared.problem.ProblemException;
import io.vertx.core.VertxException;
import io.vertx.pgclient.PgException;
import java.io.IOException;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What a failure of the database means for the caller. An outage is logged once, by the sweep that
/// notices it, and not again for every request that meets it.
final class SqlFailure {
    private static final Logger log = LoggerFactory.getLogger(SqlFailure.class);

    private SqlFailure() {}

    /// A failure before the commit was sent: certainly nothing is stored.
    static ProblemException beforeCommit(Throwable failure) {
        if (failure instanceof ProblemException refused) {
            return refused;
        }
        if (failure instanceof PgException sql) {
            return refusal(sql);
        }
        if (isConnection(failure)) {
            log.debug("database not reachable: {}", failure.toString());
            return unavailable("the database cannot be reached; nothing was stored");
        }
        log.error("bug while talking to the database", failure);
        return Problem.of(Code.INTERNAL, "an unexpected error; nothing was stored").toException();
    }

    /// A failure of the commit itself: stored or not, unless the server says that it refused.
    static ProblemException atCommit(Throwable failure) {
        if (failure instanceof PgException sql && !isShutdown(sql)) {
            return refusal(sql);
        }
        log.warn("commit without an answer: {}", failure.toString());
        return Problem.of(
                        Code.OUTCOME_UNKNOWN,
                        "the database did not answer the commit; repeat the request with the same"
                                + " Idempotency-Key")
                .toException();
    }

    private static ProblemException refusal(PgException failure) {
        String state = failure.getSqlState();
        String kind = state == null ? "" : state.substring(0, Math.min(2, state.length()));
        return switch (kind) {
            // A constraint that another writer won the race for, or a conflict of transactions.
            case "23", "40" -> constraint(failure);
            // Connection, resources, operator, lock or statement time-out, read-only server.
            case "08", "53", "55", "57", "25", "58" -> {
                log.debug("database refused: {} {}", state, failure.getErrorMessage());
                yield unavailable("the database is busy or restarting; nothing was stored");
            }
            default -> {
                log.error("bug in a statement", failure);
                yield Problem.of(Code.INTERNAL, "an unexpected error; nothing was stored")
                        .toException();
            }
        };
    }

    private static ProblemException constraint(PgException failure) {
        String name = failure.getConstraint() == null ? "" : failure.getConstraint();
        return switch (name) {
            case "forwarding_port_pkey" ->
                    Problem.of(
                                    "ports",
                                    Code.PORT_TAKEN,
                                    "another rule has just taken one of the ports")
                            .toException();
            case "instance_name_key", "origin_group_name_key" ->
                    Problem.of("name", Code.NAME_TAKEN, "the name has just been taken")
                            .toException();
            case "instance_own_slot" ->
                    Problem.of("fixedIp", Code.NO_SLOT, "the last free slot has just been taken")
                            .toException();
            default -> {
                log.warn("conflict: {} {}", failure.getSqlState(), failure.getErrorMessage());
                yield unavailable("another change came in between; nothing was stored, try again");
            }
        };
    }

    private static boolean isShutdown(PgException failure) {
        String state = failure.getSqlState();
        return state == null || state.startsWith("57") || state.startsWith("08");
    }

    private static boolean isConnection(Throwable failure) {
        return failure instanceof TimeoutException
                || failure instanceof IOException
                || failure instanceof VertxException
                || failure instanceof InterruptedException
                || failure instanceof java.util.concurrent.CancellationException
                || failure instanceof java.util.concurrent.RejectedExecutionException
                || failure instanceof IllegalStateException;
    }

    static ProblemException unavailable(String message) {
        return Problem.of(Code.UNAVAILABLE, message).toException();
    }
}
