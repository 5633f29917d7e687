package io.skerry.gateway;

import io.skerry.shared.net.IpText;
import io.skerry.shared.problem.Code;
import io.skerry.shared.problem.Problem;
import io.vertx.core.MultiMap;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Keeps web pages out: a browser on this machine can reach a loopback address, and any page it
/// shows can make it send requests there.
///
/// Two doors are shut. A request with an `Origin` other than the API itself comes from a foreign
/// page (an import is a simple request, which browsers send without asking first). A request to a
/// loopback API whose `Host` is no loopback name comes from a page whose name was made to resolve
/// to this machine.
final class WebPageGuard {
    private static final Pattern AUTHORITY =
            Pattern.compile("(\\[[0-9A-Fa-f:.]+]|[^\\s:@/?#\\[\\]]+)(:[0-9]{1,5})?");
    private static final Pattern ORIGIN = Pattern.compile("(https?)://(\\S+)");

    private final boolean loopback;

    /// @param loopback whether the API listens on a loopback address
    WebPageGuard(boolean loopback) {
        this.loopback = loopback;
    }

    /// Why a request with these headers is refused; empty where it is not.
    Optional<Problem> refusal(MultiMap headers) {
        List<String> hosts = headers.getAll("Host");
        String host = hosts.size() == 1 ? hosts.get(0) : "";
        if (loopback && !isLoopback(host)) {
            return forbidden(
                    "Host",
                    "this API listens on loopback and answers to localhost, 127.0.0.1 and [::1]"
                            + " only");
        }
        for (String origin : headers.getAll("Origin")) {
            if (!isOwn(origin, host)) {
                return forbidden("Origin", "requests of other web pages are refused");
            }
        }
        return Optional.empty();
    }

    private static boolean isLoopback(String host) {
        Matcher parts = AUTHORITY.matcher(host);
        if (!parts.matches()) {
            return false;
        }
        String name = parts.group(1);
        return name.equalsIgnoreCase("localhost")
                || IpText.parse(name).filter(a -> a.isLoopbackAddress()).isPresent();
    }

    private static boolean isOwn(String origin, String host) {
        Matcher parts = ORIGIN.matcher(origin.toLowerCase(Locale.ROOT));
        if (!parts.matches() || host.isEmpty()) {
            return false;
        }
        String port = parts.group(1).equals("http") ? ":80" : ":443";
        return withPort(parts.group(2), port).equals(withPort(host.toLowerCase(Locale.ROOT), port));
    }

    /// The authority with its port, where that is left out because it is the scheme's.
    private static String withPort(String authority, String port) {
        Matcher parts = AUTHORITY.matcher(authority);
        return parts.matches() && parts.group(2) == null ? authority + port : authority;
    }

    private static Optional<Problem> forbidden(String field, String message) {
        return Optional.of(Problem.of(field, Code.FORBIDDEN, message));
    }
}
