package io.skerry.standalone.demo;

import io.skerry.edge.bpf.BpfException;
import io.skerry.edge.bpf.Cgroup;
import io.skerry.edge.toa.Network;
import io.skerry.edge.toa.ToaReader;
import io.skerry.shared.bus.BusAddress;
import io.skerry.shared.bus.Operation;
import io.skerry.shared.bus.RuleReply;
import io.skerry.shared.bus.RuleRequest;
import io.skerry.shared.net.Protocol;
import io.skerry.shared.process.Bus;
import io.skerry.shared.rule.ClientIp;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Adds the instance `demo` with one rule per client-IP mode this machine can do.
///
/// A demo of an earlier start is used again: its rules get the new ports of the origin, which lives
/// in this process.
public final class Demo {
    private static final Logger LOG = LoggerFactory.getLogger(Demo.class);
    private static final String NAME = "demo";
    private static final int FIRST_PORT = 17_000;
    private static final Duration SERVED_DEADLINE = Duration.ofSeconds(10);
    private static final Duration POLL = Duration.ofMillis(50);

    /// One rule of the demonstration.
    private record Exhibit(Protocol protocol, ClientIp mode, int port) {
        String line(String host) {
            return switch (protocol) {
                case TCP -> "curl -s http://" + host + ":" + port + "/";
                case UDP ->
                        "bash -c 'exec 3<>/dev/udp/"
                                + host
                                + "/"
                                + port
                                + "; echo hello >&3; timeout 2 head -n 1 <&3'";
            };
        }
    }

    private static final List<Exhibit> EXHIBITS =
            List.of(
                    new Exhibit(Protocol.TCP, ClientIp.OFF, FIRST_PORT + 1),
                    new Exhibit(Protocol.TCP, ClientIp.PPV1, FIRST_PORT + 2),
                    new Exhibit(Protocol.TCP, ClientIp.PPV2, FIRST_PORT + 3),
                    new Exhibit(Protocol.UDP, ClientIp.OFF, FIRST_PORT + 1),
                    new Exhibit(Protocol.UDP, ClientIp.PPV2, FIRST_PORT + 3),
                    new Exhibit(Protocol.UDP, ClientIp.SPP, FIRST_PORT + 4));

    private static final Exhibit TOA = new Exhibit(Protocol.TCP, ClientIp.TOA, FIRST_PORT + 4);

    private final Vertx vertx;
    private final Bus bus;

    /// Makes the origin see the client of a TCP option, until this process ends.
    private final Optional<ToaReader> reader = reader();

    public Demo(Vertx vertx, Bus bus) {
        this.vertx = vertx;
        this.bus = bus;
    }

    /// The origin's side of TOA for this process's cgroup, where this machine can do it. It
    /// believes the edge node of this machine alone, and to send an option from here takes
    /// privileges.
    private static Optional<ToaReader> reader() {
        Network edge = Network.parse("127.0.0.1").orElseThrow();
        return Cgroup.ofThisProcess()
                .flatMap(cgroup -> {
                    try {
                        var wanted = new ToaReader.Wanted(cgroup, List.of(edge));
                        return Optional.of(ToaReader.attach(wanted));
                    } catch (BpfException refused) {
                        LOG.info("the demo goes without TOA: {}", refused.getMessage());
                        return Optional.empty();
                    }
                });
    }

    private List<Exhibit> exhibits() {
        List<Exhibit> all = new ArrayList<>(EXHIBITS);
        if (reader.isPresent()) {
            all.add(TOA);
        }
        return all;
    }

    /// Adds or renews the demonstration.
    ///
    /// @param host an address that the rules are served on
    /// @return the lines to try
    public Future<List<String>> add(String host) {
        return instance()
                .compose(id ->
                        replaceRules(id)
                                .compose(v -> served(id, System.nanoTime()))
                                .compose(v -> refused(id))
                                .map(refused ->
                                        exhibits().stream()
                                                .filter(each -> !refused.contains(each))
                                                .map(each -> each.line(host))
                                                .toList()));
    }

    /// Exhibits whose rules this node refuses, such as TOA without access to its sockets.
    private Future<List<Exhibit>> refused(String instance) {
        return ask(Operation.LIST_RULES, Map.of("instance", instance, "status", "fail"), null)
                .map(list ->
                        exhibits().stream()
                                .filter(each ->
                                        list.getJsonArray("items").stream()
                                                .map(JsonObject.class::cast)
                                                .anyMatch(rule -> matches(rule, each)))
                                .toList());
    }

