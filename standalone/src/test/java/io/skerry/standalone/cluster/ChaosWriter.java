package io.skerry.standalone.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
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

    /// What a rule must do: say a word, or nothing when it is disabled.
    private record Rule(int port, String word) {}

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
            String rule = change();
            long began = System.nanoTime();
            awaitServed(rule, spared);
            Duration took = Duration.ofNanos(System.nanoTime() - began);
            slowest = took.compareTo(slowest) > 0 ? took : slowest;
        }
    }

    private String change() {
        boolean first = random.nextBoolean();
        String word = first ? "one" : "two";
        int originPort = first ? one.port() : two.port();
        int choice = random.nextInt(6);
        if (rules.isEmpty() || choice == 0 && rules.size() < RULES_MAX) {
            int port = Cluster.port();
            JsonObject made = acknowledged("POST", "", Door.tcp(port, originPort), 201);
            String id = made.getString("id");
            rules.put(id, new Rule(port, word));
            return id;
        }
        String id = rules.keySet().stream().skip(random.nextInt(rules.size())).findFirst().get();
        Rule rule = Objects.requireNonNull(rules.get(id));
        if (choice == 1 && !rule.word().isEmpty()) {
            acknowledged("POST", "/" + id + "/disable", null, 202);
            rules.put(id, new Rule(rule.port(), ""));
        } else if (!rule.word().isEmpty()) {
            JsonObject patch = new JsonObject().put("originPort", Integer.toString(originPort));
            acknowledged("PATCH", "/" + id, patch, 200);
            rules.put(id, new Rule(rule.port(), word));
        }
        return id;
    }

    private JsonObject acknowledged(
            String method, String path, @Nullable JsonObject body, int wanted) {
        String key = UUID.randomUUID().toString();
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
        writes++;
        repeats--;
        return last[0].json();
    }

    private void awaitServed(String id, int edge) {
        Rule rule = Objects.requireNonNull(rules.get(id));
        Waiting.until(
                "edge-" + edge + " serves " + rule,
                SERVED_WITHIN,
                () ->
                        WordOrigin.heard(cluster.address(edge), rule.port())
                                .orElse("")
                                .equals(rule.word()),
                () ->
                        WordOrigin.heard(cluster.address(edge), rule.port())
                                + " "
                                + cluster.door().rollout(instance, id)
                                + cluster.said());
    }

    void everyNodeServesWhatWasAcknowledged() {
        for (int edge = 1; edge <= 3; edge++) {
            for (String rule : rules.keySet()) {
                awaitServed(rule, edge);
            }
        }
        rules.forEach((id, rule) -> {
            if (!rule.word().isEmpty()) {
                cluster.awaitOnline(instance, id);
            }
        });
        int stored =
                cluster.door()
                        .call("GET", "/v1/instances/" + instance + "/rules")
                        .expect(200)
                        .json()
                        .getInteger("total");
        assertThat(stored).isEqualTo(rules.size());
    }

    @Override
    public String toString() {
        return writes
                + " writes acknowledged, "
                + repeats
                + " repeated; the slowest was served "
                + slowest
                + " after its acknowledgement";
    }

    @Override
    public void close() {
        one.close();
        two.close();
    }
}
