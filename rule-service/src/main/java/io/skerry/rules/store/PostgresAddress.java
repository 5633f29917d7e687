package io.skerry.rules.store;

import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/// Where PostgreSQL is, and who we are there: `postgresql://user:password@host:port/database`.
///
/// @param host name or address; IPv6 without brackets
/// @param port 1 to 65535, default 5432
/// @param database name of the database
/// @param user role
/// @param password its password; may be empty
public record PostgresAddress(
        String host, int port, String database, String user, String password) {
    private static final int PORT_DEFAULT = 5432;

    /// Reads the URI form; parts may be percent-encoded. Empty where it is none.
    public static Optional<PostgresAddress> parse(String text) {
        URI uri;
        try {
            uri = new URI(text);
        } catch (URISyntaxException notOne) {
            return Optional.empty();
        }
        String scheme = uri.getScheme();
        String userInfo = uri.getRawUserInfo();
        String path = uri.getRawPath();
        boolean known = "postgresql".equals(scheme) || "postgres".equals(scheme);
        if (!known || uri.getHost() == null || userInfo == null || path == null) {
            return Optional.empty();
        }
        int colon = userInfo.indexOf(':');
        String user = decode(colon < 0 ? userInfo : userInfo.substring(0, colon));
        String password = colon < 0 ? "" : decode(userInfo.substring(colon + 1));
        String database = path.length() > 1 ? decode(path.substring(1)) : user;
        if (user.isEmpty() || database.contains("/") || uri.getRawQuery() != null) {
            return Optional.empty();
        }
        String host = uri.getHost();
        boolean bracketed = host.startsWith("[") && host.endsWith("]");
        return Optional.of(
                new PostgresAddress(
                        bracketed ? host.substring(1, host.length() - 1) : host,
                        uri.getPort() < 0 ? PORT_DEFAULT : uri.getPort(),
                        database,
                        user,
                        password));
    }

    private static String decode(String part) {
        return URLDecoder.decode(part.replace("+", "%2B"), StandardCharsets.UTF_8);
    }

    /// Where it is, as JDBC writes it; without user and password.
    String jdbcUrl() {
        String bracketed = host.indexOf(':') < 0 ? host : "[" + host + "]";
        return "jdbc:postgresql://" + bracketed + ":" + port + "/" + database;
    }

    /// Without the password.
    @Override
    public String toString() {
        return "postgresql://" + user + "@" + host + ":" + port + "/" + database;
    }
}
