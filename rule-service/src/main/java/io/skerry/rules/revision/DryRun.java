package io.skerry.rules.revision;

import io.skerry.rules.limit.Limit;
import io.skerry.rules.limit.LimitHits;
import io.skerry.rules.store.InstanceRow;
import io.skerry.rules.store.NodeRow;
import io.skerry.shared.bus.BusAddress;
import io.skerry.shared.bus.Operation;
import io.skerry.shared.bus.RuleReply;
import io.skerry.shared.bus.RuleRequest;
import io.skerry.shared.content.InstanceContent;
import io.skerry.shared.content.PortProbe;
import io.skerry.shared.net.PortRange;
import io.skerry.shared.net.Protocol;
import io.skerry.shared.problem.Code;
import io.skerry.shared.problem.Problem;
import io.skerry.shared.process.Bus;
import io.skerry.shared.rule.Rule;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// Answers what a change would do: which rules open, close or change, and whether each required
/// node could open the ports that come with it. Nothing of the change is stored.
public final class DryRun {
    /// Time for a node to answer, in milliseconds.
    public static final long PROBE_MILLIS = 2_000;

    private static final Set<Operation> TAKE_IT =
            Set.of(
                    Operation.CREATE_RULES,
                    Operation.IMPORT_RULES,
                    Operation.PATCH_RULE,
                    Operation.DELETE_RULE,
                    Operation.ENABLE_RULE,
                    Operation.DISABLE_RULE);

    private final Bus bus;
    private final LimitHits hits;

    public DryRun(Bus bus, LimitHits hits) {
        this.hits = hits;
        this.bus = bus;
    }

    /// Whether a request only asks what would be.
    static boolean isAsked(RuleRequest request) {
        return TAKE_IT.contains(request.operation()) && flag(request);
    }

    /// The parameter `dryRun`.
    private static boolean flag(RuleRequest request) {
        return switch (request.arg("dryRun").orElse("false")) {
            case "true" -> true;
            case "false" -> false;
            default ->
                    throw Problem.of("dryRun", Code.NOT_ALLOWED, "must be one of true, false")
                            .toException();
        };
    }

    /// What a change would have made of an instance.
    ///
    /// @param instance as it is stored
    /// @param before its content
    /// @param after the content it would have
    /// @param created rules that would be new
    /// @param required the nodes that would have to follow
    record Rehearsed(
            InstanceRow instance,
            InstanceContent before,
            InstanceContent after,
            Set<String> created,
            List<NodeRow> required) {}

    /// Asks the nodes and answers, of an import also how many rules it would make; waits for them.
    ///
    /// @param rehearsed `null` where the change would do nothing
    RuleReply.Done answer(Operation operation, @Nullable Rehearsed rehearsed) {
        JsonObject json = new JsonObject().put("dryRun", true);
        if (operation == Operation.IMPORT_RULES) {
            json.put("imported", rehearsed == null ? 0 : rehearsed.created().size());
        }
        if (rehearsed == null) {
            return RuleReply.ok(
                    lists(json, new JsonArray(), new JsonArray(), new JsonArray())
                            .put("nodes", new JsonArray()));
        }
        Changes changes = Changes.between(rehearsed);
        return RuleReply.ok(
                lists(json, changes.opened, changes.closed, changes.changed)
                        .put("revision", rehearsed.instance().revision())
                        .put("nodes", probe(rehearsed, changes)));
    }

    private static JsonObject lists(
            JsonObject json, JsonArray opened, JsonArray closed, JsonArray changed) {
        return json.put("opened", opened).put("closed", closed).put("changed", changed);
    }

