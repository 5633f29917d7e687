package io.skerry.shared.origin;

import java.util.OptionalInt;
import java.util.regex.Pattern;

/// How a node finds out whether an origin of a group answers.
///
/// @param type what is tried
/// @param port port to try, 1 to 65535; empty: the origin port of the rule
/// @param intervalSeconds time between checks, 1 to 60, default 1
/// @param timeoutSeconds time to wait for an answer, 1 to 60, default 1
/// @param failures failed checks in a row that make an origin down, 1 to 10, default 2
/// @param successes good checks in a row that make it up again, 1 to 10, default 2
/// @param send UDP: payload to send, in hexadecimal, 0 to 512 bytes; empty: the word `skerry`
/// @param expect UDP: what an answer must begin with, in hexadecimal, 0 to 512 bytes; empty: any
///   answer is good
public record HealthCheck(
        Type type,
        OptionalInt port,
        int intervalSeconds,
        int timeoutSeconds,
        int failures,
        int successes,
        String send,
        String expect) {
    /// What is tried.
    public enum Type {
        /// No checks: failed connections alone tell.
        NONE,
        /// A connection is opened and closed.
        TCP,
        /// A datagram is sent and any answer is awaited.
        UDP
    }

    public static final int SECONDS_MAX = 60;
    public static final int COUNT_MAX = 10;

    /// Most bytes to send or to expect.
    public static final int BYTES_MAX = 512;

    private static final Pattern BYTES = Pattern.compile("([0-9a-f]{2}){0," + BYTES_MAX + "}");

    public static final HealthCheck DEFAULT =
            new HealthCheck(Type.TCP, OptionalInt.empty(), 1, 1, 2, 2, "", "");

    public HealthCheck {
        if (intervalSeconds < 1
                || intervalSeconds > SECONDS_MAX
                || timeoutSeconds < 1
                || timeoutSeconds > SECONDS_MAX
                || failures < 1
                || failures > COUNT_MAX
                || successes < 1
                || successes > COUNT_MAX
                || !isBytes(send)
                || !isBytes(expect)) {
            throw new IllegalArgumentException("health check out of range");
        }
    }

    /// Whether a text is bytes in hexadecimal (lower case) and not too many.
    public static boolean isBytes(String text) {
        return BYTES.matcher(text).matches();
    }
}
