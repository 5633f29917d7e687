package io.skerry.rules.store;

import io.vertx.core.json.JsonObject;
import java.util.Optional;

/// Replies kept under the caller's `Idempotency-Key`.
public final class KeyTable {
    /// Time a reply is kept, in hours.
    public static final int KEEP_HOURS = 24;

    /// @param requestHash of the request that was answered
    /// @param reply what it was answered
    public record Kept(String requestHash, JsonObject reply) {}

    private KeyTable() {}

    public static Optional<Kept> find(Transaction sql, String key) {
        return sql.first(
                row -> new Kept(row.getString(0), row.getJsonObject(1)),
                "SELECT request_hash, reply FROM idempotency WHERE key = $1 AND at > now() -"
                        + " make_interval(hours => $2)",
                key,
                KEEP_HOURS);
    }

    public static void put(Transaction sql, String key, Kept kept) {
        sql.update(
                "INSERT INTO idempotency (key, request_hash, reply, at) VALUES ($1, $2, $3, now())"
                        + " ON CONFLICT (key) DO UPDATE SET request_hash = EXCLUDED.request_hash,"
                        + " reply = EXCLUDED.reply, at = now()",
                key,
                kept.requestHash(),
                kept.reply());
    }

    /// Forgets what is older than {@link #KEEP_HOURS}.
    public static void prune(Transaction sql) {
        sql.update(
                "DELETE FROM idempotency WHERE at <= now() - make_interval(hours => $1)",
                KEEP_HOURS);
    }
}
