package io.skerry.standalone.cluster;

import io.skerry.standalone.fixture.Ports;
import io.skerry.standalone.postgres.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/// The product as separate processes on loopback: PostgreSQL, two rule services, a gateway and
/// three edge nodes, each with an address of its own.
final class Cluster implements AutoCloseable {
    static final Duration CONVERGE = Duration.ofSeconds(60);

    /// A pull every 2.2 s at the latest, 1 s for it, and the same again for a busy machine.
    static final Duration AT_TARGET = Duration.ofSeconds(7);

    private static final int ANSWERS = 8;
    private static final String ANSWERING = "skerry_bus_members_answering";
    private static final String TOKEN = "a token for tests";

    private final Site site;
    private final Path folder;
    private final List<PostgresLink> links = new ArrayList<>();
    private final int gatewayPort = port();
    private final int[] rulesPorts = {port(), port()};
    private final int[] memberPorts = {port(), port()};
    private final List<ServiceProcess> rules = new ArrayList<>();
    private final List<ServiceProcess> edges = new ArrayList<>();
    private final ServiceProcess gateway;
    private final Door door;
    private EmbeddedPostgres postgres;

    private Cluster(Site site, Path folder, EmbeddedPostgres postgres) {
        this.site = site;
        this.folder = folder;
        this.door = new Door(site.host("gateway"), gatewayPort);
        this.postgres = postgres;
        for (int i = 0; i < 2; i++) {
            rules.add(ruleService(i));
        }
        Map<String, String> forGateway = member("gateway", port());
        forGateway.put("SKERRY_API", site.host("gateway") + ":" + gatewayPort);
        gateway = process("gateway", "io.skerry.gateway.GatewayMain", forGateway);
        for (int i = 1; i <= 3; i++) {
            edges.add(edge("edge-" + i, "edge-" + i, site.listen(i)));
        }
    }

    /// Starts everything and waits until all nodes are up.
    static Cluster start() {
        return start(Site.loopback());
    }

    static Cluster start(Site site) {
        try {
            Path folder = Files.createTempDirectory(Path.of("target").toAbsolutePath(), "cluster-");
            System.out.println("cluster in " + folder.getFileName());
            Cluster cluster =
                    new Cluster(site, folder, EmbeddedPostgres.start(folder.resolve("pg")));
            try {
                cluster.all().forEach(ServiceProcess::start);
                cluster.all().forEach(ServiceProcess::awaitReady);
                cluster.awaitNodes();
                return cluster;
            } catch (RuntimeException | AssertionError failed) {
                cluster.close();
                throw failed;
            }
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(interrupted);
        }
    }

    private ServiceProcess ruleService(int index) {
        String name = "rules-" + (index + 1);
        PostgresLink link = new PostgresLink(site.home(), postgres.address().port());
        links.add(link);
        Map<String, String> environment = member(name, memberPorts[index]);
        environment.put("SKERRY_POSTGRES", link.uri(postgres.uri()));
        environment.put("SKERRY_RULES_BIND", site.host(name) + ":" + rulesPorts[index]);
        environment.put("SKERRY_NODE_TOKEN", TOKEN);
        environment.put("SKERRY_INSTANCE_QUOTA", "1000");
        return process(name, "io.skerry.rules.RuleServiceMain", environment);
    }

    /// Another edge node; not started.
    ///
    /// @param process names the process and its folder
    /// @param node the name it goes by
    ServiceProcess edge(String process, String node, String address) {
        Map<String, String> environment = member(process, port());
        environment.put(
                "SKERRY_RULES",
                "http://"
                        + site.host("rules-1")
                        + ":"
                        + rulesPorts[0]
                        + ",http://"
                        + site.host("rules-2")
                        + ":"
                        + rulesPorts[1]);
        environment.put("SKERRY_NODE_TOKEN", TOKEN);
        environment.put("SKERRY_NODE", node);
        environment.put("SKERRY_LISTEN", address);
        environment.put("SKERRY_DATA", folder.resolve(process).toString());
        environment.put("SKERRY_DRAIN", "1s");
        environment.put("SKERRY_EDGE_HAND_OVER_DRAIN", "1h");
        return process(process, "io.skerry.edge.EdgeMain", environment);
    }

