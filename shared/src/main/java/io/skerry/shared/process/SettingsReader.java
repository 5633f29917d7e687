package io.skerry.shared.process;

import io.skerry.shared.input.Nearest;
import io.skerry.shared.net.HostPort;
import io.skerry.shared.problem.Code;
import io.skerry.shared.problem.Mistake;
import io.skerry.shared.problem.Mistakes;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Typed, ranged look-ups of settings: collects every mistake, so that a person gets all of them at
/// once. Read everything, then call {@link #finish()}.
public final class SettingsReader {
    private static final Logger log = LoggerFactory.getLogger(SettingsReader.class);
    private static final Pattern DURATION = Pattern.compile("(\\d{1,9})(ms|s|m|h|d)");

    /// Settings of other processes of a deployment, which may share one environment, and what the
    /// launcher reads itself.
    private static final Set<String> ELSEWHERE =
            Set.of(
                    "POSTGRES",
                    "RULES_BIND",
                    "RULES",
                    "NODE_TOKEN",
                    "CLUSTER_BIND",
                    "BUS_BIND",
                    "BUS_TLS_KEY",
                    "BUS_TLS_CERTIFICATE",
                    "BUS_TLS_CA",
                    "CLUSTER_MEMBERS",
                    "CLUSTER_INSECURE",
                    "API",
                    "API_INSECURE",
                    "NODE",
                    "AREA",
                    "LISTEN",
                    "SLOTS",
                    "DATA",
                    "ADMIN",
                    "ACCESS_DOMAIN",
                    "INSTANCE_QUOTA",
                    "EDGEONE_CONFLICTS",
                    "LOG",
                    "JAVA_OPTS");

    private final Map<String, Settings.Value> values;
    private final Map<String, Mistake> unreadable;
    private final Mistakes mistakes;
    private final Set<String> known;
    private final Map<String, String> effective;

    SettingsReader(Settings.Found found) {
        this(found, new Mistakes(), new TreeSet<>(), new LinkedHashMap<>());
        unreadable
                .values()
                .forEach(each -> mistakes.add(each.field(), each.code(), each.message()));
    }

    private SettingsReader(
            Settings.Found found,
            Mistakes mistakes,
            Set<String> known,
            Map<String, String> effective) {
        this.values = found.values();
        this.unreadable = found.unreadable();
        this.mistakes = mistakes;
        this.known = known;
        this.effective = effective;
    }

    /// The same settings with some fixed, for a service inside a larger process. Mistakes and known
    /// keys are shared: finish either after everything was read.
    public SettingsReader with(Map<String, String> fixed) {
        Map<String, Settings.Value> merged = new LinkedHashMap<>(values);
        fixed.forEach((key, text) ->
                merged.put(Settings.canonical(key), new Settings.Value(text, "fixed", key)));
        return new SettingsReader(
                new Settings.Found(merged, unreadable), mistakes, known, effective);
    }

    /// Settings given directly, for tests and for services inside one process.
    public static SettingsReader of(Map<String, String> keyToValue) {
        Map<String, Settings.Value> values = new LinkedHashMap<>();
        keyToValue.forEach((key, text) ->
                values.put(Settings.canonical(key), new Settings.Value(text, "given", key)));
        return new SettingsReader(new Settings.Found(values, Map.of()));
    }

    /// The value; an empty one counts as not given.
    private Settings.@Nullable Value find(String key) {
        known.add(key);
        Settings.Value value = values.get(Settings.canonical(key));
        return value == null || value.text().isEmpty() ? null : value;
    }

    private void note(String key, String shown) {
        Settings.Value value = values.get(Settings.canonical(key));
        effective.put(key, shown + (value == null ? "" : " (" + value.source() + ")"));
    }

    public String string(String key, String fallback) {
        String text = optional(key).orElse(fallback);
        note(key, text);
        return text;
    }

    /// The value, where one is given and not empty.
    public Optional<String> optional(String key) {
        Settings.Value value = find(key);
        note(key, value == null ? "" : value.text());
        return Optional.ofNullable(value).map(Settings.Value::text);
    }

    /// A value that is never shown; a missing one without a fallback is a mistake.
    public String secret(String key, @Nullable String fallback) {
        Settings.Value value = find(key);
        note(key, "***");
        if (value != null) {
            return value.text();
        }
        if (fallback != null) {
            return fallback;
        }
        String name = Settings.canonical(key);
        if (!unreadable.containsKey(name)) {
            mistakes.add(
                    key,
                    Code.MISSING,
                    "must be given, as SKERRY_"
                            + name
                            + " or in a file, as SKERRY_"
                            + name
                            + "_FILE");
        }
        return "";
    }

    /// A literal address and a port, such as `127.0.0.1:8080` or `[::1]:0`.
    public HostPort hostPort(String key, String fallback) {
        String text = string(key, fallback);
        Optional<HostPort> parsed = HostPort.parse(text);
        if (parsed.isEmpty()) {
            mistakes.add(
                    key,
                    Code.BAD_FORMAT,
                    "'" + text + "' must be address:port, such as 127.0.0.1:8080 or [::1]:0");
        }
        return parsed.or(() -> HostPort.parse(fallback)).orElseThrow();
    }

