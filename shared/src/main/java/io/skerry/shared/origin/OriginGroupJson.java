package io.skerry.shared.origin;

import io.skerry.shared.input.FieldReader;
import io.skerry.shared.input.PeerFields;
import io.skerry.shared.problem.Checked;
import io.skerry.shared.problem.Code;
import io.skerry.shared.problem.Mistake;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Origin groups as JSON: strict reading of what people send, and the one form of printing.
public final class OriginGroupJson {
    private OriginGroupJson() {}

    /// Reads a whole group; all mistakes at once.
    ///
    /// @param id identity of the group, given by the caller of this method and not by the body
    public static Checked<OriginGroup> read(String id, JsonObject body) {
        FieldReader fields = new FieldReader(body);
        fields.allow("id", "createdAt", "updatedAt", "revision", "references");
        String name = "";
        if (fields.require("name")) {
            name = fields.string("name", "");
            if (!(body.getValue("name") instanceof String given)) {
                // Noted by the look-up.
            } else if (given.isEmpty() || given.length() > OriginGroup.NAME_MAX) {
                fields.mistake(
                        "name",
                        Code.OUT_OF_RANGE,
                        "must be 1 to " + OriginGroup.NAME_MAX + " characters");
            } else if (!OriginGroup.isName(given)) {
                fields.mistake(
                        "name",
                        Code.BAD_FORMAT,
                        "must be letters, digits, '_' or '-' (A-Z a-z 0-9 _ -)");
            }
        }
        List<WeightedOrigin> origins = readOrigins(fields);
        JsonObject checkBody = fields.object("healthCheck");
        HealthCheck check = HealthCheck.DEFAULT;
        if (checkBody != null) {
            Checked<HealthCheck> read = readHealthCheck(checkBody);
            fields.mistakes("healthCheck", read.mistakes());
            check = read instanceof Checked.Ok<HealthCheck>(HealthCheck good) ? good : check;
        }
        List<Mistake> mistakes = fields.mistakes();
        return mistakes.isEmpty() && name != null
                ? new Checked.Ok<>(new OriginGroup(id, name, origins, check))
                : new Checked.Refused<>(mistakes);
    }

    /// Reads what a peer of ours printed: unknown fields are a newer peer's and ignored.
    public static Checked<OriginGroup> readPeer(JsonObject json) {
        JsonObject known = PeerFields.keep(json, "name", "origins", "healthCheck");
        if (known.getValue("origins") instanceof JsonArray origins) {
            JsonArray kept = new JsonArray();
            origins.forEach(
                    each -> kept.add(PeerFields.keep(each, "address", "weight", "maxConnections")));
            known.put("origins", kept);
        }
        if (known.getValue("healthCheck") instanceof JsonObject check) {
            known.put(
                    "healthCheck",
                    PeerFields.keep(
                            check,
                            "type",
                            "port",
                            "intervalSeconds",
                            "timeoutSeconds",
                            "failures",
                            "successes",
                            "send",
                            "expect"));
        }
        return PeerFields.identified(json, id -> read(id, known));
    }

    private static List<WeightedOrigin> readOrigins(FieldReader fields) {
        List<WeightedOrigin> origins = new ArrayList<>();
        JsonArray array = fields.require("origins") ? fields.array("origins") : null;
        if (array == null) {
            return origins;
        }
        if (array.isEmpty() || array.size() > OriginGroup.ORIGINS_MAX) {
            fields.mistake(
                    "origins", Code.OUT_OF_RANGE, "must hold 1 to " + OriginGroup.ORIGINS_MAX);
            return origins;
        }
        Set<OriginAddress> seen = new HashSet<>();
        for (int i = 0; i < array.size(); i++) {
            String path = "origins[" + i + "]";
            if (!(array.getValue(i) instanceof JsonObject body)) {
                fields.mistake(path, Code.WRONG_TYPE, "must be an object with 'address'");
                continue;
            }
            FieldReader origin = new FieldReader(body);
            origin.require("address");
            OriginAddress address =
                    origin.parsed(
                            "address",
                            OriginAddress::parse,
                            "an IP address or a domain name, without a port",
                            null);
            Integer weight = origin.integerOrNull("weight", 0, WeightedOrigin.WEIGHT_MAX);
            int cap = origin.integer("maxConnections", 0, 0, WeightedOrigin.CONNECTIONS_MAX);
            fields.mistakes(path, origin.mistakes());
            if (address != null) {
                if (!seen.add(address)) {
                    fields.mistake(
                            path + ".address", Code.NOT_ALLOWED, "stands in the group already");
                }
                origins.add(
                        new WeightedOrigin(
                                address,
                                weight == null ? OptionalInt.empty() : OptionalInt.of(weight),
                                cap));
            }
        }
        checkTogether(fields, array, origins);
        return origins;
    }