    private Map<String, String> member(String process, int port) {
        Map<String, String> environment = new HashMap<>(site.settings(process));
        String host = site.host(process);
        environment.put("SKERRY_CLUSTER_BIND", host + ":" + port);
        environment.put("SKERRY_BUS_BIND", host + ":" + port());
        environment.put(
                "SKERRY_CLUSTER_MEMBERS",
                site.host("rules-1")
                        + ":"
                        + memberPorts[0]
                        + ","
                        + site.host("rules-2")
                        + ":"
                        + memberPorts[1]);
        return environment;
    }

    private ServiceProcess process(String name, String main, Map<String, String> environment) {
        environment.put("SKERRY_ADMIN", site.host(name) + ":" + port());
        return new ServiceProcess(name, site.prefix(name), main, environment, folder);
    }

    /// Address of the edge node with this number.
    String address(int edge) {
        return site.listen(edge);
    }

    /// The way of a rule service to the database.
    ///
    /// @param number 1 or 2
    PostgresLink link(int number) {
        return links.get(number - 1);
    }

    /// Ports of all rule services where edge nodes pull and report.
    int[] rulesPorts() {
        return rulesPorts.clone();
    }

    Path folder() {
        return folder;
    }

    Door door() {
        return door;
    }

    List<ServiceProcess> rules() {
        return rules;
    }

    ServiceProcess gateway() {
        return gateway;
    }

    /// Edge node 1, 2 or 3.
    ServiceProcess edge(int number) {
        return edges.get(number - 1);
    }

    /// Whether a content of an instance has yet to prove itself on an edge node.
    boolean isOnTrial(int number, String instance) {
        return Files.exists(folder.resolve("edge-" + number + "/trials/" + instance + ".json"));
    }

    /// Does something to the database behind the back of the product.
    void sql(String statement) throws SQLException {
        try (Connection connection = database();
                Statement sql = connection.createStatement()) {
            sql.execute(statement);
        }
    }

    /// How many nodes the database has heard of in so many seconds, and not in the future.
    int nodesHeardWithin(int seconds) {
        try (Connection connection = database();
                Statement sql = connection.createStatement();
                ResultSet rows =
                        sql.executeQuery(
                                "SELECT count(*) FROM node WHERE seen_at BETWEEN now() - interval '"
                                        + seconds
                                        + " s' AND now()")) {
            rows.next();
            return rows.getInt(1);
        } catch (SQLException failed) {
            throw new IllegalStateException(failed);
        }
    }

    /// How many pairs of a node and an instance there are where the node has not acknowledged the
    /// digest that the database has for the instance.
    int behind() {
        try (Connection connection = database();
                Statement sql = connection.createStatement();
                ResultSet rows =
                        sql.executeQuery(
                                "SELECT count(*) FROM instance i CROSS JOIN node n LEFT JOIN"
                                        + " node_instance a ON a.node = n.name AND a.instance_id ="
                                        + " i.id WHERE a.digest IS DISTINCT FROM i.digest")) {
            rows.next();
            return rows.getInt(1);
        } catch (SQLException starting) {
            return Integer.MAX_VALUE;
        }
    }

    private Connection database() throws SQLException {
        String[] user =
                postgres.uri().substring("postgresql://".length()).split("@", 2)[0].split(":", 2);
        String url = "jdbc:postgresql://" + postgres.uri().split("@", 2)[1];
        return DriverManager.getConnection(url, user[0], user[1]);
    }

    EmbeddedPostgres postgres() {
        return postgres;
    }

    /// SIGKILL to the database; what watches over it starts it again.
    void killPostgres() {
        ProcessHandle.of(postgres.pid()).ifPresent(ProcessHandle::destroyForcibly);
    }

