package io.skerry.rules.store;

import java.sql.SQLException;
import java.time.Duration;
import java.util.Map;
import java.util.Properties;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.postgresql.ds.PGSimpleDataSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Brings the tables to the form this program knows; several replicas may try at once. Blocks.
final class Migrations {
    private static final Logger log = LoggerFactory.getLogger(Migrations.class);
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(5);

    private Migrations() {}

    static void run(PostgresAddress address) {
        PGSimpleDataSource source = new PGSimpleDataSource();
        source.setUrl(address.jdbcUrl());
        source.setUser(address.user());
        source.setPassword(address.password());
        source.setConnectTimeout((int) CONNECT_TIMEOUT.toSeconds());
        source.setApplicationName("skerry-migrations");
        Properties none = new Properties();
        Flyway flyway =
                Flyway.configure(Migrations.class.getClassLoader())
                        .configuration(Map.of("flyway.postgresql.transactional.lock", "true"))
                        .configuration(none)
                        .dataSource(source)
                        .locations("classpath:db/migration")
                        .load();
        int applied = flyway.migrate().migrationsExecuted;
        if (applied > 0) {
            log.info("database {}: {} migrations applied", address, applied);
        }
    }

    /// Whether it makes sense to try again: the server could not be reached or is starting.
    static boolean isPassing(Throwable failure) {
        for (Throwable each = failure; each != null; each = each.getCause()) {
            if (each instanceof SQLException sql && sql.getSQLState() != null) {
                String state = sql.getSQLState();
                return state.startsWith("08") || state.startsWith("57") || state.startsWith("53");
            }
        }
        return !(failure instanceof FlywayException);
    }
}
