package io.skerry.edge.tcp;

import io.netty.channel.ConnectTimeoutException;
import io.skerry.edge.session.EndReason;
import io.skerry.edge.socket.SystemCalls;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// What a failed attempt to connect, or to open a socket, means for the session.
final class ConnectFailure {
    private ConnectFailure() {}

    static EndReason reason(@Nullable Throwable cause) {
        if (isOutOfDescriptors(cause)) {
            return EndReason.DESCRIPTORS;
        }
        String text = message(cause);
        return switch (cause) {
            case ConnectTimeoutException timeout -> EndReason.ORIGIN_TIMEOUT;
            case NoRouteToHostException noRoute -> EndReason.ORIGIN_UNREACHABLE;
            case ConnectException failed when text.contains("refused") -> EndReason.ORIGIN_REFUSED;
            case ConnectException failed when text.contains("timed out") ->
                    EndReason.ORIGIN_TIMEOUT;
            // A peer that resets while we connect says no as well.
            case java.io.IOException failed when text.contains("reset") -> EndReason.ORIGIN_REFUSED;
            case null, default -> EndReason.ORIGIN_UNREACHABLE;
        };
    }

    /// @param errno the error number of `connect`
    static EndReason reason(int errno) {
        return switch (errno) {
            // A peer that resets while we connect says no as well.
            case SystemCalls.ECONNREFUSED, SystemCalls.ECONNRESET -> EndReason.ORIGIN_REFUSED;
            case SystemCalls.ETIMEDOUT -> EndReason.ORIGIN_TIMEOUT;
            case SystemCalls.EMFILE, SystemCalls.ENFILE -> EndReason.DESCRIPTORS;
            default -> EndReason.ORIGIN_UNREACHABLE;
        };
    }

    /// EMFILE or ENFILE, however deep it is wrapped.
    static boolean isOutOfDescriptors(@Nullable Throwable cause) {
        for (Throwable each = cause; each != null; each = each.getCause()) {
            if (message(each).contains("too many open files")) {
                return true;
            }
        }
        return false;
    }

    private static String message(@Nullable Throwable cause) {
        String message = cause == null ? null : cause.getMessage();
        return message == null ? "" : message.toLowerCase(Locale.ROOT);
    }
}
