package io.skerry.rules.rule;

import io.skerry.rules.store.GroupTable;
import io.skerry.rules.store.RuleRow;
import io.skerry.rules.store.Transaction;
import io.skerry.shared.rule.RuleJson;
import io.vertx.core.json.JsonObject;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;

/// Rules as the API shows them: with their status, and a group's name beside its identity.
final class RuleView {
    private final Map<String, String> groupNames = new HashMap<>();

    private RuleView() {}

    /// A view that knows the groups of these rules.
    static RuleView of(Transaction sql, Collection<RuleRow> rules) {
        TreeSet<String> ids = new TreeSet<>();
        for (RuleRow rule : rules) {
            String group = rule.group();
            if (group != null) {
                ids.add(group);
            }
        }
        RuleView view = new RuleView();
        GroupTable.findAll(sql, ids)
                .forEach(row -> view.groupNames.put(row.group().id(), row.group().name()));
        return view;
    }

    static JsonObject one(Transaction sql, RuleRow rule) {
        return of(sql, List.of(rule)).print(rule);
    }

    Optional<String> groupName(String id) {
        return Optional.ofNullable(groupNames.get(id));
    }

    JsonObject print(RuleRow rule) {
        JsonObject json = RuleJson.print(rule.rule());
        String group = rule.group();
        if (group != null) {
            groupName(group).ifPresent(name -> json.getJsonObject("origin").put("name", name));
        }
        json.remove("revision");
        json.put("status", rule.status().word());
        if (rule.statusReason() != null) {
            json.put("statusReason", rule.statusReason());
        }
        return json.put("revision", rule.revision());
    }
}
