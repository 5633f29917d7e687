package io.skerry.standalone.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// Changes rules one after another, each with a key of its own until it is acknowledged, and knows
/// what must be served then.
final class ChaosWriter implements AutoCloseable {
    /// From the acknowledgement of a change until the spared node serves it: it may have to wait
    /// for a rule service that starts again.
    static final Duration SERVED_WITHIN = Duration.ofSeconds(60);

    private static final int RULES_MAX = 20;

    /// A rule as acknowledged last: what a client hears on its port, nothing while it is off.
    private record Rule(String id, int port, String word, boolean on) {
        String heard() {
            return on ? word : "";
        }
    }

    private final Cluster cluster;
    private final int spared;
    private final Random random;
    private final WordOrigin one = new WordOrigin("one");
    private final WordOrigin two = new WordOrigin("two");
    private final String instance;
    private final Map<String, Rule> rules = new TreeMap<>();
    private int writes;
    private int repeats;
    private Duration slowest = Duration.ZERO;
    private Duration refused = Duration.ZERO;

    /// @param spared the edge node that is never killed
    ChaosWriter(Cluster cluster, int spared, Random random) {
        this.cluster = cluster;
        this.spared = spared;
        this.random = random;
        this.instance =
                cluster.door().instance("chaos-" + UUID.randomUUID().toString().substring(0, 8));
    }

    /// Makes some changes, each seen on the spared node before the next.
    void write(int changes) {
        for (int i = 0; i < changes; i++) {
            Rule rule = change();
            long began = System.nanoTime();
            awaitServed(rule, spared);
            Duration took = Duration.ofNanos(System.nanoTime() - began);
            slowest = took.compareTo(slowest) > 0 ? took : slowest;
        }
    }

    /// Makes changes until a moment of `System.nanoTime()`.
    void writeUntil(long nanoTime) {
        while (System.nanoTime() < nanoTime) {
            write(1);
        }
    }

    private Rule change() {
        boolean first = random.nextBoolean();
        String word = first ? "one" : "two";
        int originPort = first ? one.port() : two.port();
        int choice = random.nextInt(6);
        if (rules.isEmpty() || choice == 0 && rules.size() < RULES_MAX) {
            int port = Cluster.port();
            JsonObject made = acknowledged("POST", "", Door.tcp(port, originPort), 201);
            return keep(new Rule(made.getString("id"), port, word, true));
        }
        Rule rule = rules.values().stream().skip(random.nextInt(rules.size())).findFirst().get();
        if (!rule.on()) {
            acknowledged("POST", "/" + rule.id() + "/enable", null, 202);
            return keep(new Rule(rule.id(), rule.port(), rule.word(), true));
        }
        if (choice == 1) {
            acknowledged("POST", "/" + rule.id() + "/disable", null, 202);
            return keep(new Rule(rule.id(), rule.port(), rule.word(), false));
        }
        JsonObject patch = new JsonObject().put("originPort", Integer.toString(originPort));
        acknowledged("PATCH", "/" + rule.id(), patch, 200);
        return keep(new Rule(rule.id(), rule.port(), word, true));
    }

    private Rule keep(Rule rule) {
        rules.put(rule.id(), rule);
        return rule;
    }

    private JsonObject acknowledged(
            String method, String path, @Nullable JsonObject body, int wanted) {
        String key = UUID.randomUUID().toString();
        long began = System.nanoTime();
        Door.Reply[] last = new Door.Reply[1];
        Waiting.until(
                method + path + " is acknowledged",
                Cluster.CONVERGE.multipliedBy(2),
                () -> {
                    last[0] =
                            cluster.door()
                                    .call(
                                            method,
                                            "/v1/instances/" + instance + "/rules" + path,
                                            body,
                                            key);
                    repeats++;
                    // Nobody there, or nobody who knows: the same key again.
                    assertThat(last[0].status()).as(last[0].text()).isIn(wanted, 0, 503, 504);
                    return last[0].status() == wanted;
                },
                () -> last[0] + cluster.said());
        Duration took = Duration.ofNanos(System.nanoTime() - began);
        refused = took.compareTo(refused) > 0 ? took : refused;
        writes++;
        repeats--;
        return last[0].json();
    }

    /// Waits until a living node does what was acknowledged. Before it does, nobody may say so.
    private void awaitServed(Rule rule, int edge) {
        Waiting.until(
                "edge-" + edge + " serves " + rule,
                SERVED_WITHIN,
                () -> {
                    List<String> shown = cluster.door().rollout(instance, rule.id());
                    String heard = WordOrigin.heard(cluster.address(edge), rule.port()).orElse("");
                    if (shown.contains("edge-" + edge + " ack")) {
                        assertThat(heard)
                                .as("%s, shown as %s", rule, shown)
                                .isEqualTo(rule.heard());
                    }
                    return heard.equals(rule.heard());
                },
                () ->
                        WordOrigin.heard(cluster.address(edge), rule.port())
                                + " "
                                + cluster.door().rollout(instance, rule.id())
                                + cluster.said());
    }

    /// With every process alive: no acknowledged change is lost, and nothing is stored twice.
    void everyNodeServesWhatWasAcknowledged() {
        for (int edge = 1; edge <= 3; edge++) {
            for (Rule rule : rules.values()) {
                awaitServed(rule, edge);
            }
        }
        rules.values().stream()
                .filter(Rule::on)
                .forEach(rule -> cluster.awaitOnline(instance, rule.id()));
        int stored =
                cluster.door()
                        .call("GET", "/v1/instances/" + instance + "/rules")
                        .expect(200)
                        .json()
                        .getInteger("total");
        assertThat(stored).isEqualTo(rules.size());
    }

    /// The longest that a change and its repetitions took until it was acknowledged.
    Duration longestRefused() {
        return refused;
    }

    /// How often a change was refused, or nobody knew, and it was asked for again.
    int repeats() {
        return repeats;
    }

    @Override
    public String toString() {
        return writes
                + " writes acknowledged, "
                + repeats
                + " repeated, the longest for "
                + refused
                + "; the slowest was served "
                + slowest
                + " after its acknowledgement";
    }

    @Override
    public void close() {
        one.close();
        two.close();
    }
}
