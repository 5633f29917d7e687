package io.skerry.rules;

import io.skerry.rules.store.PostgresAddress;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/// A transaction of the test's own that holds a lock until it is closed.
final class HeldLock implements AutoCloseable {
    /// What every write takes first.
    static final String REVISION = "SELECT * FROM head FOR UPDATE";

    private static final String WAITING =
            "SELECT count(DISTINCT pid) FROM pg_locks"
                    + " WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))";

    private final Connection connection;

    HeldLock(PostgresAddress database, String lock) {
        try {
            connection = TestPostgres.shared().connect(database.database());
            connection.setAutoCommit(false);
            try (Statement statement = connection.createStatement()) {
                statement.execute(lock);
            }
        } catch (SQLException failure) {
            throw new IllegalStateException(failure);
        }
    }

    /// How many others wait for this one now.
    int waiting() {
        try (Statement statement = connection.createStatement();
                ResultSet count = statement.executeQuery(WAITING)) {
            count.next();
            return count.getInt(1);
        } catch (SQLException failure) {
            throw new IllegalStateException(failure);
        }
    }

    @Override
    public void close() {
        letGo();
    }

    void letGo() {
        try {
            connection.close();
        } catch (SQLException failure) {
            throw new IllegalStateException(failure);
        }
    }
}
