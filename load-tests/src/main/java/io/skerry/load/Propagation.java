package io.skerry.load;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// `./skerry bench propagation`: how long a change takes until every edge node serves it, seen by
/// clients of the nodes. One change at a time; for each the time from the request until the last
/// node behaves as it says, and until the API has answered. The commit lies between request and
/// answer, so that the time from the commit lies between the two that are told.
final class Propagation {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String HOST = "127.0.0.1";
    private static final int RULES = 100;
    private static final int IMPORTED = 2_000;
    private static final int SAMPLES = 40;
    private static final int WARM_UP = 30;
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final long POLL_NANOS = 2_000_000;

    /// Below the ports that the system gives to clients.
    private static final int PORT_FIRST = 12_000;

    private final Path root;
    private final Path folder;
    private final int changes;
    private final List<Integer> edges;
    private final Random random = new Random(7);
    private final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final List<Rule> rules = new ArrayList<>();
    private int nextPort = PORT_FIRST;

    /// A rule as clients see it.
    private static final class Rule {
        final String id;
        final int port;
        char says;

        Rule(String id, int port, char says) {
            this.id = id;
            this.port = port;
            this.says = says;
        }
    }

    /// Milliseconds of one change.
    ///
    /// @param serving from the request until every node serves it
    /// @param answered from the request until its answer, which comes after the commit
    private record Took(double serving, double answered) {}

    /// @param changes counted changes for each number of edges
    /// @param edges numbers of edges, rising
    Propagation(Path root, Path folder, int changes, List<Integer> edges) {
        this.root = root;
        this.folder = folder;
        this.changes = changes;
        this.edges = edges;
    }

    /// Measures; the result as a table in Markdown.
    String run() throws IOException, InterruptedException {
        StringBuilder table =
                new StringBuilder(
                        """
                        | edges | change | n | request to serving p50 | p99 | max | answer to serving p50 | p99 |
                        | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: |
                        """);
        try (Fleet fleet = Fleet.start(root, folder);
                ServerSocket a = origin('a');
                ServerSocket b = origin('b')) {
            String instance = "";
            for (int wanted : edges) {
                while (fleet.edges() < wanted) {
                    fleet.addEdge();
                }
                if (instance.isEmpty()) {
                    instance = prepare(fleet, a);
                }
                awaitEdges(fleet);
                measure(fleet, instance, a, b, WARM_UP);
                List<Took> took = measure(fleet, instance, a, b, changes);
                table.append(line(wanted, "one of " + RULES + " rules", took));
                table.append(line(wanted, IMPORTED + " rules at once", imports(fleet, a)));
            }
        }
        return table.toString();
    }

    private static String line(int edges, String what, List<Took> took) {
        double[] serving = took.stream().mapToDouble(Took::serving).toArray();
        double[] after = took.stream().mapToDouble(t -> t.serving() - t.answered()).toArray();
        return String.format(
                Locale.ROOT,
                "| %d | %s | %d | %.0f ms | %.0f ms | %.0f ms | %.0f ms | %.0f ms |%n",
                edges,
                what,
                took.size(),
                quantile(serving, 0.5),
                quantile(serving, 0.99),
                quantile(serving, 1),
                quantile(after, 0.5),
                quantile(after, 0.99));
    }

