package io.skerry.load;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintStream;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// 2,000 rules of 20 ports: how long until they serve, what they take, how fast they accept, how
/// long a change of one rule takes. A server for each, one after the other, one core each.
///
/// @param options what was asked for
/// @param root the repository
/// @param folder where logs and configurations go
/// @param log lines about progress
record ManyPorts(Options options, Path root, Path folder, PrintStream log) {

    /// As many as a container often has.
    static final int DESCRIPTORS = 20_000;

    private static final long PATIENCE_NANOS = 120_000_000_000L;

    /// The first has all the rules; the others as many as their descriptors allow, the second for
    /// comparison with them.
    private static final List<String> NAMES =
            List.of("skerry", "skerry-fewer", "skerry-sockets", "haproxy", "nginx");

    /// Kept for connections and the programs themselves.
    private static final int OTHER_DESCRIPTORS = 6_000;

    private static final ObjectMapper JSON = new ObjectMapper();

    /// @param serving milliseconds from the order, or the start, until every port accepts
    /// @param change milliseconds from the order until the ports of one rule are closed
    private record Row(
            String name,
            int ports,
            double serving,
            double change,
            double megabytes,
            long descriptors,
            double accepts) {}

    /// Whoever is measured.
    private interface Server {
        long order() throws IOException, InterruptedException;

        long orderChange() throws IOException, InterruptedException;

        Running process();
    }

    String run() throws IOException, InterruptedException {
        Machine machine = Machine.here();
        Programs programs = Programs.build(root, folder);
        List<Row> rows = new ArrayList<>();
        try (Origin origin = Origin.start(programs, machine.loadCore())) {
            for (String name : NAMES) {
                boolean peer = !name.startsWith("skerry");
                if (options.takesPart(peer ? name : "skerry")
                        && (!peer || Programs.installed(name))) {
                    rows.add(measure(name, programs, machine, origin));
                    log.println("ports: " + name);
                }
            }
        }
        return table(rows);
    }

    private Row measure(String name, Programs programs, Machine machine, Origin origin)
            throws IOException, InterruptedException {
        int target = OriginPort.ONCE.number(origin.base());
        int rules =
                name.equals("skerry")
                        ? PortRules.RULES
                        : (DESCRIPTORS - OTHER_DESCRIPTORS) / PortRules.PORTS;
        List<Integer> ports = PortRules.ports().subList(0, rules * PortRules.PORTS);
        Server server =
                switch (name) {
                    case "haproxy" ->
                            new Peer(
                                    name,
                                    machine.proxyCore(),
                                    peerFile("haproxy", PortRules.haproxy(target, rules)));
                    case "nginx" ->
                            new Peer(
                                    name,
                                    machine.proxyCore(),
                                    peerFile("nginx", PortRules.nginx(folder, target, rules)));
                    default ->
                            new Skerry(
                                    machine.proxyCore(),
                                    !name.equals("skerry-sockets"),
                                    rules,
                                    target);
                };
        try {
            long began = server.order();
            for (int port : ports) {
                await(server, port, true);
            }
            double serving = (System.nanoTime() - began) / 1e6;
            long descriptors = descriptors(server.process());
            double megabytes = pss(server.process()) / 1e6;
            double accepts = accepts(programs, machine, origin, server);
            if (server instanceof Peer peer) {
                Files.writeString(
                        peer.file,
                        name.equals("haproxy")
                                ? PortRules.haproxy(target, rules - 1)
                                : PortRules.nginx(folder, target, rules - 1));
            }
            began = server.orderChange();
            for (int port : PortRules.portsOf(rules - 1)) {
                await(server, port, false);
            }
            double change = (System.nanoTime() - began) / 1e6;
            return new Row(name, ports.size(), serving, change, megabytes, descriptors, accepts);
        } finally {
            server.process().close();
        }
    }

    private static void await(Server server, int port, boolean open) throws IOException {
        long deadline = System.nanoTime() + PATIENCE_NANOS;
        while (!is(port, open)) {
            if (!server.process().alive() || System.nanoTime() > deadline) {
                throw new IOException(
                        "port " + port + " did not become " + (open ? "open" : "closed"));
            }
            LockSupport.parkNanos(1_000_000);
        }
    }