    private Future<String> instance() {
        return ask(Operation.LIST_INSTANCES, Map.of("limit", "1000"), null)
                .compose(list -> {
                    Optional<JsonObject> found =
                            list.getJsonArray("items").stream()
                                    .map(JsonObject.class::cast)
                                    .filter(each -> NAME.equals(each.getString("name")))
                                    .findFirst();
                    return found.map(Future::succeededFuture)
                            .orElseGet(() ->
                                    ask(
                                            Operation.CREATE_INSTANCE,
                                            Map.of(),
                                            new JsonObject().put("name", NAME)));
                })
                .map(instance -> instance.getString("id"));
    }

    private Future<Void> replaceRules(String instance) {
        Map<String, String> args = Map.of("instance", instance, "limit", "1000");
        return ask(Operation.LIST_RULES, args, null)
                .compose(list -> {
                    List<JsonObject> present =
                            list.getJsonArray("items").stream()
                                    .map(JsonObject.class::cast)
                                    .toList();
                    Future<Void> done = Future.succeededFuture();
                    for (Exhibit exhibit : exhibits()) {
                        done = done.compose(v -> put(instance, exhibit, present));
                    }
                    return done;
                });
    }

    /// Waits until every rule is served, so that the lines work when they are printed; a rule that
    /// fails (its port is held by another program) is not waited for.
    private Future<Void> served(String instance, long since) {
        Map<String, String> args = Map.of("instance", instance, "status", "progress");
        return ask(Operation.LIST_RULES, args, null)
                .compose(list -> {
                    boolean done = list.getInteger("total") == 0;
                    if (done || System.nanoTime() - since > SERVED_DEADLINE.toNanos()) {
                        return Future.succeededFuture();
                    }
                    return vertx.timer(POLL.toMillis(), TimeUnit.MILLISECONDS)
                            .compose(v -> served(instance, since));
                });
    }

    private Future<Void> put(String instance, Exhibit exhibit, List<JsonObject> present) {
        return origin(exhibit)
                .compose(port -> {
                    Optional<JsonObject> same =
                            present.stream().filter(r -> matches(r, exhibit)).findFirst();
                    if (same.isEmpty()) {
                        return ask(
                                Operation.CREATE_RULES,
                                Map.of("instance", instance),
                                rule(exhibit, port));
                    }
                    return ask(
                            Operation.PATCH_RULE,
                            Map.of("instance", instance, "rule", same.get().getString("id")),
                            new JsonObject().put("originPort", port.toString()));
                })
                .mapEmpty();
    }

    private static boolean matches(JsonObject rule, Exhibit exhibit) {
        return exhibit.protocol().name().equals(rule.getString("protocol"))
                && rule.getJsonArray("ports").contains(Integer.toString(exhibit.port()));
    }

    private Future<Integer> origin(Exhibit exhibit) {
        return switch (exhibit.protocol()) {
            case TCP -> DemoOrigin.tcp(vertx, exhibit.mode());
            case UDP -> DemoOrigin.udp(vertx, exhibit.mode());
        };
    }

    private static JsonObject rule(Exhibit exhibit, int originPort) {
        return new JsonObject()
                .put("protocol", exhibit.protocol().name())
                .put("ports", new JsonArray().add(Integer.toString(exhibit.port())))
                .put("origin", new JsonObject().put("type", "single").put("address", "127.0.0.1"))
                .put("originPort", Integer.toString(originPort))
                .put("clientIp", DemoOrigin.word(exhibit.mode()))
                .put("tag", "demo " + DemoOrigin.word(exhibit.mode()));
    }

    private Future<JsonObject> ask(
            Operation operation,
            Map<String, String> args,
            @org.jspecify.annotations.Nullable JsonObject body) {
        JsonObject request = RuleRequest.of(operation, args, body).print();
        return bus.request(BusAddress.RULES, request, operation.deadlineMillis())
                .map(RuleReply::read)
                .compose(reply ->
                        switch (reply) {
                            case RuleReply.Done done -> Future.succeededFuture(done.body());
                            case RuleReply.Refused(var problem) ->
                                    Future.failedFuture(problem.toException());
                        });
    }
}
