package io.skerry.rules.revision;

import io.skerry.rules.limit.Limit;
import io.skerry.rules.limit.LimitHits;
import io.skerry.rules.store.Database;
import io.skerry.rules.store.HeadTable;
import io.skerry.rules.store.KeyTable;
import io.skerry.rules.store.Transaction;
import io.skerry.shared.bus.RuleReply;
import io.skerry.shared.bus.RuleRequest;
import io.skerry.shared.problem.Code;
import io.skerry.shared.problem.Problem;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Carries out changes, one at a time: lock, check, write, number, commit, then publish.
///
/// Changes wait for their turn here, so that they do not fill the connections while they wait for
/// the revision lock, which they would take one at a time anyway.
public final class Writes {
    /// Changes that may wait at one replica.
    public static final int WAITING_MAX = 1_000;

    /// Time a change waits for its turn, in milliseconds; below what callers wait.
    public static final long TURN_MILLIS = 3_000;

    /// Characters of an `Idempotency-Key`.
    public static final int KEY_MAX = 200;

    private final Database database;
    private final Contents contents;
    private final Publication publication;
    private final DryRun dryRun;
    private final int keepRevisions;
    private final LimitHits hits;
    private Future<Void> last = Future.succeededFuture();
    private int waiting;

    /// @param keepRevisions revisions of history to keep
    public Writes(
            Database database,
            Contents contents,
            Publication publication,
            DryRun dryRun,
            int keepRevisions,
            LimitHits hits) {
        this.hits = hits;
        this.dryRun = dryRun;
        this.database = database;
        this.contents = contents;
        this.publication = publication;
        this.keepRevisions = keepRevisions;
    }

    /// Runs one change, or with `dryRun` only says what it would do; `work` checks and notes what
    /// it does. Throws a {@link io.skerry.shared.problem.ProblemException} where it refuses.
    public RuleReply run(RuleRequest request, Function<Change, RuleReply.Done> work) {
        if (DryRun.isAsked(request)) {
            return dryRun.answer(request.operation(), inTurn(() -> rehearse(request, work)));
        }
        String key = keyOf(request);
        String hash = key == null ? "" : hash(request);
        return inTurn(() -> runNow(request, work, key, hash));
    }

    private DryRun.@Nullable Rehearsed rehearse(
            RuleRequest request, Function<Change, RuleReply.Done> work) {
        return database.rehearse(
                        sql -> {
                            HeadTable.Head head = HeadTable.lock(sql);
                            Change change = new Change(sql, head, request, contents, keepRevisions);
                            var _ = work.apply(change);
                            change.finish();
                            return change.rehearsed();
                        })
                .orElse(null);
    }

    private <T> T inTurn(Supplier<T> work) {
        if (waiting >= WAITING_MAX) {
            hits.hit(Limit.WRITES_WAITING);
            throw unavailable("too many changes wait for their turn; nothing was stored");
        }
        Future<Void> before = last;
        Promise<Void> done = Promise.promise();
        last = done.future();
        waiting++;
        try {
            awaitTurn(before);
        } catch (Throwable late) {
            // Whoever waits behind this one still waits for the one ahead of it.
            before.onComplete(turn -> done.tryComplete());
            throw late;
        } finally {
            waiting--;
        }
        try {
            return work.get();
        } finally {
            done.tryComplete();
        }
    }

    private void awaitTurn(Future<Void> before) {
        if (before.isComplete()) {
            return;
        }
        try {
            before.timeout(TURN_MILLIS, TimeUnit.MILLISECONDS).await();
        } catch (Throwable late) {
            hits.hit(Limit.WRITE_TURN_SECONDS);
            throw unavailable("other changes take too long; nothing was stored");
        }
    }

    private static io.skerry.shared.problem.ProblemException unavailable(String message) {
        return Problem.of(Code.UNAVAILABLE, message).toException();
    }

    private RuleReply runNow(
            RuleRequest request,
            Function<Change, RuleReply.Done> work,
            @Nullable String key,
            String hash) {
        Outcome outcome =
                database.write(sql -> {
                    HeadTable.Head head = HeadTable.lock(sql);
                    Outcome kept = key == null ? null : replay(sql, key, hash);
                    return kept != null ? kept : carryOut(sql, head, request, work, key, hash);
                });
        Change change = outcome.change();
        if (change != null && change.isNoted()) {
            change.forgotten(hits);
            change.made().forEach((digest, content) -> contents.keep(content, digest));
            change.deleted().forEach(contents::forget);
            publication.publish(change, request);
        }
        return outcome.reply();
    }

    private Outcome carryOut(
            Transaction sql,
            HeadTable.Head head,
            RuleRequest request,
            Function<Change, RuleReply.Done> work,
            @Nullable String key,
            String hash) {
        Change change = new Change(sql, head, request, contents, keepRevisions);
        RuleReply.Done reply = work.apply(change);
        change.finish();
        if (key != null) {
            KeyTable.put(sql, key, new KeyTable.Kept(hash, reply.print()));
        }
        return new Outcome(reply, change);
    }

    private static @Nullable Outcome replay(Transaction sql, String key, String hash) {
        KeyTable.Kept kept = KeyTable.find(sql, key).orElse(null);
        if (kept == null) {
            return null;
        }
        if (!kept.requestHash().equals(hash)) {
            throw Problem.of(
                            "Idempotency-Key",
                            Code.KEY_REUSED,
                            "the key was used with another request; choose a new one")
                    .toException();
        }
        return new Outcome(RuleReply.read(kept.reply()), null);
    }

    /// The key as stored: of the caller and its key, so that callers cannot meet.
    private @Nullable String keyOf(RuleRequest request) {
        String given = request.idempotencyKey();
        if (given == null) {
            return null;
        }
        if (given.isEmpty() || given.length() > KEY_MAX) {
            hits.hit(Limit.IDEMPOTENCY_KEY_CHARACTERS);
            throw Problem.of(
                            "Idempotency-Key",
                            Code.OUT_OF_RANGE,
                            "must be 1 to " + KEY_MAX + " characters")
                    .toException();
        }
        return sha256(request.actor() + "\n" + given);
    }

    private static String hash(RuleRequest request) {
        JsonObject what =
                new JsonObject()
                        .put("operation", request.operation().name())
                        .put("args", new JsonObject(new TreeMap<>(request.args())))
                        .put("body", request.body())
                        .put("ifMatch", request.ifMatch());
        return sha256(what.encode());
    }

    private static String sha256(String text) {
        try {
            MessageDigest sha = MessageDigest.getInstance("SHA-256");
            return HexFormat.of().formatHex(sha.digest(text.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException("every JDK has SHA-256", impossible);
        }
    }

    private record Outcome(RuleReply reply, @Nullable Change change) {}
}