    /// A whole number from `min` to `max`, both included.
    public int integer(String key, int fallback, int min, int max) {
        Settings.Value value = find(key);
        note(key, value == null ? Integer.toString(fallback) : value.text());
        if (value == null) {
            return fallback;
        }
        try {
            int number = Integer.parseInt(value.text().strip());
            if (number >= min && number <= max) {
                return number;
            }
        } catch (NumberFormatException notANumber) {
            // Reported below with the range.
        }
        mistakes.add(
                key,
                Code.OUT_OF_RANGE,
                "'" + value.text() + "' must be a whole number from " + min + " to " + max);
        return fallback;
    }

    /// A time with its unit, such as `500ms`, `5s`, `2m`, `1h`, `90d`; a bare number is seconds.
    public Duration duration(String key, Duration fallback, Duration min, Duration max) {
        Settings.Value value = find(key);
        note(key, value == null ? print(fallback) : value.text());
        if (value == null) {
            return fallback;
        }
        Optional<Duration> parsed = parseDuration(value.text().strip());
        if (parsed.isPresent()
                && parsed.get().compareTo(min) >= 0
                && parsed.get().compareTo(max) <= 0) {
            return parsed.get();
        }
        mistakes.add(
                key,
                Code.OUT_OF_RANGE,
                "'"
                        + value.text()
                        + "' must be a time from "
                        + print(min)
                        + " to "
                        + print(max)
                        + ", such as 500ms or 5s");
        return fallback;
    }

    private static Optional<Duration> parseDuration(String text) {
        Matcher matcher = DURATION.matcher(text.matches("\\d{1,9}") ? text + "s" : text);
        if (!matcher.matches()) {
            return Optional.empty();
        }
        long number = Long.parseLong(matcher.group(1));
        return Optional.of(
                switch (matcher.group(2)) {
                    case "ms" -> Duration.ofMillis(number);
                    case "s" -> Duration.ofSeconds(number);
                    case "m" -> Duration.ofMinutes(number);
                    case "h" -> Duration.ofHours(number);
                    default -> Duration.ofDays(number);
                });
    }

    private static String print(Duration duration) {
        return duration.toMillis() % 1000 == 0
                ? duration.toSeconds() + "s"
                : duration.toMillis() + "ms";
    }

    /// `true`, `on`, `yes` or `1`; `false`, `off`, `no` or `0`.
    public boolean flag(String key, boolean fallback) {
        String text = string(key, Boolean.toString(fallback)).toLowerCase(Locale.ROOT);
        return switch (text) {
            case "true", "on", "yes", "1" -> true;
            case "false", "off", "no", "0" -> false;
            default -> {
                mistakes.add(key, Code.NOT_ALLOWED, "'" + text + "' must be true or false");
                yield fallback;
            }
        };
    }

    /// One of an enum's constants, in lower case.
    public <E extends Enum<E>> E oneOf(String key, Class<E> type, E fallback) {
        String text = string(key, fallback.name().toLowerCase(Locale.ROOT));
        for (E constant : type.getEnumConstants()) {
            if (constant.name().toLowerCase(Locale.ROOT).equals(text)) {
                return constant;
            }
        }
        mistakes.add(
                key,
                Code.NOT_ALLOWED,
                "'"
                        + text
                        + "' must be one of "
                        + Arrays.stream(type.getEnumConstants())
                                .map(each -> each.name().toLowerCase(Locale.ROOT))
                                .collect(Collectors.joining(", ")));
        return fallback;
    }

    /// Items separated by commas; empty items are left out.
    public List<String> list(String key, String fallback) {
        return Arrays.stream(string(key, fallback).split(",", -1))
                .map(String::strip)
                .filter(item -> !item.isEmpty())
                .toList();
    }

    public void mistake(String key, Code code, String message) {
        mistakes.add(key, code, message);
    }

    /// Throws all mistakes as one problem, unknown settings included; else logs what is in force.
    public void finish() {
        Set<String> canonical = known.stream().map(Settings::canonical).collect(Collectors.toSet());
        values.forEach((name, value) -> {
            boolean foreign = value.source().equals("environment") && ELSEWHERE.contains(name);
            if (!canonical.contains(name) && !foreign) {
                mistakes.add(value.shown(), Code.UNKNOWN_FIELD, unknown(value.shown()));
            }
        });
        mistakes.throwIfAny();
        effective.forEach((key, shown) -> log.debug("setting {} = {}", key, shown));
    }

    private String unknown(String shown) {
        String prefix = shown.startsWith("--") ? "--" : "";
        Set<String> names =
                shown.startsWith("SKERRY_")
                        ? known.stream()
                                .map(each -> "SKERRY_" + Settings.canonical(each))
                                .collect(Collectors.toCollection(TreeSet::new))
                        : known.stream()
                                .map(each -> prefix + each)
                                .collect(Collectors.toCollection(TreeSet::new));
        return Nearest.of(shown, names)
                .map(near -> "unknown setting; did you mean '" + near + "'?")
                .orElse("unknown setting; known are " + String.join(", ", names));
    }
}