    private static boolean is(int port, boolean open) throws IOException {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(PortRules.HOST, port), 1_000);
            socket.setSoLinger(true, 0);
            return open;
        } catch (ConnectException refused) {
            return !open;
        } catch (SocketTimeoutException | SocketException full) {
            // Its backlog is, or it turned the client away: asked again.
            return false;
        }
    }

    private double accepts(Programs programs, Machine machine, Origin origin, Server server)
            throws IOException, InterruptedException {
        List<String> line =
                List.of(
                        programs.generator().toString(),
                        "connections",
                        "--host",
                        PortRules.HOST,
                        "--port",
                        "" + PortRules.ports().get(PortRules.PORTS),
                        "--seconds",
                        "" + options.seconds(),
                        "--warm-up",
                        "" + options.warmUp(),
                        "--concurrency",
                        "64",
                        "--size",
                        "64",
                        "--counters",
                        origin.counters().toString(),
                        "--origin-pid",
                        "" + origin.process().pid(),
                        "--pids",
                        server.process().pids());
        try (Running generator =
                Running.start(
                        "generator",
                        machine.loadCore(),
                        folder.resolve("generator.log"),
                        Map.of(),
                        line)) {
            Measured measured = Measured.read(generator.lineThatBegins("{"));
            generator.end();
            return measured.perSecond();
        }
    }

    private static long descriptors(Running process) throws IOException {
        long count = 0;
        for (String pid : process.pids().split(",")) {
            try (Stream<Path> open = Files.list(Path.of("/proc", pid, "fd"))) {
                count += open.count();
            }
        }
        return count;
    }

    /// Proportional set size of the whole process tree, in bytes; the kernel's memory for sockets
    /// is not part of it.
    private static double pss(Running process) throws IOException {
        double bytes = 0;
        for (String pid : process.pids().split(",")) {
            for (String line : Files.readAllLines(Path.of("/proc", pid, "smaps_rollup"))) {
                if (line.startsWith("Pss:")) {
                    bytes += Double.parseDouble(line.replaceAll("\\D", "")) * 1024;
                }
            }
        }
        return bytes;
    }

    private static List<String> limited(List<String> line) {
        List<String> all = new ArrayList<>(List.of("prlimit", "--nofile=" + DESCRIPTORS, "--"));
        all.addAll(line);
        return all;
    }

    // --- Skerry

    private final class Skerry implements Server {
        private final Running process;
        private final String api;
        private final HttpClient client = HttpClient.newHttpClient();
        private final int target;
        private final int rules;
        private String instance = "";
        private String last = "";

        Skerry(int core, boolean steers, int rules, int target) throws IOException {
            this.target = target;
            this.rules = rules;
            List<String> line =
                    List.of(
                            Path.of(System.getProperty("java.home"), "bin/java").toString(),
                            "@" + root.resolve("jvm.options"),
                            "-cp",
                            System.getProperty("java.class.path"),
                            "io.skerry.standalone.Up",
                            "--api=127.0.0.1:0",
                            "--listen=" + PortRules.HOST,
                            "--data=" + Files.createTempDirectory(folder, "skerry-ports"),
                            "--drain=0");
            process =
                    Running.start(
                            "skerry",
                            core,
                            folder.resolve("skerry-ports.log"),
                            Map.of(
                                    "SKERRY_EDGE_LOOPS",
                                    "1",
                                    "SKERRY_EDGE_STEERING",
                                    steers ? "auto" : "off"),
                            limited(line));
            api = process.lineThatBegins("ready ").substring("ready ".length()).strip();
        }

        @Override
        public long order() throws IOException, InterruptedException {
            ObjectNode name = JSON.createObjectNode().put("name", "ports");
            instance = send("POST", "/v1/instances", name).path("id").asText();
            ArrayNode all = JSON.createArrayNode();
            for (int i = 0; i < rules; i++) {
                ObjectNode rule = all.addObject().put("protocol", "TCP");
                ArrayNode ports = rule.putArray("ports");
                PortRules.runs(PortRules.portsOf(i)).forEach(ports::add);
                rule.putObject("origin").put("type", "single").put("address", "127.0.0.1");
                rule.put("originPort", "" + target);
            }
            long began = System.nanoTime();
            JsonNode made = send("POST", "/v1/instances/" + instance + "/rules", all);
            last = made.path("items").path(rules - 1).path("id").asText();
            return began;
        }

        @Override
        public long orderChange() throws IOException, InterruptedException {
            long began = System.nanoTime();
            send("POST", "/v1/instances/" + instance + "/rules/" + last + "/disable", null);
            return began;
        }

        private JsonNode send(String method, String path, @Nullable JsonNode body)
                throws IOException, InterruptedException {
            HttpRequest request =
                    HttpRequest.newBuilder(URI.create(api + path))
                            .timeout(Duration.ofSeconds(60))
                            .header("Content-Type", "application/json")
                            .method(
                                    method,
                                    body == null
                                            ? BodyPublishers.noBody()
                                            : BodyPublishers.ofString(body.toString()))
                            .build();
            HttpResponse<String> response = client.send(request, BodyHandlers.ofString());
            if (response.statusCode() / 100 != 2) {
                throw new IOException(response.statusCode() + ": " + response.body());
            }
            return JSON.readTree(response.body());
        }

        @Override
        public Running process() {
            return process;
        }
    }

    // --- HAProxy and nginx: their change is another configuration and a reload

    private final class Peer implements Server {
        private final String name;
        private final int core;
        private final Path file;
        private @Nullable Running process;

        Peer(String name, int core, Path file) {
            this.name = name;
            this.core = core;
            this.file = file;
        }

        @Override
        public long order() throws IOException {
            List<String> line =
                    name.equals("haproxy")
                            ? List.of("haproxy", "-W", "-db", "-f", file.toString())
                            : List.of(
                                    "nginx",
                                    "-p",
                                    folder.toString(),
                                    "-c",
                                    file.toString(),
                                    "-e",
                                    "stderr");
            Map<String, String> path =
                    Map.of("PATH", System.getenv().getOrDefault("PATH", "") + ":/usr/sbin:/sbin");
            long began = System.nanoTime();
            process =
                    Running.start(
                            name, core, folder.resolve(name + "-ports.log"), path, limited(line));
            return began;
        }

        @Override
        public long orderChange() throws IOException, InterruptedException {
            long began = System.nanoTime();
            String signal = name.equals("haproxy") ? "-USR2" : "-HUP";
            new ProcessBuilder("kill", signal, "" + process().pid()).start().waitFor();
            return began;
        }

        @Override
        public Running process() {
            if (process == null) {
                throw new IllegalStateException("not started");
            }
            return process;
        }
    }

    private Path peerFile(String name, String text) throws IOException {
        return Files.writeString(folder.resolve(name + "-ports.cfg"), text);
    }

    private static String table(List<Row> rows) {
        StringBuilder text =
                new StringBuilder(
                        """
                        | | skerry, steered | skerry, steered | skerry, sockets | haproxy | nginx |
                        | --- | ---: | ---: | ---: | ---: | ---: |
                        """);
        row(text, "ports", rows, row -> row.ports());
        row(text, "until all accept, ms", rows, Row::serving);
        row(text, "one rule less, ms", rows, Row::change);
        row(text, "descriptors", rows, row -> row.descriptors());
        row(text, "memory (Pss), MB", rows, Row::megabytes);
        row(text, "connections a second", rows, Row::accepts);
        return text.toString();
    }

    private static void row(
            StringBuilder text,
            String what,
            List<Row> rows,
            java.util.function.ToDoubleFunction<Row> value) {
        text.append("| ").append(what).append(" |");
        for (String name : NAMES) {
            text.append(' ')
                    .append(
                            rows.stream()
                                    .filter(row -> row.name().equals(name))
                                    .findFirst()
                                    .map(row ->
                                            String.format(
                                                    Locale.ROOT, "%,.0f", value.applyAsDouble(row)))
                                    .orElse("–"))
                    .append(" |");
        }
        text.append('\n');
    }
}
