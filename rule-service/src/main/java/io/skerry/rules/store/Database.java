package io.skerry.rules.store;

import io.skerry.rules.limit.Limit;
import io.skerry.rules.limit.LimitHits;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxException;
import io.vertx.core.http.ConnectionPoolTooBusyException;
import io.vertx.core.net.NetClientOptions;
import io.vertx.pgclient.PgBuilder;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.PoolOptions;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// The connections to PostgreSQL. Work runs on a virtual thread and may wait.
///
/// Every failure leaves as a {@link io.skerry.shared.problem.ProblemException}: `unavailable` where
/// certainly nothing was stored, `outcome_unknown` where a commit got no answer.
public final class Database {
    /// Connections of one rule service.
    public static final int CONNECTIONS_MAX = 10;

    /// Time for a write as a whole; below the 5 s that callers wait.
    public static final Duration WRITE_DEADLINE = Duration.ofMillis(4_500);

    /// Time for a read as a whole; below the 2 s that callers wait.
    public static final Duration READ_DEADLINE = Duration.ofMillis(1_800);

    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(1);

    /// Requests that wait for a connection.
    public static final int WAITING_MAX = 2_000;

    /// Time a request waits for a connection, a new one included.
    public static final Duration WAIT = CONNECT_TIMEOUT.plusMillis(500);

    /// What the pool says first of a request that has waited for {@link #WAIT}; it has no class for
    /// that.
    private static final String POOL_TIMEOUT = "Timeout";

    private static final String BEGIN_WRITE =
            "BEGIN; SET LOCAL lock_timeout = '2s'; SET LOCAL statement_timeout = '10s';"
                    + " SET LOCAL idle_in_transaction_session_timeout = '5s'";
    private static final String BEGIN_READ =
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;"
                    + " SET LOCAL statement_timeout = '5s'";
    private static final String BEGIN_NOTE = BEGIN_WRITE + "; SET LOCAL synchronous_commit = off";

    /// How a transaction begins and ends, and how long it may take.
    private enum Kind {
        READ(BEGIN_READ, "COMMIT", READ_DEADLINE, Limit.READ_SECONDS),
        WRITE(BEGIN_WRITE, "COMMIT", WRITE_DEADLINE, Limit.WRITE_SECONDS),
        NOTE(BEGIN_NOTE, "COMMIT", WRITE_DEADLINE, Limit.WRITE_SECONDS),
        REHEARSAL(BEGIN_NOTE, "ROLLBACK", WRITE_DEADLINE, Limit.WRITE_SECONDS);

        private final String begin;
        private final String end;
        private final Duration time;
        private final Limit limit;

        Kind(String begin, String end, Duration time, Limit limit) {
            this.begin = begin;
            this.end = end;
            this.time = time;
            this.limit = limit;
        }

        long deadline() {
            return System.nanoTime() + time.toNanos();
        }

        /// How the others end changes nothing.
        boolean stores() {
            return switch (this) {
                case WRITE, NOTE -> true;
                case READ, REHEARSAL -> false;
            };
        }
    }

    private final Pool pool;
    private final LimitHits hits;

    private Database(Pool pool, LimitHits hits) {
        this.pool = pool;
        this.hits = hits;
    }

    /// Brings the tables up to date on a worker thread, then opens the pool. Fails where the
    /// database cannot be reached now.
    public static Future<Database> open(Vertx vertx, PostgresAddress address, LimitHits hits) {
        return vertx.executeBlocking(
                        () -> {
                            Migrations.run(address);
                            return address;
                        },
                        false)
                .map(migrated -> new Database(pool(vertx, address), hits));
    }

    /// Whether a failed {@link #open} may succeed when it is tried again.
    public static boolean isPassing(Throwable failure) {
        return Migrations.isPassing(failure);
    }

