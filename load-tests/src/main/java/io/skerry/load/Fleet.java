package io.skerry.load;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// The product as processes on loopback: a database, a rule service, a gateway, and as many edge
/// nodes as are added, each with an address of its own.
final class Fleet implements AutoCloseable {
    private static final String HOST = "127.0.0.1";
    private static final String TOKEN = "token-of-the-bench";

    private final Path root;
    private final Path folder;
    private final List<Running> running = new ArrayList<>();
    private final Running database;
    private final String rules = HOST + ":" + freePort();
    private final String member = HOST + ":" + freePort();
    private final String api = HOST + ":" + freePort();
    private int edges;

    private Fleet(Path root, Path folder) throws IOException {
        this.root = root;
        this.folder = folder;
        database =
                java(
                        "database",
                        "io.skerry.standalone.postgres.DatabaseMain",
                        Map.of(),
                        folder.resolve("postgres").toString());
    }

    /// Starts everything but edges.
    static Fleet start(Path root, Path folder) throws IOException {
        Fleet fleet = new Fleet(root, Files.createTempDirectory(folder, "fleet"));
        try {
            String ready = fleet.database.lineThatBegins("ready ");
            Map<String, String> forRules = fleet.member(fleet.member);
            forRules.put("SKERRY_POSTGRES", ready.substring("ready ".length()).strip());
            forRules.put("SKERRY_RULES_BIND", fleet.rules);
            forRules.put("SKERRY_NODE_TOKEN", TOKEN);
            forRules.put("SKERRY_INSTANCE_QUOTA", "1000");
            fleet.java("rules", "io.skerry.rules.RuleServiceMain", forRules);
            Map<String, String> forGateway = fleet.member(HOST + ":" + freePort());
            forGateway.put("SKERRY_API", fleet.api);
            fleet.java("gateway", "io.skerry.gateway.GatewayMain", forGateway);
            return fleet;
        } catch (IOException | RuntimeException failed) {
            fleet.close();
            throw failed;
        }
    }

    /// Starts another edge node.
    void addEdge() throws IOException {
        edges++;
        Map<String, String> environment = member(HOST + ":" + freePort());
        environment.put("SKERRY_RULES", "http://" + rules);
        environment.put("SKERRY_NODE_TOKEN", TOKEN);
        environment.put("SKERRY_NODE", "edge-" + edges);
        environment.put("SKERRY_LISTEN", address(edges));
        environment.put("SKERRY_DATA", folder.resolve("edge-" + edges).toString());
        environment.put("SKERRY_DRAIN", "0");
        environment.put("SKERRY_EDGE_LOOPS", "1");
        java("edge-" + edges, "io.skerry.edge.EdgeMain", environment);
    }

    int edges() {
        return edges;
    }

    /// Where the rules of an edge node listen; they are numbered from 1.
    static String address(int edge) {
        return "127.0.1." + edge;
    }

    String api() {
        return "http://" + api;
    }

    private Map<String, String> member(String bind) throws IOException {
        Map<String, String> environment = new HashMap<>();
        environment.put("SKERRY_CLUSTER_BIND", bind);
        environment.put("SKERRY_BUS_BIND", HOST + ":" + freePort());
        environment.put("SKERRY_CLUSTER_MEMBERS", member);
        environment.put("SKERRY_ADMIN", HOST + ":" + freePort());
        return environment;
    }

    /// Small heaps and the fast compiler only: many of them share the machine.
    private Running java(String name, String main, Map<String, String> environment, String... rest)
            throws IOException {
        List<String> line = new ArrayList<>();
        line.add(Path.of(System.getProperty("java.home"), "bin/java").toString());
        line.add("@" + root.resolve("jvm.options"));
        line.addAll(List.of("-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp"));
        line.add(System.getProperty("java.class.path"));
        line.add(main);
        line.addAll(List.of(rest));
        Running started = Running.start(name, folder.resolve(name + ".log"), environment, line);
        running.add(started);
        return started;
    }

    private static int freePort() throws IOException {
        try (ServerSocket probe = new ServerSocket(0, 1, InetAddress.getByName(HOST))) {
            return probe.getLocalPort();
        }
    }

    @Override
    public void close() {
        // The database last: the others end without an outage.
        running.reversed().forEach(Running::close);
    }
}
