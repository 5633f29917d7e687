package io.skerry.standalone.postgres;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Properties;

/// How to reach the server on loopback, as its only role.
///
/// @param port on 127.0.0.1
/// @param password of {@link DatabaseFolder#NAME}
record Login(int port, String password) {
    private static final String WRONG_PASSWORD = "28P01";

    /// The address for SQL clients; holds the password, which needs no escaping.
    String uri() {
        String name = DatabaseFolder.NAME;
        return "postgresql://" + name + ":" + password + "@127.0.0.1:" + port + "/" + name;
    }

    /// Whether the server takes connections; waits at most a few seconds.
    ///
    /// @throws SQLException when it never will, because the password is another one
    boolean works() throws SQLException {
        try (Connection _ = open("postgres")) {
            return true;
        } catch (SQLException notYet) {
            if (WRONG_PASSWORD.equals(notYet.getSQLState())) {
                throw notYet;
            }
            return false;
        }
    }

    /// Makes the database of the product, if it is not there yet.
    void createDatabase() throws SQLException {
        String name = DatabaseFolder.NAME;
        try (Connection connection = open("postgres");
                Statement statement = connection.createStatement()) {
            String find = "SELECT 1 FROM pg_database WHERE datname = '" + name + "'";
            boolean there;
            try (ResultSet found = statement.executeQuery(find)) {
                there = found.next();
            }
            if (!there) {
                statement.execute("CREATE DATABASE " + name);
            }
        }
    }

    private Connection open(String database) throws SQLException {
        Properties properties = new Properties();
        properties.put("user", DatabaseFolder.NAME);
        properties.put("password", password);
        properties.put("sslmode", "disable");
        properties.put("gssEncMode", "disable");
        properties.put("connectTimeout", "2");
        properties.put("socketTimeout", "20");
        String url = "jdbc:postgresql://127.0.0.1:" + port + "/" + database;
        return DriverManager.getConnection(url, properties);
    }

    /// Hides the password.
    @Override
    public String toString() {
        return "127.0.0.1:" + port;
    }
}
