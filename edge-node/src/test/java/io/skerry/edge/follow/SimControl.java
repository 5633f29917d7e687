package io.skerry.edge.follow;

import io.skerry.shared.content.ContentChange;
import io.skerry.shared.content.InstanceContent;
import io.skerry.shared.content.NodeReport;
import io.skerry.shared.content.Targets;
import io.skerry.shared.net.Protocol;
import io.skerry.shared.rule.Rule;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// The control plane in a few lines: one truth, and rule services of three ages that answer from
/// it.
final class SimControl {
    private static final List<String> IDS = List.of(Contents.A, Contents.B, "sid-cccccccccccc");
    private static final int STEPS_MAX = 20;
    private static final int PORTS = 12;
    private static final int LAG_MAX = 6;

    /// While there are faults, one of so many answers is not what its digest says.
    private static final int LIES_OF = 15;

    /// How a rule service speaks.
    enum Age {
        /// Whole contents only, and hints without content.
        OLD,
        PRESENT,
        /// Fields that nodes of today do not know, everywhere.
        NEW
    }

    /// Marks of the simulation on an answer, which nodes do not read.
    private static final String SYNC = "sync";

    private static final String LAGS = "lags";

    private final Random random;
    private final Map<String, InstanceContent> contents = new TreeMap<>();
    private final Map<String, List<ContentChange>> steps = new HashMap<>();
    private final Map<String, Map<Long, String>> digests = new HashMap<>();
    private final Map<String, Long> deleted = new HashMap<>();
    private final Map<String, NodeReport> reports = new HashMap<>();
    private final Deque<View> views = new ArrayDeque<>();
    private final Map<String, Integer> lagging = new HashMap<>();
    private long head;

    /// What a rule service sees of the truth.
    private record View(long head, Map<String, InstanceContent> contents) {}

    SimControl(Random random) {
        this.random = random;
    }

    /// Changes something; answers the step to publish, `null` where an instance has gone.
    @Nullable ContentChange change() {
        String id = IDS.get(random.nextInt(IDS.size()));
        views.addLast(now());
        if (views.size() > LAG_MAX) {
            views.removeFirst();
        }
        head++;
        InstanceContent before = contents.get(id);
        if (before != null && random.nextInt(12) == 0) {
            contents.remove(id);
            steps.remove(id);
            deleted.put(id, head);
            return null;
        }
        InstanceContent base =
                before != null
                        ? before
                        : new InstanceContent(id, 0, false, 0, new TreeMap<>(), new TreeMap<>());
        InstanceContent after = next(base);
        ContentChange step = ContentChange.between(Optional.ofNullable(before), after);
        contents.put(id, after);
        steps.computeIfAbsent(id, i -> new ArrayList<>()).add(step);
        digests.computeIfAbsent(id, i -> new HashMap<>()).put(head, after.digest());
        return step;
    }

    /// The content with some rules new, changed or gone.
    private InstanceContent next(InstanceContent before) {
        TreeMap<String, Rule> rules = new TreeMap<>(before.rules());
        for (int i = random.nextInt(4); i >= 0; i--) {
            int port = 1 + random.nextInt(PORTS);
            if (random.nextInt(3) == 0) {
                rules.remove(Contents.ruleId(port));
            } else {
                int originPort = 1 + random.nextInt(PORTS);
                rules.put(
                        Contents.ruleId(port), Contents.rule(Protocol.TCP, port, originPort, head));
            }
        }
        boolean ipv6 = random.nextInt(4) == 0;
        return new InstanceContent(
                before.instance(), head, ipv6, before.slot(), rules, new TreeMap<>());
    }

    /// The hint that a rule service publishes after a change.
    static JsonObject hint(@Nullable ContentChange step, Age age) {
        return step == null || age == Age.OLD
                ? new JsonObject().put("small", false)
                : dressed(step.print(), age);
    }

    private View now() {
        return new View(head, Map.copyOf(contents));
    }

