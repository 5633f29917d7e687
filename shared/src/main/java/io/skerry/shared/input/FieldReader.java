package io.skerry.shared.input;

import io.skerry.shared.problem.Code;
import io.skerry.shared.problem.Mistake;
import io.skerry.shared.problem.Mistakes;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Typed, ranged look-ups in a JSON object from a person: collects every mistake and refuses
/// unknown fields.
///
/// A look-up that finds a mistake notes it and answers the fallback, so that reading goes on and
/// all mistakes are found. Call {@link #mistakes()} last: it also reports the fields nobody asked
/// for. JSON `null` counts as not given.
public final class FieldReader {
    private final JsonObject fields;
    private final Mistakes mistakes = new Mistakes();
    private final Set<String> known = new LinkedHashSet<>();

    public FieldReader(JsonObject fields) {
        this.fields = fields;
    }

    /// Whether the field is given and not `null`.
    public boolean has(String name) {
        known.add(name);
        return fields.getValue(name) != null;
    }

    /// Names a field that is read elsewhere or may be ignored.
    public void allow(String... names) {
        known.addAll(Arrays.asList(names));
    }

    public void mistake(String field, Code code, String message) {
        mistakes.add(field, code, message);
    }

    public void mistakes(String prefix, List<Mistake> found) {
        mistakes.addAll(prefix, found);
    }

    /// Everything that is wrong, unknown fields included.
    public List<Mistake> mistakes() {
        Mistakes all = new Mistakes();
        all.addAll("", mistakes.list());
        for (String name : fields.fieldNames()) {
            if (!known.contains(name)) {
                all.add(name, Code.UNKNOWN_FIELD, unknown(name));
            }
        }
        return all.list();
    }

    /// Everything that is wrong with the fields that were asked for. For what a peer of ours sent:
    /// fields that nobody asked for are a newer peer's.
    public List<Mistake> mistakesOfKnown() {
        return mistakes.list();
    }

    private String unknown(String name) {
        return Nearest.of(name, known)
                .map(near -> "unknown field; did you mean '" + near + "'?")
                .orElse("unknown field; known are " + String.join(", ", known));
    }

    /// Notes that a field is missing, unless it is given.
    public boolean require(String name) {
        if (has(name)) {
            return true;
        }
        mistakes.add(name, Code.MISSING, "must be given");
        return false;
    }

    public @Nullable String string(String name, @Nullable String fallback) {
        known.add(name);
        return switch (fields.getValue(name)) {
            case null -> fallback;
            case String text -> text;
            default -> wrongType(name, "a string", fallback);
        };
    }

    /// A text that `parse` understands; `form` completes the sentence "must be …".
    public <T> @Nullable T parsed(
            String name, Function<String, Optional<T>> parse, String form, @Nullable T fallback) {
        String text = string(name, null);
        if (text == null) {
            return fallback;
        }
        Optional<T> value = parse.apply(text);
        if (value.isEmpty()) {
            mistakes.add(name, Code.BAD_FORMAT, "must be " + form);
            return fallback;
        }
        return value.get();
    }

    public boolean bool(String name, boolean fallback) {
        known.add(name);
        return switch (fields.getValue(name)) {
            case null -> fallback;
            case Boolean value -> value;
            default -> {
                mistakes.add(name, Code.WRONG_TYPE, "must be true or false");
                yield fallback;
            }
        };
    }

    /// A whole number from `min` to `max`, both included.
    public int integer(String name, int fallback, int min, int max) {
        Integer value = integerOrNull(name, min, max);
        return value == null ? fallback : value;
    }

    /// A whole number from `min` to `max`, both included; `null` where it is not given or wrong.
    public @Nullable Integer integerOrNull(String name, int min, int max) {
        Long value = longOrNull(name, min, max);
        return value == null ? null : value.intValue();
    }

    /// A whole number from `min` to `max`, both included and at most 2⁵³; `null` where it is not
    /// given or wrong.
    public @Nullable Long longOrNull(String name, long min, long max) {
        known.add(name);
        Object value = fields.getValue(name);
        if (value == null) {
            return null;
        }
        if (!(value instanceof Number number)
                || number.doubleValue() != Math.rint(number.doubleValue())) {
            mistakes.add(name, Code.WRONG_TYPE, "must be a whole number");
            return null;
        }
        if (number.doubleValue() < min || number.doubleValue() > max) {
            mistakes.add(name, Code.OUT_OF_RANGE, "must be " + min + " to " + max);
            return null;
        }
        return number.longValue();
    }

    /// One of the constants of an enum. `exact` says that the words are upper case as in the enum;
    /// otherwise they are its names in lower case.
    public <E extends Enum<E>> @Nullable E oneOf(
            String name, Class<E> type, boolean exact, @Nullable E fallback) {
        String text = string(name, null);
        if (text == null) {
            return fallback;
        }
        E[] constants = type.getEnumConstants();
        for (E constant : constants) {
            if (word(constant, exact).equals(text)) {
                return constant;
            }
        }
        String words =
                Arrays.stream(constants).map(c -> word(c, exact)).collect(Collectors.joining(", "));
        mistakes.add(name, Code.NOT_ALLOWED, "must be one of " + words);
        return fallback;
    }

    private static String word(Enum<?> constant, boolean exact) {
        return exact ? constant.name() : constant.name().toLowerCase(Locale.ROOT);
    }

    public @Nullable JsonObject object(String name) {
        known.add(name);
        return switch (fields.getValue(name)) {
            case null -> null;
            case JsonObject object -> object;
            default -> wrongType(name, "an object", null);
        };
    }

    public @Nullable JsonArray array(String name) {
        known.add(name);
        return switch (fields.getValue(name)) {
            case null -> null;
            case JsonArray array -> array;
            default -> wrongType(name, "an array", null);
        };
    }

    private <T> @Nullable T wrongType(String name, String expected, @Nullable T fallback) {
        mistakes.add(name, Code.WRONG_TYPE, "must be " + expected);
        return fallback;
    }
}
