package io.skerry.shared.instance;

import io.skerry.shared.input.FieldReader;
import io.skerry.shared.problem.Checked;
import io.skerry.shared.problem.Code;
import io.skerry.shared.problem.Mistake;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.regex.Pattern;

/// Reads what people say about an instance, with the manual's conflict table; all mistakes at once.
public final class InstanceReader {
    private static final int NAME_MAX = 50;
    private static final Pattern NAME = Pattern.compile("[a-z0-9]+(-[a-z0-9]+)*");

    private InstanceReader() {}

    /// Reads a new instance.
    ///
    /// @param conflicts whether the manual's area × protection × access table is enforced
    public static Checked<InstanceSpec> read(JsonObject body, boolean conflicts) {
        FieldReader fields = new FieldReader(body);
        String name = "";
        if (fields.require("name")) {
            name = fields.string("name", "");
            if (!(body.getValue("name") instanceof String given)) {
                // Noted by the look-up.
            } else if (given.isEmpty() || given.length() > NAME_MAX) {
                fields.mistake(
                        "name", Code.OUT_OF_RANGE, "must be 1 to " + NAME_MAX + " characters");
            } else if (!NAME.matcher(given).matches()) {
                fields.mistake(
                        "name",
                        Code.BAD_FORMAT,
                        "must be 1 to 50 of a-z, 0-9 and '-', without a hyphen first, last or"
                                + " doubled");
            }
        }
        Area area = fields.oneOf("area", Area.class, false, Area.GLOBAL);
        boolean ipv6 = fields.bool("ipv6", false);
        boolean fixedIp = fields.bool("fixedIp", false);
        boolean crossBorder = fields.bool("crossBorder", false);
        Protection protection =
                fields.oneOf("protection", Protection.class, false, Protection.DEFAULT);
        InstanceSpec spec =
                new InstanceSpec(
                        Objects.requireNonNullElse(name, ""),
                        Objects.requireNonNullElse(area, Area.GLOBAL),
                        ipv6,
                        fixedIp,
                        crossBorder,
                        Objects.requireNonNullElse(protection, Protection.DEFAULT));
        if (conflicts) {
            fields.mistakes("", conflicts(spec));
        }
        return done(fields, spec);
    }

    /// Reads a merge patch: `ipv6` and `crossBorder` may change, nothing else.
    public static Checked<InstanceSpec> patch(
            InstanceSpec current, JsonObject body, boolean conflicts) {
        FieldReader fields = new FieldReader(body);
        for (String fixed : List.of("name", "area", "fixedIp", "protection")) {
            if (body.containsKey(fixed)) {
                fields.allow(fixed);
                fields.mistake(
                        fixed,
                        Code.NOT_CHANGEABLE,
                        "cannot be changed; delete the instance and create a new one");
            }
        }
        InstanceSpec spec =
                current.with(
                        fields.bool("ipv6", current.ipv6()),
                        fields.bool("crossBorder", current.crossBorder()));
        if (conflicts) {
            fields.mistakes("", conflicts(spec));
        }
        return done(fields, spec);
    }

    private static Checked<InstanceSpec> done(FieldReader fields, InstanceSpec spec) {
        List<Mistake> mistakes = fields.mistakes();
        return mistakes.isEmpty() ? new Checked.Ok<>(spec) : new Checked.Refused<>(mistakes);
    }

    /// What the manual's table ("Creating an L4 Proxy Instance", note) says against an instance:
    /// the three access features exclude one another; each needs the `overseas` area, except IPv6
    /// under default protection.
    static List<Mistake> conflicts(InstanceSpec spec) {
        List<Mistake> found = new ArrayList<>();
        List<String> on = new ArrayList<>();
        if (spec.fixedIp()) {
            on.add("fixedIp");
        }
        if (spec.ipv6()) {
            on.add("ipv6");
        }
        if (spec.crossBorder()) {
            on.add("crossBorder");
        }
        on.stream()
                .skip(1)
                .forEach(feature ->
                        found.add(
                                new Mistake(
                                        feature,
                                        Code.INCOMPATIBLE,
                                        "cannot be on together with " + on.get(0))));
        if (spec.area() != Area.OVERSEAS) {
            for (String feature : on) {
                boolean allowed = feature.equals("ipv6") && spec.protection() == Protection.DEFAULT;
                if (!allowed) {
                    found.add(
                            new Mistake(
                                    feature,
                                    Code.INCOMPATIBLE,
                                    "needs area overseas with "
                                            + spec.protection().word()
                                            + " protection, not "
                                            + spec.area().word()));
                }
            }
        }
        return found;
    }
}