    private JsonArray probe(Rehearsed rehearsed, Changes changes) {
        InstanceContent after = rehearsed.after();
        JsonObject message = new PortProbe(after.slot(), after.ipv6(), changes.toOpen).print();
        List<Future<JsonObject>> asked = new ArrayList<>();
        for (NodeRow node : rehearsed.required()) {
            JsonObject counted =
                    new JsonObject()
                            .put("node", node.name())
                            .put("opened", changes.opened.size())
                            .put("closed", changes.closed.size())
                            .put("changed", changes.changed.size());
            asked.add(
                    changes.toOpen.isEmpty()
                            ? Future.succeededFuture(put(counted, new PortProbe.Answer(List.of())))
                            : bus.request(BusAddress.probe(node.boot()), message, PROBE_MILLIS)
                                    .map(answer -> answered(counted, answer))
                                    .otherwise(silence -> unanswered(counted)));
        }
        JsonArray nodes = new JsonArray();
        asked.forEach(each -> nodes.add(each.await()));
        return nodes;
    }

    private JsonObject answered(JsonObject node, JsonObject answer) {
        PortProbe.Answer read = PortProbe.Answer.read(answer);
        if (answer.getJsonArray("taken").size() > read.taken().size()) {
            hits.hit(Limit.PROBE_TAKEN);
        }
        return put(node, read);
    }

    private JsonObject unanswered(JsonObject node) {
        hits.hit(Limit.PROBE_SECONDS);
        return node.put("probe", "unknown").put("taken", new JsonArray());
    }

    private static JsonObject put(JsonObject node, PortProbe.Answer answer) {
        JsonArray taken = new JsonArray();
        answer.taken().forEach(each -> taken.add(each.print()));
        return node.put("probe", taken.isEmpty() ? "free" : "taken").put("taken", taken);
    }

    /// What differs between two contents.
    private static final class Changes {
        final JsonArray opened = new JsonArray();
        final JsonArray closed = new JsonArray();
        final JsonArray changed = new JsonArray();
        final List<PortProbe.Ports> toOpen = new ArrayList<>();

        static Changes between(Rehearsed rehearsed) {
            Changes changes = new Changes();
            InstanceContent before = rehearsed.before();
            InstanceContent after = rehearsed.after();
            Set<String> ids = new TreeSet<>(before.rules().keySet());
            ids.addAll(after.rules().keySet());
            for (String id : ids) {
                Rule old = before.rules().get(id);
                Rule now = after.rules().get(id);
                if (old == null) {
                    String shown = rehearsed.created().contains(id) ? null : id;
                    changes.opened.add(print(shown, Objects.requireNonNull(now)));
                } else if (now == null) {
                    changes.closed.add(print(id, old));
                } else if (!old.spec().equals(now.spec())) {
                    changes.changed.add(print(id, now));
                }
            }
            Map<Protocol, BitSet> open = ports(before);
            ports(after)
                    .forEach((protocol, wanted) -> {
                        wanted.andNot(open.getOrDefault(protocol, new BitSet()));
                        int first = wanted.nextSetBit(0);
                        while (first >= 0) {
                            int end = wanted.nextClearBit(first);
                            PortRange range = new PortRange(first, end - 1);
                            changes.toOpen.add(new PortProbe.Ports(protocol, range));
                            first = wanted.nextSetBit(end);
                        }
                    });
            return changes;
        }

        private static JsonObject print(@Nullable String id, Rule rule) {
            JsonArray ports = new JsonArray();
            rule.spec().ports().forEach(range -> ports.add(range.toString()));
            return new JsonObject()
                    .put("rule", id)
                    .put("protocol", rule.spec().protocol().name())
                    .put("ports", ports);
        }

        private static Map<Protocol, BitSet> ports(InstanceContent content) {
            Map<Protocol, BitSet> all = new EnumMap<>(Protocol.class);
            for (Rule rule : content.rules().values()) {
                BitSet ports =
                        all.computeIfAbsent(rule.spec().protocol(), protocol -> new BitSet());
                rule.spec().ports().forEach(range -> ports.set(range.first(), range.last() + 1));
            }
            return all;
        }
    }
}