    /// Stops PostgreSQL and does not start it again.
    void stopPostgres() throws IOException, InterruptedException {
        postgres.stop();
    }

    /// Starts it again: same folder, same port, same password.
    void startPostgres() throws IOException, InterruptedException {
        String before = postgres.uri();
        postgres = EmbeddedPostgres.start(folder.resolve("pg"));
        if (!postgres.uri().equals(before)) {
            throw new AssertionError("the database moved to another address");
        }
    }

    List<ServiceProcess> all() {
        return Stream.of(rules, List.of(gateway), edges).flatMap(List::stream).toList();
    }

    void awaitNodes() {
        List<String> up = List.of("edge-1 up", "edge-2 up", "edge-3 up");
        Waiting.until(
                "all nodes are up",
                CONVERGE,
                () -> door.nodes().containsAll(up),
                () -> door.nodes() + said());
    }

    /// Waits until every process has heard a rule service on the event bus from now on: nodes are
    /// up by their pulls, whatever becomes of the bus.
    void awaitBus(Duration within) {
        long began = System.nanoTime();
        for (ServiceProcess process : all()) {
            Waiting.until(
                    process.name() + " hears the bus",
                    within,
                    () ->
                            process.metric("skerry_bus_silence_seconds").orElse(1e9)
                                    < (System.nanoTime() - began) / 1e9,
                    this::said);
        }
    }

    /// With nothing broken any more: waits until every node is at its target, which is promised
    /// within a pull interval and a second. Answers how long it took.
    Duration awaitTargets() {
        long began = System.nanoTime();
        Waiting.until(
                "every node is at its target",
                AT_TARGET,
                () -> behind() == 0,
                () -> behind() + said());
        return Duration.ofNanos(System.nanoTime() - began);
    }

    /// Waits until everything is ready, all nodes are up, and so many requests in a row are
    /// answered that each rule service has had some.
    void awaitWell() {
        all().forEach(ServiceProcess::awaitReady);
        awaitNodes();
        int[] answered = new int[1];
        Waiting.until(
                "every request is answered",
                CONVERGE,
                () -> {
                    boolean good = door.call("GET", "/v1/nodes").status() == 200;
                    answered[0] = good ? answered[0] + 1 : 0;
                    return answered[0] >= ANSWERS;
                },
                this::said);
    }

    /// Waits until every process can ask each rule service but itself over the bus.
    void awaitBus() {
        for (ServiceProcess process : all()) {
            double others = rules().contains(process) ? rules().size() - 1 : rules().size();
            Waiting.until(
                    process.name() + " is answered by " + others + " rule services",
                    CONVERGE,
                    () -> process.metric(ANSWERING).orElse(-1.0) == others,
                    () -> process.metric(ANSWERING) + said());
        }
    }

    /// Waits until all three nodes acknowledged a rule.
    void awaitOnline(String instance, String rule) {
        List<String> acks = List.of("edge-1 ack", "edge-2 ack", "edge-3 ack");
        Waiting.until(
                rule + " is acknowledged by all",
                CONVERGE,
                () -> door.rollout(instance, rule).equals(acks),
                () -> door.rollout(instance, rule) + said());
    }

    /// Waits until a port says a word at some edge nodes.
    void awaitWord(String word, int port, int... numbers) {
        for (int number : numbers) {
            Waiting.until(
                    "edge-" + number + " forwards port " + port,
                    CONVERGE,
                    () -> WordOrigin.heard(address(number), port).filter(word::equals).isPresent(),
                    () -> WordOrigin.heard(address(number), port));
        }
    }

    String said() {
        StringBuilder text = new StringBuilder();
        for (ServiceProcess each : all()) {
            text.append("\n--- ").append(each.name()).append('\n').append(each.said());
        }
        return text.toString();
    }

    /// A port that is free on all addresses used here.
    static int port() {
        return Ports.free();
    }

    @Override
    public void close() {
        all().forEach(ServiceProcess::close);
        door.close();
        links.forEach(PostgresLink::close);
        try {
            postgres.stop();
            site.close();
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
