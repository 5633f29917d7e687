package io.skerry.rules.rule;

import io.skerry.shared.batch.BatchText;
import io.skerry.shared.bus.RuleRequest;
import io.skerry.shared.problem.Checked;
import io.skerry.shared.problem.Code;
import io.skerry.shared.problem.Mistake;
import io.skerry.shared.problem.Mistakes;
import io.skerry.shared.rule.RuleReader;
import io.skerry.shared.rule.RuleSpec;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.List;

/// Rules as callers send them: one, an array, a text, or an export to be imported.
///
/// @param proposals the rules that could be read
/// @param mistakes everything wrong with the others
public record RulesBody(List<RuleProposal> proposals, List<Mistake> mistakes) {
    /// Rules in one request, and in one instance.
    public static final int RULES_MAX = 2_000;

    /// Field of an exported rule that is `false` where people have switched it off.
    static final String ENABLED = "enabled";

    /// One rule, or an array of rules.
    static RulesBody ofRules(RuleRequest request) {
        return switch (request.body()) {
            case JsonObject one -> {
                List<RuleProposal> proposals = new ArrayList<>();
                Mistakes mistakes = new Mistakes();
                read("", one, true, proposals, mistakes);
                yield new RulesBody(proposals, mistakes.list());
            }
            case JsonArray array -> ofArray(array, false);
            case null, default ->
                    new RulesBody(
                            List.of(),
                            List.of(
                                    new Mistake(
                                            "",
                                            Code.WRONG_TYPE,
                                            "the body must be a rule or an array of rules")));
        };
    }

    /// A text in the manual's format, or an export in JSON.
    static RulesBody ofImport(RuleRequest request) {
        return switch (request.body()) {
            case String text -> ofText(text);
            case JsonArray array -> ofArray(array, true);
            case JsonObject export
                    when export.size() == 1
                            && export.getValue("items") instanceof JsonArray rules ->
                    ofArray(rules, true);
            case null, default ->
                    new RulesBody(
                            List.of(),
                            List.of(
                                    new Mistake(
                                            "",
                                            Code.WRONG_TYPE,
                                            "the body must be a text of rules, or the array of a"
                                                    + " JSON export")));
        };
    }

    private static RulesBody ofText(String text) {
        List<RuleProposal> proposals = new ArrayList<>();
        BatchText.Content read = BatchText.read(text);
        read.lines()
                .forEach(line -> proposals.add(new RuleProposal(line.field(), true, line.spec())));
        return new RulesBody(proposals, read.mistakes());
    }

    /// @param exported whether they are rules as an export shows them, perhaps one of another
    ///   deployment
    private static RulesBody ofArray(JsonArray array, boolean exported) {
        List<RuleProposal> proposals = new ArrayList<>();
        Mistakes mistakes = new Mistakes();
        if (array.isEmpty()) {
            mistakes.add("", Code.MISSING, "the array holds no rule");
        }
        if (array.size() > RULES_MAX) {
            mistakes.add("", Code.TOO_MANY, "one request holds at most " + RULES_MAX + " rules");
            return new RulesBody(proposals, mistakes.list());
        }
        for (int i = 0; i < array.size(); i++) {
            String place = "[" + i + "]";
            if (array.getValue(i) instanceof JsonObject rule) {
                if (exported) {
                    readExported(place, rule, proposals, mistakes);
                } else {
                    read(place, rule, true, proposals, mistakes);
                }
            } else {
                mistakes.add(place, Code.WRONG_TYPE, "must be a rule");
            }
        }
        return new RulesBody(proposals, mistakes.list());
    }

    /// A group's name counts more than its identity, and a rule that was off stays off.
    private static void readExported(
            String place, JsonObject rule, List<RuleProposal> proposals, Mistakes mistakes) {
        JsonObject spec = byName(rule).copy();
        Object enabled = spec.remove(ENABLED);
        if (enabled != null && !(enabled instanceof Boolean)) {
            mistakes.addAll(
                    place, List.of(new Mistake(ENABLED, Code.WRONG_TYPE, "must be true or false")));
        }
        read(place, spec, !Boolean.FALSE.equals(enabled), proposals, mistakes);
    }

    private static JsonObject byName(JsonObject rule) {
        if (rule.getValue("origin") instanceof JsonObject origin
                && origin.getValue("name") instanceof String) {
            JsonObject named = origin.copy();
            named.remove("id");
            return rule.copy().put("origin", named);
        }
        return rule;
    }

    private static void read(
            String place,
            JsonObject body,
            boolean wanted,
            List<RuleProposal> proposals,
            Mistakes mistakes) {
        switch (RuleReader.read(body)) {
            case Checked.Ok<RuleSpec>(RuleSpec spec) ->
                    proposals.add(new RuleProposal(place, false, spec, wanted));
            case Checked.Refused<RuleSpec>(List<Mistake> found) -> mistakes.addAll(place, found);
        }
    }
}
