package io.skerry.rules.rule;

import io.skerry.rules.page.Body;
import io.skerry.rules.page.Page;
import io.skerry.rules.store.Database;
import io.skerry.rules.store.InstanceTable;
import io.skerry.rules.store.RuleRow;
import io.skerry.rules.store.RuleTable;
import io.skerry.rules.store.Transaction;
import io.skerry.shared.batch.BatchText;
import io.skerry.shared.bus.RuleReply;
import io.skerry.shared.bus.RuleRequest;
import io.skerry.shared.net.Protocol;
import io.skerry.shared.problem.Code;
import io.skerry.shared.problem.Mistakes;
import io.skerry.shared.problem.Problem;
import io.skerry.shared.rule.Status;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Shows rules: listed, single, and as text or JSON to be imported again.
public final class RuleListing {
    private static final int PORT_MAX = 65_535;

    private final Database database;

    public RuleListing(Database database) {
        this.database = database;
    }

    public RuleReply list(RuleRequest request) {
        String instance = Body.id(request, "instance");
        Mistakes mistakes = new Mistakes();
        Page page = Page.read(request, mistakes, "instance", "protocol", "port", "tag", "status");
        RuleTable.Filter filter = filter(request, mistakes);
        mistakes.throwIfAny();
        return database.read(sql -> {
            checkExists(sql, instance);
            List<RuleRow> rules =
                    RuleTable.list(sql, instance, filter, page.offset(), page.limit());
            RuleView view = RuleView.of(sql, rules);
            long total = RuleTable.count(sql, instance, filter);
            return RuleReply.ok(Page.print(total, rules, view::print));
        });
    }

    private static RuleTable.Filter filter(RuleRequest request, Mistakes mistakes) {
        String tag = request.args().get("tag");
        return new RuleTable.Filter(
                word(request, "protocol", Protocol.values(), true, mistakes),
                request.arg("port").isEmpty()
                        ? null
                        : (Integer) Page.number(request, "port", 1, 1, PORT_MAX, mistakes),
                tag == null ? null : tag.replace('\0', '\ufffd'),
                word(request, "status", Status.values(), false, mistakes));
    }

    private static @Nullable String word(
            RuleRequest request,
            String name,
            Enum<?>[] constants,
            boolean upper,
            Mistakes mistakes) {
        String given = request.args().get(name);
        if (given == null) {
            return null;
        }
        List<String> words =
                Arrays.stream(constants)
                        .map(each -> upper ? each.name() : each.name().toLowerCase(Locale.ROOT))
                        .toList();
        String wanted = upper ? given.toUpperCase(Locale.ROOT) : given.toLowerCase(Locale.ROOT);
        if (!words.contains(wanted)) {
            mistakes.add(name, Code.NOT_ALLOWED, "must be one of " + String.join(", ", words));
        }
        return wanted;
    }

    private static void checkExists(Transaction sql, String instance) {
        if (InstanceTable.find(sql, instance).isEmpty()) {
            throw Problem.of(Code.NOT_FOUND, "there is no instance " + instance).toException();
        }
    }

    public RuleReply get(RuleRequest request) {
        String instance = Body.id(request, "instance");
        String id = Body.id(request, "rule");
        return database.read(sql -> {
            RuleRow rule =
                    RuleTable.find(sql, instance, id)
                            .orElseThrow(() ->
                                    Problem.of(Code.NOT_FOUND, "there is no rule " + id)
                                            .toException());
            return RuleReply.ok(RuleView.one(sql, rule), rule.revision());
        });
    }

    public RuleReply export(RuleRequest request) {
        String instance = Body.id(request, "instance");
        String format = request.arg("format").orElse("text");
        if (!format.equals("text") && !format.equals("json")) {
            throw Problem.of("format", Code.NOT_ALLOWED, "must be one of text, json").toException();
        }
        return database.read(sql -> {
            checkExists(sql, instance);
            List<RuleRow> rules = RuleTable.all(sql, instance);
            RuleView view = RuleView.of(sql, rules);
            return RuleReply.ok(format.equals("json") ? json(rules, view) : text(rules, view));
        });
    }

    private static JsonObject json(List<RuleRow> rules, RuleView view) {
        JsonArray items = new JsonArray();
        for (RuleRow rule : rules) {
            JsonObject item = view.print(rule);
            items.add(rule.wanted() ? item : item.put(RulesBody.ENABLED, false));
        }
        return new JsonObject().put("items", items);
    }

    private static JsonObject text(List<RuleRow> rules, RuleView view) {
        String text =
                rules.stream()
                        .map(rule -> BatchText.print(rule.spec(), view::groupName) + "\n")
                        .collect(Collectors.joining());
        long lossy =
                rules.stream()
                        .filter(rule -> !rule.wanted() || BatchText.isLossy(rule.spec()))
                        .count();
        return new JsonObject().put("text", text).put("lossy", lossy);
    }
}