    /// What a rule service answers a node.
    ///
    /// @param mayLag whether it may be one that is behind by some revisions. Never the third time
    ///   in a row: a node would believe that the deployment was set back
    JsonObject answer(JsonObject message, Age age, boolean mayLag) {
        boolean sync = message.getString("call").equals("sync");
        String node = sync ? message.getJsonObject("report").getString("node") : "";
        int before = lagging.getOrDefault(node, 0);
        boolean lags = mayLag && before < 2 && !views.isEmpty() && random.nextInt(4) == 0;
        View view =
                lags ? views.stream().skip(random.nextInt(views.size())).findFirst().get() : now();
        JsonObject body =
                sync
                        ? sync(message.getJsonObject("report"), view)
                        : pull(message.getString("instance"), message.getLong("have"), age, view);
        if (body == null) {
            return new JsonObject().put("status", 404).put("body", new JsonObject());
        }
        // One that does not say what its answer has to be cannot be caught between two revisions.
        if (mayLag && age != Age.OLD && random.nextInt(LIES_OF) == 0) {
            falsify(body);
        }
        return new JsonObject()
                .put("status", 200)
                .put("body", dressed(body, age))
                .put(SYNC, sync)
                .put(LAGS, lags);
    }

    /// A node hears an answer: only what it heard counts as in a row.
    void heard(String node, JsonObject answer) {
        if (answer.getBoolean(SYNC, false)) {
            lagging.merge(node, 1, (before, one) -> before + one);
            if (!answer.getBoolean(LAGS)) {
                lagging.remove(node);
            }
        }
    }

    /// Something else than the truth, under the truth's digest; or the truth under another.
    private static void falsify(JsonObject body) {
        if (body.getValue("content") instanceof JsonObject content) {
            falsifyRules(content);
        } else if (body.getValue("changes") instanceof JsonArray changes) {
            changes.forEach(change -> falsifyRules((JsonObject) change));
        } else if (body.getValue("instances") instanceof JsonObject targets) {
            targets.forEach(each -> ((JsonObject) each.getValue()).put("digest", "00"));
        }
    }

    private static void falsifyRules(JsonObject content) {
        JsonArray rules = content.getJsonArray("rules");
        rules.forEach(rule -> ((JsonObject) rule).put("originPort", "9999"));
        if (rules.size() > 1) {
            rules.remove(0);
        }
    }

    private JsonObject sync(JsonObject json, View view) {
        NodeReport report = NodeReport.read(json);
        reports.put(report.node(), report);
        Map<String, Targets.Target> targets = new TreeMap<>();
        view.contents()
                .forEach((id, c) -> targets.put(id, new Targets.Target(c.revision(), c.digest())));
        return new Targets(view.head(), targets).print();
    }

    private @Nullable JsonObject pull(String id, long have, Age age, View view) {
        InstanceContent content = view.contents().get(id);
        if (content == null) {
            return null;
        }
        List<ContentChange> after =
                steps.getOrDefault(id, List.of()).stream()
                        .filter(step -> step.revision() > have && step.revision() <= view.head())
                        .toList();
        boolean few = have > 0 && age != Age.OLD && after.size() <= STEPS_MAX;
        JsonArray changes = new JsonArray();
        after.forEach(step -> changes.add(step.print()));
        return few ? new JsonObject().put("v", 1).put("changes", changes) : whole(content, age);
    }

    private static JsonObject whole(InstanceContent content, Age age) {
        JsonObject body = new JsonObject().put("v", 1).put("content", content.print());
        return age == Age.OLD ? body : body.put("digest", content.digest());
    }

    /// Adds what only a later version would say.
    private static JsonObject dressed(JsonObject json, Age age) {
        if (age == Age.NEW) {
            dress(json);
        }
        return json;
    }

    private static void dress(JsonObject json) {
        for (Map.Entry<String, Object> each : json.copy()) {
            dress(json, each.getKey());
        }
        json.put("v", 2).put("later", new JsonObject().put("x", 1));
    }

    private static void dress(JsonObject json, String key) {
        if (json.getValue(key) instanceof JsonArray array) {
            for (Object item : array) {
                if (item instanceof JsonObject object) {
                    dress(object);
                }
            }
        } else if (key.equals("content") && json.getValue(key) instanceof JsonObject content) {
            dress(content);
        }
    }

    long head() {
        return head;
    }

    Map<String, InstanceContent> contents() {
        return contents;
    }

    /// The digest that an instance had at a revision; `null` where it had none.
    @Nullable String digest(String instance, long revision) {
        return digests.getOrDefault(instance, Map.of()).get(revision);
    }

    /// The revision that deleted an instance last; 0 where none did.
    long deleted(String instance) {
        return deleted.getOrDefault(instance, 0L);
    }

    /// What each node reported last.
    Map<String, NodeReport> reports() {
        return reports;
    }
}
