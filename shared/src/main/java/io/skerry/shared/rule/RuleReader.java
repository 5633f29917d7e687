package io.skerry.shared.rule;

import io.skerry.shared.input.FieldReader;
import io.skerry.shared.net.PortRange;
import io.skerry.shared.net.Protocol;
import io.skerry.shared.origin.OriginAddress;
import io.skerry.shared.origin.OriginGroup;
import io.skerry.shared.problem.Checked;
import io.skerry.shared.problem.Code;
import io.skerry.shared.problem.Mistake;
import io.skerry.shared.problem.Mistakes;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Reads what people say about a rule, strictly: every field typed and ranged, unknown fields
/// refused, fields that do not go together named; all mistakes at once.
public final class RuleReader {
    private RuleReader() {}

    /// Reads a whole rule. `id`, `status`, `statusReason`, `revision`, `createdAt` and `updatedAt`
    /// may stand in the body, as in what the API answered, and are ignored.
    public static Checked<RuleSpec> read(JsonObject body) {
        FieldReader fields = new FieldReader(body);
        fields.allow("id", "status", "statusReason", "revision", "createdAt", "updatedAt");
        fields.require("protocol");
        Protocol protocol = fields.oneOf("protocol", Protocol.class, true, null);
        List<PortRange> ports = readPorts(fields, protocol);
        OriginRef origin = readOrigin(fields);
        PortRange originPort = readOriginPort(fields, ports);
        SessionPersistence persistence = readPersistence(fields);
        ClientIp clientIp = fields.oneOf("clientIp", ClientIp.class, false, ClientIp.OFF);
        if (protocol != null && clientIp != null && !clientIp.fits(protocol)) {
            fields.mistake("clientIp", Code.INCOMPATIBLE, misfit(clientIp));
        }
        String tag = readTag(fields);
        Protocol forDefaults = protocol == null ? Protocol.TCP : protocol;
        int idleMin =
                protocol == null
                        ? RuleSpec.idleSecondsMin(Protocol.UDP)
                        : RuleSpec.idleSecondsMin(protocol);
        int idle =
                fields.integer(
                        "idleSeconds",
                        RuleSpec.idleSecondsDefault(forDefaults),
                        idleMin,
                        RuleSpec.IDLE_SECONDS_MAX);
        int drain =
                fields.integer(
                        "drainSeconds",
                        RuleSpec.DRAIN_SECONDS_DEFAULT,
                        0,
                        RuleSpec.DRAIN_SECONDS_MAX);
        ProxyV2Udp ppv2Udp = fields.oneOf("ppv2Udp", ProxyV2Udp.class, false, ProxyV2Udp.FIRST);
        HeaderDestination destination =
                fields.oneOf(
                        "headerDestination",
                        HeaderDestination.class,
                        false,
                        HeaderDestination.DIALLED);
        int cap = fields.integer("maxConnections", 0, 0, RuleSpec.CONNECTIONS_MAX);
        List<Mistake> mistakes = fields.mistakes();
        if (!mistakes.isEmpty()) {
            return new Checked.Refused<>(mistakes);
        }
        return new Checked.Ok<>(
                new RuleSpec(
                        Objects.requireNonNull(protocol),
                        ports,
                        Objects.requireNonNull(origin),
                        Objects.requireNonNull(originPort),
                        persistence,
                        Objects.requireNonNull(clientIp),
                        tag,
                        idle,
                        drain,
                        Objects.requireNonNull(ppv2Udp),
                        Objects.requireNonNull(destination),
                        cap));
    }

    private static String misfit(ClientIp clientIp) {
        return clientIp == ClientIp.SPP
                ? "spp is for UDP rules only; TCP rules take toa, ppv1, ppv2 or off"
                : clientIp.name().toLowerCase(java.util.Locale.ROOT)
                        + " is for TCP rules only; UDP rules take ppv2, spp or off";
    }

    private static List<PortRange> readPorts(FieldReader fields, @Nullable Protocol protocol) {
        List<PortRange> ports = new ArrayList<>();
        JsonArray array = fields.require("ports") ? fields.array("ports") : null;
        if (array == null) {
            return ports;
        }
        if (array.isEmpty() || array.size() > RuleSpec.PORTS_MAX) {
            fields.mistake(
                    "ports",
                    Code.OUT_OF_RANGE,
                    "must hold 1 to " + RuleSpec.PORTS_MAX + " ports or ranges");
            return ports;
        }
        Mistakes mistakes = new Mistakes();
        for (int i = 0; i < array.size(); i++) {
            PortRange range =
                    array.getValue(i) instanceof String text
                            ? readPort(text, protocol, "[" + i + "]", mistakes)
                            : notText(i, mistakes);
            if (range != null) {
                checkDuplicate(ports, range, "[" + i + "]", mistakes);
                ports.add(range);
            }
        }
        fields.mistakes("ports", mistakes.list());
        return ports;
    }

    private static @Nullable PortRange notText(int index, Mistakes mistakes) {
        mistakes.add(
                "[" + index + "]", Code.WRONG_TYPE, "must be a string such as \"80\" or \"80-90\"");
        return null;
    }

    private static void checkDuplicate(
            List<PortRange> ports, PortRange range, String field, Mistakes mistakes) {
        for (PortRange earlier : ports) {
            if (earlier.overlaps(range)) {
                mistakes.add(
                        field,
                        Code.DUPLICATE_PORT,
                        range + " overlaps " + earlier + " of the same rule");
                return;
            }
        }
    }

