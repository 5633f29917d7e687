package io.skerry.rules.instance;

import io.skerry.rules.page.Body;
import io.skerry.rules.store.InstanceRow;
import io.skerry.rules.store.NodeRow;
import io.skerry.shared.instance.Protection;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.TreeSet;

/// An instance as the API shows it.
final class InstanceView {
    private final String accessDomain;
    private final List<NodeRow> nodes;

    /// @param accessDomain suffix of access domains
    /// @param nodes all nodes, which know the addresses
    InstanceView(String accessDomain, List<NodeRow> nodes) {
        this.accessDomain = accessDomain;
        this.nodes = nodes;
    }

    JsonObject print(InstanceRow row) {
        JsonObject json =
                new JsonObject()
                        .put("id", row.id())
                        .put("name", row.spec().name())
                        .put("area", row.spec().area().word())
                        .put("ipv6", row.spec().ipv6())
                        .put("fixedIp", row.spec().fixedIp())
                        .put("crossBorder", row.spec().crossBorder())
                        .put("protection", row.spec().protection().word())
                        .put("accessDomain", row.accessLabel() + "." + accessDomain)
                        .put("addresses", new JsonArray(addresses(row)))
                        .put("status", row.status().word());
        if (row.statusReason() != null) {
            json.put("statusReason", row.statusReason());
        }
        return json.put("ruleCount", row.ruleCount())
                .put("rollout", row.strategy().print())
                .put("revision", row.revision())
                .put("createdAt", Body.time(row.createdAt()))
                .put("updatedAt", Body.time(row.updatedAt()))
                .put("notEffective", notEffective(row));
    }

    private List<String> addresses(InstanceRow row) {
        TreeSet<String> addresses = new TreeSet<>();
        for (NodeRow node : nodes) {
            boolean serves = node.isServing() && node.area().serves(row.spec().area());
            if (serves && row.slot() < node.slots().size()) {
                node.slots().get(row.slot()).stream()
                        .filter(address -> row.spec().ipv6() || address.indexOf(':') < 0)
                        .forEach(addresses::add);
            }
        }
        return List.copyOf(addresses);
    }

    private static JsonArray notEffective(InstanceRow row) {
        JsonArray features = new JsonArray();
        if (row.spec().crossBorder()) {
            features.add(
                    new JsonObject()
                            .put("feature", "crossBorder")
                            .put("reason", "cross-border acceleration is kept, not yet done"));
        }
        if (row.spec().protection() == Protection.EXCLUSIVE) {
            features.add(
                    new JsonObject()
                            .put("feature", "protection")
                            .put("reason", "exclusive protection is kept, not yet done"));
        }
        return features;
    }
}