    private static Pool pool(Vertx vertx, PostgresAddress address) {
        PgConnectOptions connect =
                new PgConnectOptions()
                        .setHost(address.host())
                        .setPort(address.port())
                        .setDatabase(address.database())
                        .setUser(address.user())
                        .setPassword(address.password())
                        .setCachePreparedStatements(true)
                        // The server gives up a frozen writer's connection.
                        .addProperty("tcp_keepalives_idle", "5")
                        .addProperty("tcp_keepalives_interval", "2")
                        .addProperty("tcp_keepalives_count", "3")
                        .addProperty("tcp_user_timeout", "10000")
                        .addProperty("application_name", "skerry-rule-service");
        PoolOptions options =
                new PoolOptions()
                        .setMaxSize(CONNECTIONS_MAX)
                        .setMaxWaitQueueSize(WAITING_MAX)
                        .setConnectionTimeout((int) WAIT.toMillis())
                        .setConnectionTimeoutUnit(TimeUnit.MILLISECONDS);
        NetClientOptions net =
                new NetClientOptions()
                        .setTcpKeepAlive(true)
                        .setTcpNoDelay(true)
                        .setConnectTimeout((int) CONNECT_TIMEOUT.toMillis());
        return PgBuilder.pool().with(options).with(net).connectingTo(connect).using(vertx).build();
    }

    /// Reads from one consistent snapshot.
    public <T> T read(Function<Transaction, T> work) {
        return run(Kind.READ, work);
    }

    /// Does what a write would do, and undoes it.
    public <T> T rehearse(Function<Transaction, T> work) {
        return run(Kind.REHEARSAL, work);
    }

    /// Writes in one transaction that is on disk when this returns.
    public <T> T write(Function<Transaction, T> work) {
        return run(Kind.WRITE, work);
    }

    /// Writes what may be lost with the server's last moments, such as reports and statuses, which
    /// come again.
    public <T> T note(Function<Transaction, T> work) {
        return run(Kind.NOTE, work);
    }

    /// One statement, which is a transaction of its own.
    public RowSet<Row> statement(String sql, @Nullable Object... values) {
        try {
            return Transaction.await(
                    pool.preparedQuery(sql).execute(Tuple.from(values)), Kind.READ.deadline());
        } catch (Throwable failure) {
            count(failure, Kind.READ);
            throw SqlFailure.beforeCommit(failure);
        }
    }

    private <T> T run(Kind kind, Function<Transaction, T> work) {
        long deadline = kind.deadline();
        SqlConnection connection;
        try {
            connection = acquire(deadline);
        } catch (Throwable failure) {
            count(failure, kind);
            throw SqlFailure.beforeCommit(failure);
        }
        boolean committing = false;
        try {
            Transaction transaction = new Transaction(connection, deadline);
            transaction.script(kind.begin);
            T result = work.apply(transaction);
            committing = kind.stores();
            transaction.script(kind.end);
            connection.close();
            return result;
        } catch (Throwable failure) {
            abandon(connection);
            count(failure, kind);
            throw committing ? SqlFailure.atCommit(failure) : SqlFailure.beforeCommit(failure);
        }
    }

    private SqlConnection acquire(long deadline) {
        Future<SqlConnection> wanted = pool.getConnection();
        try {
            return Transaction.await(wanted, deadline);
        } catch (Throwable late) {
            wanted.onSuccess(SqlConnection::close);
            throw late;
        }
    }

    /// Rolls back in the background, behind what may still be under way. Only the server's answer
    /// brings the connection back to the pool; one that breaks leaves the pool by itself.
    private static void abandon(SqlConnection connection) {
        connection.query("ROLLBACK").execute().onComplete(done -> connection.close());
    }

    /// Counts a failure that comes from a limit.
    private void count(Throwable failure, Kind kind) {
        switch (failure) {
            case ConnectionPoolTooBusyException full -> hits.hit(Limit.DATABASE_WAITING);
            case TimeoutException late -> hits.hit(kind.limit);
            case VertxException late
                    when String.valueOf(late.getMessage()).startsWith(POOL_TIMEOUT) ->
                    hits.hit(Limit.DATABASE_WAIT_SECONDS);
            default -> {}
        }
    }

    public Future<Void> close() {
        return pool.close();
    }
}
