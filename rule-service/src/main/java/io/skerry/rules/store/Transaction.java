package io.skerry.rules.store;

import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Statements of one transaction, in straight lines: each call waits for its answer, which a
/// virtual thread does without holding a real one. Every wait ends at the transaction's deadline.
public final class Transaction {
    private final SqlConnection connection;
    private final long deadlineNanos;

    Transaction(SqlConnection connection, long deadlineNanos) {
        this.connection = connection;
        this.deadlineNanos = deadlineNanos;
    }

    /// Runs a statement with `$1`, `$2`, … and answers its rows.
    public RowSet<Row> rows(String sql, @Nullable Object... values) {
        return await(connection.preparedQuery(sql).execute(Tuple.from(values)));
    }

    /// All rows of a statement, each as `read` makes it.
    public <T> List<T> list(Function<Row, T> read, String sql, @Nullable Object... values) {
        List<T> all = new ArrayList<>();
        for (Row row : rows(sql, values)) {
            all.add(read.apply(row));
        }
        return all;
    }

    /// The first row of a statement, as `read` makes it; empty where there is none.
    public <T> Optional<T> first(Function<Row, T> read, String sql, @Nullable Object... values) {
        for (Row row : rows(sql, values)) {
            return Optional.of(read.apply(row));
        }
        return Optional.empty();
    }

    /// A statement that answers one row with one number.
    public long number(String sql, @Nullable Object... values) {
        return rows(sql, values).iterator().next().getLong(0);
    }

    /// Runs a statement and answers how many rows it changed.
    public int update(String sql, @Nullable Object... values) {
        return rows(sql, values).rowCount();
    }

    /// Runs statements without values, parted by `;`.
    void script(String sql) {
        await(connection.query(sql).execute());
    }

    private <T> T await(Future<T> answer) {
        return await(answer, deadlineNanos);
    }

    static <T> T await(Future<T> answer, long deadlineNanos) {
        long left = Math.max(1, TimeUnit.NANOSECONDS.toMillis(deadlineNanos - System.nanoTime()));
        return answer.timeout(left, TimeUnit.MILLISECONDS).await();
    }
}
