package io.skerry.load;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/// Starts what a user starts, `./skerry up`, with one event loop, and gives it rules through its
/// API. That way the numbers hold for the real product with everything that runs beside the bytes
/// (API, rule service, database, JIT, collector); all of it shares the one core and all of it is
/// charged.
///
/// @param root the repository
/// @param folder where data and log go
/// @param core the proxies' core
/// @param origin first port of the origin
record SkerryUp(Path root, Path folder, int core, int origin) {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    Contender start() throws IOException, InterruptedException {
        Path data = Files.createTempDirectory(folder, "skerry-data");
        Path errors = folder.resolve("skerry.log");
        Running process =
                Running.start(
                        Contender.SKERRY,
                        core,
                        errors,
                        Map.of("SKERRY_EDGE_LOOPS", "1"),
                        List.of(
                                Path.of(System.getProperty("java.home"), "bin/java").toString(),
                                "@" + root.resolve("jvm.options"),
                                "-cp",
                                System.getProperty("java.class.path"),
                                "io.skerry.standalone.Up",
                                "--api=" + Contender.HOST + ":0",
                                "--listen=" + Contender.HOST,
                                "--data=" + data,
                                "--drain=0"));
        try {
            String ready = process.lineThatBegins("ready ");
            int base = Origin.freePorts();
            addRules(ready.substring("ready ".length()).strip(), base);
            for (OriginPort port : OriginPort.values()) {
                if (!port.udp()) {
                    Peers.awaitPort(
                            process, port.number(base), "a rule did not come up: see " + errors);
                }
            }
            return new Contender.Skerry(process, base, data);
        } catch (IOException failed) {
            process.close();
            throw new IOException("skerry did not start: see " + errors, failed);
        }
    }

    private void addRules(String api, int base) throws IOException, InterruptedException {
        try (HttpClient client = HttpClient.newHttpClient()) {
            ObjectNode instance = JSON.createObjectNode().put("name", "bench");
            String id = post(client, api + "/v1/instances", instance).path("id").asText();
            ArrayNode rules = JSON.createArrayNode();
            for (OriginPort port : OriginPort.values()) {
                rules.add(rule(port, base));
            }
            post(client, api + "/v1/instances/" + id + "/rules", rules);
        }
    }

    private ObjectNode rule(OriginPort port, int base) {
        ObjectNode rule = JSON.createObjectNode();
        rule.put("protocol", port.udp() ? "UDP" : "TCP");
        rule.putArray("ports").add(Integer.toString(port.number(base)));
        rule.putObject("origin").put("type", "single").put("address", Contender.HOST);
        rule.put("originPort", Integer.toString(port.number(origin)));
        rule.put("clientIp", port.ppv2() ? "ppv2" : "off");
        rule.put("idleSeconds", port.idleSeconds());
        return rule;
    }

    private static JsonNode post(HttpClient client, String address, JsonNode body)
            throws IOException, InterruptedException {
        HttpRequest request =
                HttpRequest.newBuilder(URI.create(address))
                        .timeout(PATIENCE)
                        .header("Content-Type", "application/json")
                        .POST(BodyPublishers.ofString(body.toString()))
                        .build();
        HttpResponse<String> response = client.send(request, BodyHandlers.ofString());
        if (response.statusCode() != 201) {
            throw new IOException(
                    response.statusCode() + " from " + address + ": " + response.body());
        }
        return JSON.readTree(response.body());
    }
}
