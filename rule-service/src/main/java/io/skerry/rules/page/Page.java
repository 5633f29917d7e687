package io.skerry.rules.page;

import io.skerry.shared.bus.RuleRequest;
import io.skerry.shared.input.Nearest;
import io.skerry.shared.problem.Code;
import io.skerry.shared.problem.Mistakes;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/// Which part of a list a caller wants.
///
/// @param offset items to leave out, from 0
/// @param limit items at most, 1 to 1000, default 20
public record Page(int offset, int limit) {
    public static final int LIMIT_DEFAULT = 20;
    public static final int LIMIT_MAX = 1_000;

    /// Reads `offset` and `limit`; arguments that are neither these nor `known` are mistakes.
    public static Page read(RuleRequest request, Mistakes mistakes, String... known) {
        List<String> names = new ArrayList<>(List.of(known));
        names.addAll(List.of("offset", "limit"));
        for (String given : request.args().keySet()) {
            if (!names.contains(given)) {
                mistakes.add(
                        given,
                        Code.UNKNOWN_FIELD,
                        Nearest.of(given, names)
                                .map(near -> "unknown parameter; did you mean '" + near + "'?")
                                .orElse("unknown parameter; known are " + names));
            }
        }
        int offset = number(request, "offset", 0, 0, Integer.MAX_VALUE, mistakes);
        int limit = number(request, "limit", LIMIT_DEFAULT, 1, LIMIT_MAX, mistakes);
        return new Page(offset, limit);
    }

    /// A whole number among the arguments.
    public static int number(
            RuleRequest request, String name, int fallback, int min, int max, Mistakes mistakes) {
        String text = request.args().get(name);
        if (text == null) {
            return fallback;
        }
        if (!text.matches("-?[0-9]{1,18}")) {
            mistakes.add(name, Code.BAD_FORMAT, "must be a whole number");
            return fallback;
        }
        long value = Long.parseLong(text);
        if (value < min || value > max) {
            mistakes.add(name, Code.OUT_OF_RANGE, "must be " + min + " to " + max);
            return fallback;
        }
        return (int) value;
    }

    /// The answer of a list.
    public static <T> JsonObject print(
            long total, List<T> items, Function<T, JsonObject> printItem) {
        JsonArray array = new JsonArray();
        items.forEach(item -> array.add(printItem.apply(item)));
        return new JsonObject().put("total", total).put("items", array);
    }
}
