package io.skerry.load;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
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
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// Whoever serves many ports, on an address and one core, with as many descriptors as a container
/// often has.
sealed interface ManyPortsServer extends AutoCloseable {
    /// As many as a container often has.
    int DESCRIPTORS = 20_000;

    /// Gives it its rules, or starts it with them.
    ///
    /// @return when that began, by {@link System#nanoTime}
    long order() throws IOException, InterruptedException;

    /// Takes away its last rule.
    ///
    /// @return when that was asked for, by {@link System#nanoTime}
    long orderOneLess() throws IOException, InterruptedException;

    /// The rules it has been told.
    int rules();

    /// The address its ports are on.
    String host();

    Running process();

    @Override
    default void close() {
        process().close();
    }

    /// Waits until a port accepts, or does not any more.
    default void await(int port, boolean open) throws IOException {
        long deadline = System.nanoTime() + Duration.ofMinutes(2).toNanos();
        while (!is(port, open)) {
            if (!process().alive() || System.nanoTime() > deadline) {
                throw new IOException(
                        "port " + port + " did not become " + (open ? "open" : "closed"));
            }
            LockSupport.parkNanos(1_000_000);
        }
    }

    private boolean is(int port, boolean open) throws IOException {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(host(), port), 1_000);
            socket.setSoLinger(true, 0);
            return open;
        } catch (ConnectException refused) {
            return !open;
        } catch (SocketTimeoutException | SocketException full) {
            // Its backlog is, or it turned the client away: asked again.
            return false;
        }
    }

    private static List<String> limited(List<String> line) {
        List<String> all = new ArrayList<>(List.of("prlimit", "--nofile=" + DESCRIPTORS, "--"));
        all.addAll(line);
        return all;
    }

    /// What a user starts, told its rules by the API.
    final class Skerry implements ManyPortsServer {
        private static final ObjectMapper JSON = new ObjectMapper();

        private final Running process;
        private final String host;
        private final String api;
        private final HttpClient client = HttpClient.newHttpClient();
        private final int target;
        private final List<String> left = new ArrayList<>();
        private int rules;
        private String instance = "";

        /// @param steers whether it may; otherwise each port has a socket
        /// @param rules it is to have
        /// @param target port of the origin
        Skerry(Path root, Path folder, int core, String host, boolean steers, int rules, int target)
                throws IOException {
            this.host = host;
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
                            "--listen=" + host,
                            "--data=" + Files.createTempDirectory(folder, "skerry-ports"),
                            "--drain=0");
            process =
                    Running.start(
                            "skerry",
                            core,
                            folder.resolve("skerry-ports-" + host + ".log"),
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
            made.path("items").forEach(rule -> left.add(rule.path("id").asText()));
            return began;
        }

        @Override
        public long orderOneLess() throws IOException, InterruptedException {
            String last = left.removeLast();
            rules--;
            long began = System.nanoTime();
            send("POST", "/v1/instances/" + instance + "/rules/" + last + "/disable", null);
            return began;
        }

        @Override
        public int rules() {
            return rules;
        }

        @Override
        public String host() {
            return host;
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

    /// HAProxy and nginx: their change is another configuration and a reload.
    final class Peer implements ManyPortsServer {
        /// Writes its configuration.
        interface Configuration {
            String of(int rules) throws IOException;
        }

        private final String name;
        private final int core;
        private final String host;
        private final Path folder;
        private final Configuration configuration;
        private int rules;
        private @Nullable Running process;

        /// @param name `haproxy` or `nginx`
        Peer(
                String name,
                int core,
                String host,
                Path folder,
                int rules,
                Configuration configuration) {
            this.name = name;
            this.core = core;
            this.host = host;
            this.folder = folder;
            this.rules = rules;
            this.configuration = configuration;
        }

        private Path write() throws IOException {
            return Files.writeString(folder.resolve(name + "-ports.cfg"), configuration.of(rules));
        }

        @Override
        public long order() throws IOException {
            Path file = write();
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
        public long orderOneLess() throws IOException, InterruptedException {
            rules--;
            write();
            String signal = name.equals("haproxy") ? "-USR2" : "-HUP";
            long began = System.nanoTime();
            new ProcessBuilder("kill", signal, "" + process().pid()).start().waitFor();
            return began;
        }

        @Override
        public int rules() {
            return rules;
        }

        @Override
        public String host() {
            return host;
        }

        @Override
        public Running process() {
            if (process == null) {
                throw new IllegalStateException("not started");
            }
            return process;
        }
    }
}