    /// Reads one forwarding port or range; `null` and a noted mistake where it cannot be one.
    static @Nullable PortRange readPort(
            String text, @Nullable Protocol protocol, String field, Mistakes mistakes) {
        PortRange range = PortRange.parse(text).orElse(null);
        if (range == null) {
            mistakes.add(
                    field,
                    Code.BAD_FORMAT,
                    "must be a port or a range such as 80 or 80-90, 1 to "
                            + RuleSpec.FORWARDING_PORT_MAX);
            return null;
        }
        if (range.last() > RuleSpec.FORWARDING_PORT_MAX) {
            mistakes.add(
                    field,
                    Code.OUT_OF_RANGE,
                    "forwarding ports are 1 to " + RuleSpec.FORWARDING_PORT_MAX);
            return null;
        }
        if (protocol != null) {
            protocol.reservedPorts().stream()
                    .filter(range::contains)
                    .sorted()
                    .forEach(port ->
                            mistakes.add(
                                    field,
                                    Code.RESERVED_PORT,
                                    protocol + " port " + port + " is reserved; leave it out"));
        }
        return range;
    }

    private static @Nullable OriginRef readOrigin(FieldReader fields) {
        JsonObject body = fields.require("origin") ? fields.object("origin") : null;
        if (body == null) {
            return null;
        }
        FieldReader origin = new FieldReader(body);
        origin.require("type");
        OriginRef read =
                switch (origin.string("type", null)) {
                    case "single" -> readSingle(origin);
                    case "group" -> readGroup(origin);
                    case null -> {
                        origin.allow("address", "id", "name");
                        yield null;
                    }
                    default -> {
                        origin.allow("address", "id", "name");
                        origin.mistake("type", Code.NOT_ALLOWED, "must be one of single, group");
                        yield null;
                    }
                };
        fields.mistakes("origin", origin.mistakes());
        return read;
    }

    private static @Nullable OriginRef readSingle(FieldReader origin) {
        origin.require("address");
        OriginAddress address =
                origin.parsed(
                        "address",
                        OriginAddress::parse,
                        "an IP address or a domain name, without a port",
                        null);
        return address == null ? null : new OriginRef.Single(address);
    }

    /// A group by its id, or by its name where no id is given.
    private static @Nullable OriginRef readGroup(FieldReader origin) {
        String form = "1 to 200 letters, digits, '_' or '-' (A-Z a-z 0-9 _ -)";
        boolean byId = origin.has("id");
        String id = origin.parsed("id", RuleReader::groupWord, form, null);
        String name = origin.parsed("name", RuleReader::groupWord, form, null);
        if (!byId && !origin.has("name")) {
            origin.mistake("name", Code.MISSING, "give the group's 'name' or 'id'");
        }
        if (id != null) {
            return new OriginRef.Group(id);
        }
        return name == null ? null : new OriginRef.GroupNamed(name);
    }

    private static Optional<String> groupWord(String text) {
        return Optional.of(text).filter(OriginGroup::isName);
    }

    private static @Nullable PortRange readOriginPort(FieldReader fields, List<PortRange> ports) {
        fields.require("originPort");
        PortRange range =
                fields.parsed(
                        "originPort",
                        PortRange::parse,
                        "a port or a range such as 80 or 80-90, 1 to 65535",
                        null);
        if (range == null || range.isSingle() || ports.isEmpty()) {
            return range;
        }
        if (ports.size() > 1) {
            fields.mistake(
                    "originPort",
                    Code.INCOMPATIBLE,
                    "a range needs exactly one forwarding range; give one port, or one entry in"
                            + " 'ports'");
        } else if (ports.get(0).size() != range.size()) {
            fields.mistake(
                    "originPort",
                    Code.INCOMPATIBLE,
                    "the range holds "
                            + range.size()
                            + " ports and the forwarding range "
                            + ports.get(0).size()
                            + "; make them equally long or give one port");
        }
        return range;
    }

    private static SessionPersistence readPersistence(FieldReader fields) {
        boolean enabled = fields.bool("sessionPersistence", false);
        int seconds =
                fields.integer(
                        "sessionPersistenceSeconds",
                        SessionPersistence.SECONDS_MAX,
                        SessionPersistence.SECONDS_MIN,
                        SessionPersistence.SECONDS_MAX);
        return new SessionPersistence(enabled, seconds);
    }

    private static String readTag(FieldReader fields) {
        String tag = fields.string("tag", "");
        if (tag == null || tag.isEmpty()) {
            return "";
        }
        Mistakes mistakes = new Mistakes();
        checkTag(tag, "tag", mistakes);
        fields.mistakes("", mistakes.list());
        return tag;
    }

    /// Notes what is wrong with a tag.
    static void checkTag(String tag, String field, Mistakes mistakes) {
        if (tag.codePointCount(0, tag.length()) > RuleSpec.TAG_MAX) {
            mistakes.add(
                    field,
                    Code.OUT_OF_RANGE,
                    "must be at most " + RuleSpec.TAG_MAX + " characters");
        }
        boolean broken =
                tag.codePoints()
                        .anyMatch(c ->
                                Character.isISOControl(c)
                                        || Character.getType(c) == Character.SURROGATE);
        if (broken) {
            mistakes.add(field, Code.BAD_FORMAT, "may not hold control characters");
        }
        if (!tag.equals(tag.strip())) {
            mistakes.add(field, Code.BAD_FORMAT, "may not begin or end with a space");
        }
    }
}
