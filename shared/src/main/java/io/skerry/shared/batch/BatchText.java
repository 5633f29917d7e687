package io.skerry.shared.batch;

import io.skerry.shared.net.PortRange;
import io.skerry.shared.origin.OriginAddress;
import io.skerry.shared.problem.Checked;
import io.skerry.shared.problem.Code;
import io.skerry.shared.problem.Mistake;
import io.skerry.shared.problem.Mistakes;
import io.skerry.shared.rule.OriginRef;
import io.skerry.shared.rule.RuleJson;
import io.skerry.shared.rule.RuleReader;
import io.skerry.shared.rule.RuleSpec;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// The manual's batch text: one rule a line.
///
/// ```
/// tcp:123;8000-8010 test.origin.com 456 on ppv1 any tag
/// ```
///
/// Fields are parted by spaces or tabs; keywords are read without regard to case, names and tags
/// are not changed; the tag is the rest of the line; blank lines, CRLF and a byte order mark are
/// accepted; the whole text is refused when any line is.
public final class BatchText {
    public static final int LINES_MAX = 2_000;

    private static final Pattern GAP = Pattern.compile("[ \t]+");

    /// A rule and the line it stands on.
    ///
    /// @param number line number, from 1
    public record Line(int number, RuleSpec spec) {
        /// The path under which mistakes of the line are reported.
        public String field() {
            return "line " + number;
        }
    }

    private BatchText() {}

    /// What a text holds: the lines that say a rule, and everything wrong with the others, each
    /// under `line N`.
    public record Content(List<Line> lines, List<Mistake> mistakes) {
        public Content {
            lines = List.copyOf(lines);
            mistakes = List.copyOf(mistakes);
        }
    }

    /// Reads a whole text; every mistake is reported under `line N`.
    public static Checked<List<Line>> parse(String text) {
        Content read = read(text);
        return read.mistakes().isEmpty()
                ? new Checked.Ok<>(read.lines())
                : new Checked.Refused<>(read.mistakes());
    }

    /// Reads what can be read of a text.
    public static Content read(String text) {
        String[] rows = (text.startsWith("\ufeff") ? text.substring(1) : text).split("\n", -1);
        List<Line> lines = new ArrayList<>();
        Mistakes mistakes = new Mistakes();
        int rules = 0;
        for (int i = 0; i < rows.length; i++) {
            String row =
                    rows[i].endsWith("\r") ? rows[i].substring(0, rows[i].length() - 1) : rows[i];
            if (row.isBlank()) {
                continue;
            }
            if (++rules > LINES_MAX) {
                mistakes.add(
                        "line " + (i + 1),
                        Code.TOO_MANY,
                        "a text holds at most " + LINES_MAX + " rules");
                break;
            }
            readLine(i + 1, row.strip(), lines, mistakes);
        }
        if (rules == 0) {
            mistakes.add("", Code.MISSING, "the text holds no rule");
        }
        return new Content(lines, mistakes.list());
    }

    private static void readLine(int number, String row, List<Line> lines, Mistakes mistakes) {
        String[] parts = GAP.split(row, 6);
        String field = "line " + number;
        if (parts.length < 5) {
            mistakes.add(
                    field,
                    Code.BAD_FORMAT,
                    "must be 'protocol:ports origin origin-port on|off mode [tag]', such as"
                            + " 'tcp:123 test.origin.com 456 on ppv1'");
            return;
        }
        int colon = parts[0].indexOf(':');
        if (colon < 0) {
            mistakes.add(
                    field, Code.BAD_FORMAT, "must begin with protocol and ports, such as tcp:123");
            return;
        }
        JsonObject body =
                new JsonObject()
                        .put("protocol", parts[0].substring(0, colon).toUpperCase(Locale.ROOT))
                        .put("ports", ports(parts[0].substring(colon + 1)))
                        .put("origin", origin(parts[1]))
                        .put("originPort", parts[2])
                        .put("clientIp", parts[4].toLowerCase(Locale.ROOT))
                        .put("tag", parts.length > 5 ? parts[5] : "");
        String persistence = parts[3].toLowerCase(Locale.ROOT);
        boolean known = persistence.equals("on") || persistence.equals("off");
        if (!known) {
            mistakes.add(field, Code.NOT_ALLOWED, "session persistence must be one of on, off");
        }
        body.put("sessionPersistence", persistence.equals("on"));
        switch (RuleReader.read(body)) {
            case Checked.Ok<RuleSpec>(RuleSpec spec) -> {
                if (known) {
                    lines.add(new Line(number, spec));
                }
            }
            case Checked.Refused<RuleSpec>(List<Mistake> found) ->
                    found.forEach(each ->
                            mistakes.add(field, each.code(), each.field() + ": " + each.message()));
        }
    }

    private static JsonArray ports(String text) {
        JsonArray ports = new JsonArray();
        for (String item : text.split(";", -1)) {
            ports.add(item);
        }
        return ports;
    }

    private static JsonObject origin(String text) {
        if (text.regionMatches(true, 0, "og:", 0, 3)) {
            return new JsonObject().put("type", "group").put("name", text.substring(3));
        }
        return new JsonObject().put("type", "single").put("address", text);
    }

    /// Prints one rule as a line without a line end. What the format cannot say (times, drain,
    /// header modes, caps) is left out; see {@link #isLossy}.
    ///
    /// @param groupName the name of a group, by its id
    public static String print(RuleSpec spec, Function<String, Optional<String>> groupName) {
        String ports =
                spec.ports().stream().map(PortRange::toString).collect(Collectors.joining(";"));
        String line =
                spec.protocol().word()
                        + ":"
                        + ports
                        + " "
                        + print(spec.origin(), groupName)
                        + " "
                        + spec.originPort()
                        + " "
                        + (spec.persistence().enabled() ? "on" : "off")
                        + " "
                        + spec.clientIp().name().toLowerCase(Locale.ROOT);
        return spec.tag().isEmpty() ? line : line + " " + spec.tag();
    }

    private static String print(OriginRef origin, Function<String, Optional<String>> groupName) {
        return switch (origin) {
            case OriginRef.Single(OriginAddress address) -> address.toString();
            case OriginRef.Group(String id) -> "og:" + groupName.apply(id).orElse(id);
            case OriginRef.GroupNamed(String name) -> "og:" + name;
        };
    }

    /// Whether a rule holds anything that a line cannot say.
    public static boolean isLossy(RuleSpec spec) {
        JsonObject plain =
                RuleJson.print(spec)
                        .put("sessionPersistenceSeconds", 3600)
                        .put("idleSeconds", RuleSpec.idleSecondsDefault(spec.protocol()))
                        .put("drainSeconds", RuleSpec.DRAIN_SECONDS_DEFAULT)
                        .put("ppv2Udp", "first")
                        .put("headerDestination", "dialled")
                        .put("maxConnections", 0);
        return !plain.equals(RuleJson.print(spec));
    }
}