    private static void checkTogether(
            FieldReader fields, JsonArray array, List<WeightedOrigin> origins) {
        long domains =
                origins.stream().filter(o -> o.address() instanceof OriginAddress.Domain).count();
        if (domains > 1) {
            fields.mistake("origins", Code.INCOMPATIBLE, "may hold at most one domain name");
        } else if (domains == 1 && origins.size() > 1) {
            fields.mistake(
                    "origins", Code.INCOMPATIBLE, "may not mix IP addresses and a domain name");
        }
        long weighted =
                array.stream()
                        .filter(o ->
                                o instanceof JsonObject body && body.getValue("weight") != null)
                        .count();
        if (weighted != 0 && weighted != array.size()) {
            fields.mistake(
                    "origins", Code.INCOMPATIBLE, "weights must stand on all origins or on none");
        } else if (weighted == array.size()
                && origins.size() == array.size()
                && origins.stream().allMatch(o -> o.share() == 0)) {
            fields.mistake("origins", Code.INCOMPATIBLE, "at least one weight must be above 0");
        }
    }

    private static Checked<HealthCheck> readHealthCheck(JsonObject body) {
        FieldReader fields = new FieldReader(body);
        HealthCheck.Type type =
                fields.oneOf("type", HealthCheck.Type.class, false, HealthCheck.Type.TCP);
        Integer port = fields.integerOrNull("port", 1, 65535);
        HealthCheck d = HealthCheck.DEFAULT;
        int max = HealthCheck.SECONDS_MAX;
        int interval = fields.integer("intervalSeconds", d.intervalSeconds(), 1, max);
        int timeout = fields.integer("timeoutSeconds", d.timeoutSeconds(), 1, max);
        int failures = fields.integer("failures", d.failures(), 1, HealthCheck.COUNT_MAX);
        int successes = fields.integer("successes", d.successes(), 1, HealthCheck.COUNT_MAX);
        String send = readBytes(fields, "send", type);
        String expect = readBytes(fields, "expect", type);
        List<Mistake> mistakes = fields.mistakes();
        return mistakes.isEmpty() && type != null
                ? new Checked.Ok<>(
                        new HealthCheck(
                                type,
                                optional(port),
                                interval,
                                timeout,
                                failures,
                                successes,
                                send,
                                expect))
                : new Checked.Refused<>(mistakes);
    }

    private static String readBytes(
            FieldReader fields, String name, HealthCheck.@Nullable Type type) {
        String given = fields.string(name, "");
        String text = given == null ? "" : given.toLowerCase(Locale.ROOT);
        if (!HealthCheck.isBytes(text)) {
            fields.mistake(
                    name,
                    Code.BAD_FORMAT,
                    "must be 0 to " + HealthCheck.BYTES_MAX + " bytes in hexadecimal");
            return "";
        }
        if (!text.isEmpty() && type != null && type != HealthCheck.Type.UDP) {
            fields.mistake(name, Code.INCOMPATIBLE, "is for checks of type udp");
        }
        return text;
    }

    private static OptionalInt optional(@Nullable Integer value) {
        return value == null ? OptionalInt.empty() : OptionalInt.of(value);
    }

    /// The form of the API, of the database and of the pulls. Fields that came later are printed
    /// only where they say something, so that what was stored before keeps its digest.
    public static JsonObject print(OriginGroup group) {
        JsonArray origins = new JsonArray();
        for (WeightedOrigin origin : group.origins()) {
            JsonObject json = new JsonObject().put("address", origin.address().toString());
            origin.weight().ifPresent(weight -> json.put("weight", weight));
            if (origin.maxConnections() != 0) {
                json.put("maxConnections", origin.maxConnections());
            }
            origins.add(json);
        }
        return new JsonObject()
                .put("id", group.id())
                .put("name", group.name())
                .put("origins", origins)
                .put("healthCheck", print(group.healthCheck()));
    }

    private static JsonObject print(HealthCheck check) {
        JsonObject json =
                new JsonObject()
                        .put("type", check.type().name().toLowerCase(Locale.ROOT))
                        .put("port", check.port().isPresent() ? check.port().getAsInt() : null)
                        .put("intervalSeconds", check.intervalSeconds())
                        .put("timeoutSeconds", check.timeoutSeconds())
                        .put("failures", check.failures())
                        .put("successes", check.successes());
        if (!check.send().isEmpty()) {
            json.put("send", check.send());
        }
        if (!check.expect().isEmpty()) {
            json.put("expect", check.expect());
        }
        return json;
    }
}
