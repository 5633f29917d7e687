package io.skerry.rules.store;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
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

    private static final String BEGIN_WRITE =
            "BEGIN; SET LOCAL lock_timeout = '2s'; SET LOCAL statement_timeout = '10s';"
                    + " SET LOCAL idle_in_transaction_session_timeout = '5s'";
    private static final String BEGIN_READ =
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;"
                    + " SET LOCAL statement_timeout = '5s'";
    private static final String BEGIN_NOTE = BEGIN_WRITE + "; SET LOCAL synchronous_commit = off";

    private final Pool pool;

    private Database(Pool pool) {
        this.pool = pool;
    }

    /// Brings the tables up to date on a worker thread, then opens the pool. Fails where the
    /// database cannot be reached now.
    public static Future<Database> open(Vertx vertx, PostgresAddress address) {
        return vertx.executeBlocking(
                        () -> {
                            Migrations.run(address);
                            return address;
                        },
                        false)
                .map(migrated -> new Database(pool(vertx, address)));
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
                        .setConnectionTimeout((int) CONNECT_TIMEOUT.toMillis() + 500)
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
        return run(BEGIN_READ, READ_DEADLINE, work);
    }

    /// Does what a write would do, and undoes it.
    public <T> T rehearse(Function<Transaction, T> work) {
        return run(BEGIN_NOTE, WRITE_DEADLINE, work, "ROLLBACK");
    }

    /// Writes in one transaction that is on disk when this returns.
    public <T> T write(Function<Transaction, T> work) {
        return run(BEGIN_WRITE, WRITE_DEADLINE, work);
    }

    /// Writes what may be lost with the server's last moments, such as reports and statuses, which
    /// come again.
    public <T> T note(Function<Transaction, T> work) {
        return run(BEGIN_NOTE, WRITE_DEADLINE, work);
    }

    /// One statement, which is a transaction of its own.
    public RowSet<Row> statement(String sql, @Nullable Object... values) {
        try {
            return Transaction.await(
                    pool.preparedQuery(sql).execute(Tuple.from(values)), after(READ_DEADLINE));
        } catch (Throwable failure) {
            throw SqlFailure.beforeCommit(failure);
        }
    }

    private <T> T run(String begin, Duration time, Function<Transaction, T> work) {
        return run(begin, time, work, "COMMIT");
    }

    private <T> T run(String begin, Duration time, Function<Transaction, T> work, String end) {
        long deadline = after(time);
        SqlConnection connection;
        try {
            connection = acquire(deadline);
        } catch (Throwable failure) {
            throw SqlFailure.beforeCommit(failure);
        }
        boolean committing = false;
        try {
            Transaction transaction = new Transaction(connection, deadline);
            transaction.script(begin);
            T result = work.apply(transaction);
            // How a read ends changes nothing.
            committing = end.equals("COMMIT") && !begin.equals(BEGIN_READ);
            transaction.script(end);
            connection.close();
            return result;
        } catch (Throwable failure) {
            abandon(connection);
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

    private static long after(Duration time) {
        return System.nanoTime() + time.toNanos();
    }

    public Future<Void> close() {
        return pool.close();
    }
}
