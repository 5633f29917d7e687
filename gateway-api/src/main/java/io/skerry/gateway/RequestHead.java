package io.skerry.gateway;

import io.skerry.shared.bus.Operation;
import io.skerry.shared.input.Nearest;
import io.skerry.shared.problem.Code;
import io.skerry.shared.problem.Mistakes;
import io.skerry.shared.problem.Problem;
import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.RoutingContext;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// What a request says before its body: names in the path, query parameters, conditions.
final class RequestHead {
    /// Characters of an `Idempotency-Key`: 1 to 200, printable ASCII.
    private static final Pattern KEY = Pattern.compile("[\\x20-\\x7e]{1,200}");

    private static final Pattern TAG = Pattern.compile("\"?([0-9]{1,18})\"?");

    /// The conditions of a write.
    ///
    /// @param idempotencyKey names the request, so that repeating it does nothing twice
    /// @param ifMatch the revision the caller saw
    record Conditions(@Nullable String idempotencyKey, @Nullable String ifMatch) {}

    private RequestHead() {}

    /// The names in the path. One with a control character in it names nothing.
    static Map<String, String> names(RoutingContext context) {
        Map<String, String> names = context.pathParams();
        if (names.values().stream().anyMatch(RequestHead::hasControl)) {
            throw Problem.of(Code.NOT_FOUND, "no such object").toException();
        }
        return names;
    }

    /// The query parameters, each known to {@link #checkQuery} and given once.
    static Map<String, String> query(RoutingContext context) {
        Map<String, String> query = new TreeMap<>();
        context.queryParams().forEach(each -> query.put(each.getKey(), each.getValue()));
        return query;
    }

    /// Refuses parameters that are not known, given twice, or hold a control character.
    static void checkQuery(RoutingContext context, Set<String> known) {
        MultiMap query = context.queryParams();
        Mistakes mistakes = new Mistakes();
        for (String name : query.names()) {
            List<String> values = query.getAll(name);
            if (!known.contains(name)) {
                mistakes.add(name, Code.UNKNOWN_FIELD, unknown(name, known));
            } else if (values.size() > 1) {
                mistakes.add(name, Code.NOT_ALLOWED, "stands in the query more than once");
            } else if (hasControl(values.get(0))) {
                mistakes.add(name, Code.BAD_FORMAT, "holds a control character");
            }
        }
        mistakes.throwIfAny();
    }

    private static String unknown(String name, Set<String> known) {
        if (known.isEmpty()) {
            return "unknown parameter; the call takes none";
        }
        return Nearest.of(name, known)
                .map(near -> "unknown parameter; did you mean '" + near + "'?")
                .orElse(
                        "unknown parameter; known are "
                                + String.join(", ", known.stream().sorted().toList()));
    }

    /// `Idempotency-Key` and `If-Match` of a write; a read has neither.
    static Conditions conditions(HttpServerRequest request, Operation operation) {
        if (!operation.isWrite()) {
            return new Conditions(null, null);
        }
        Mistakes mistakes = new Mistakes();
        String key = single(request, "Idempotency-Key", mistakes);
        if (key != null && !KEY.matcher(key).matches()) {
            mistakes.add(
                    "Idempotency-Key",
                    Code.BAD_FORMAT,
                    "must be 1 to 200 printable ASCII characters");
        }
        String ifMatch = single(request, "If-Match", mistakes);
        String revision = null;
        if (ifMatch != null && !ifMatch.equals("*")) {
            var tag = TAG.matcher(ifMatch);
            if (tag.matches()) {
                revision = tag.group(1);
            } else {
                mistakes.add(
                        "If-Match",
                        Code.BAD_FORMAT,
                        "must be one ETag of this API, such as \"17\"");
            }
        }
        mistakes.throwIfAny();
        return new Conditions(key, revision);
    }

    private static @Nullable String single(
            HttpServerRequest request, String header, Mistakes mistakes) {
        List<String> values = request.headers().getAll(header);
        if (values.size() > 1) {
            mistakes.add(header, Code.NOT_ALLOWED, "stands in the request more than once");
        }
        return values.isEmpty() ? null : values.get(0);
    }

    private static boolean hasControl(String text) {
        return text.chars().anyMatch(Character::isISOControl);
    }
}