    static double quantile(double[] values, double share) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        int index = (int) Math.ceil(share * sorted.length) - 1;
        return sorted[Math.clamp(index, 0, sorted.length - 1)];
    }

    /// An origin that says one letter to whoever connects.
    private static ServerSocket origin(char letter) throws IOException {
        ServerSocket server = new ServerSocket(0, 1024, InetAddress.getByName(HOST));
        Thread.ofPlatform()
                .daemon()
                .start(() -> {
                    while (!server.isClosed()) {
                        try (Socket client = server.accept()) {
                            client.getOutputStream().write(letter);
                        } catch (IOException over) {
                            // A client that has gone, or the end of the bench.
                        }
                    }
                });
        return server;
    }

    /// What a node says on a port; 0 where nobody accepts.
    private static char heard(int edge, int port) {
        try (Socket socket = new Socket()) {
            socket.setSoTimeout(2_000);
            socket.connect(new InetSocketAddress(Fleet.address(edge), port), 2_000);
            return (char) Math.max(0, socket.getInputStream().read());
        } catch (IOException refused) {
            return 0;
        }
    }

    private String prepare(Fleet fleet, ServerSocket a) throws IOException, InterruptedException {
        String instance = instance(fleet, "many");
        ArrayNode all = JSON.createArrayNode();
        for (int i = 0; i < RULES; i++) {
            all.add(rule(nextPort + i, a.getLocalPort()));
        }
        String path = "/v1/instances/" + instance + "/rules";
        JsonNode made = call(fleet, "POST", path, all, 201).path("items");
        for (int i = 0; i < RULES; i++) {
            rules.add(new Rule(made.get(i).path("id").asText(), nextPort + i, 'a'));
        }
        nextPort += RULES;
        return instance;
    }

    private String instance(Fleet fleet, String name) throws IOException, InterruptedException {
        ObjectNode body = JSON.createObjectNode().put("name", name);
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (true) {
            try {
                return call(fleet, "POST", "/v1/instances", body, 201).path("id").asText();
            } catch (IOException notYet) {
                if (System.nanoTime() > end) {
                    throw notYet;
                }
                LockSupport.parkNanos(100_000_000);
            }
        }
    }

    private static ObjectNode rule(int port, int originPort) {
        ObjectNode rule = JSON.createObjectNode().put("protocol", "TCP");
        rule.putArray("ports").add(Integer.toString(port));
        rule.putObject("origin").put("type", "single").put("address", HOST);
        return rule.put("originPort", Integer.toString(originPort)).put("drainSeconds", 0);
    }

    private void awaitEdges(Fleet fleet) throws IOException, InterruptedException {
        Rule last = rules.getLast();
        awaitAll(fleet.edges(), last.port, last.says);
    }

    private List<Took> measure(
            Fleet fleet, String instance, ServerSocket a, ServerSocket b, int count)
            throws IOException, InterruptedException {
        List<Took> took = new ArrayList<>();
        String path = "/v1/instances/" + instance + "/rules";
        for (int i = 0; i < count; i++) {
            Rule rule = rules.get(random.nextInt(rules.size()));
            switch (random.nextInt(4)) {
                case 0 -> {
                    int port = nextPort++;
                    Change add = change("POST", path, rule(port, a.getLocalPort()), 201);
                    took.add(add.until(fleet, port, 'a'));
                    rules.add(new Rule(add.id, port, 'a'));
                }
                case 1 -> {
                    Change off = change("POST", path + "/" + rule.id + "/disable", null, 202);
                    took.add(off.until(fleet, rule.port, (char) 0));
                    rules.remove(rule);
                }
                default -> {
                    rule.says = rule.says == 'a' ? 'b' : 'a';
                    int port = (rule.says == 'a' ? a : b).getLocalPort();
                    ObjectNode patch =
                            JSON.createObjectNode().put("originPort", Integer.toString(port));
                    Change turn = change("PATCH", path + "/" + rule.id, patch, 200);
                    took.add(turn.until(fleet, rule.port, rule.says));
                }
            }
        }
        return took;
    }

    private List<Took> imports(Fleet fleet, ServerSocket a)
            throws IOException, InterruptedException {
        String instance = instance(fleet, "import-" + fleet.edges());
        ArrayNode all = JSON.createArrayNode();
        for (int i = 0; i < IMPORTED; i++) {
            all.add(rule(nextPort + i, a.getLocalPort()));
        }
        Change add = change("POST", "/v1/instances/" + instance + "/rules", all, 201);
        // Rules open in no order of their ports: the last of these is about the last of all.
        List<Took> took = List.of(add.until(fleet, nextPort, nextPort + IMPORTED - 1, 'a'));
        nextPort += IMPORTED;
        String base = "/v1/instances/" + instance;
        call(fleet, "POST", base + "/disable", null, 202);
        for (int i = 0; i < IMPORTED; i += IMPORTED - 1) {
            awaitAll(fleet.edges(), nextPort - 1 - i, (char) 0);
        }
        return took;
    }

    private Change change(String method, String path, @Nullable JsonNode body, int status) {
        return new Change(method, path, body, status);
    }

    /// A change that is sent while every node is watched.
    private final class Change {
        final String method;
        final String path;
        final @Nullable JsonNode body;
        final int status;
        String id = "";

        Change(String method, String path, @Nullable JsonNode body, int status) {
            this.method = method;
            this.path = path;
            this.body = body;
            this.status = status;
        }

        Took until(Fleet fleet, int port, char says) throws IOException, InterruptedException {
            return until(fleet, port, port, says);
        }

        Took until(Fleet fleet, int first, int last, char says)
                throws IOException, InterruptedException {
            long began = System.nanoTime();
            id = call(fleet, method, path, body, status).path("id").asText();
            long answered = System.nanoTime();
            long serving = awaitAll(fleet.edges(), first, last, says);
            return new Took((serving - began) / 1e6, (answered - began) / 1e6);
        }
    }

    private static long awaitAll(int edges, int port, char says)
            throws IOException, InterruptedException {
        return awaitAll(edges, port, port, says);
    }

    /// Waits until ports from first to last, all or about 40 of them, say a letter at every node;
    /// the time of the last.
    private static long awaitAll(int edges, int first, int last, char says)
            throws IOException, InterruptedException {
        try (ExecutorService watchers = Executors.newFixedThreadPool(edges)) {
            List<Future<Long>> found = new ArrayList<>();
            for (int edge = 1; edge <= edges; edge++) {
                int number = edge;
                Callable<Long> watch = () -> await(number, first, last, says);
                found.add(watchers.submit(watch));
            }
            long latest = 0;
            for (Future<Long> each : found) {
                latest = Math.max(latest, each.get());
            }
            return latest;
        } catch (ExecutionException failed) {
            throw new IOException(failed.getCause());
        }
    }

    private static long await(int edge, int first, int last, char says) throws IOException {
        long end = System.nanoTime() + PATIENCE.toNanos();
        int step = Math.max(1, (last - first) / SAMPLES);
        int port = first;
        while (true) {
            if (heard(edge, port) == says) {
                if (port == last) {
                    return System.nanoTime();
                }
                port = Math.min(last, port + step);
            } else if (System.nanoTime() > end) {
                throw new IOException("edge " + edge + ": port " + port + " is not as it should");
            } else {
                LockSupport.parkNanos(POLL_NANOS);
            }
        }
    }

    private JsonNode call(
            Fleet fleet, String method, String path, @Nullable JsonNode body, int status)
            throws IOException, InterruptedException {
        HttpRequest request =
                HttpRequest.newBuilder(URI.create(fleet.api() + path))
                        .timeout(PATIENCE)
                        .header("Content-Type", "application/json")
                        .method(
                                method,
                                body == null
                                        ? HttpRequest.BodyPublishers.noBody()
                                        : HttpRequest.BodyPublishers.ofString(body.toString()))
                        .build();
        HttpResponse<String> response = http.send(request, HttpResponse.BodyHandlers.ofString());
        if (response.statusCode() != status) {
            throw new IOException(response.statusCode() + " from " + path + ": " + response.body());
        }
        return JSON.readTree(response.body());
    }
}
