package io.skerry.standalone.cluster;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The API of the cluster's gateway.
final class Door implements AutoCloseable {
    private static final Duration REQUEST = Duration.ofSeconds(30);

    private final HttpClient http =
            HttpClient.newBuilder()
                    .version(HttpClient.Version.HTTP_1_1)
                    .connectTimeout(Duration.ofSeconds(2))
                    .build();
    private final String base;

    Door(String host, int port) {
        this.base = "http://" + host + ":" + port;
    }

    /// @param status 0 where nobody answers
    record Reply(int status, String text) {
        JsonObject json() {
            return new JsonObject(text);
        }

        Reply expect(int wanted) {
            if (status != wanted) {
                throw new AssertionError("expected " + wanted + ", got " + status + ": " + text);
            }
            return this;
        }
    }

    Reply call(String method, String path) {
        return send(method, path, HttpRequest.BodyPublishers.noBody());
    }

    Reply call(String method, String path, JsonObject body) {
        return send(method, path, HttpRequest.BodyPublishers.ofString(body.encode()));
    }

    Reply call(String method, String path, JsonArray body) {
        return send(method, path, HttpRequest.BodyPublishers.ofString(body.encode()));
    }

    /// The same request with an `Idempotency-Key`, and with or without a body.
    Reply call(String method, String path, @Nullable JsonObject body, String key) {
        return send(
                request(
                                method,
                                path,
                                body == null
                                        ? HttpRequest.BodyPublishers.noBody()
                                        : HttpRequest.BodyPublishers.ofString(body.encode()))
                        .header("Idempotency-Key", key)
                        .build());
    }

    private Reply send(String method, String path, HttpRequest.BodyPublisher body) {
        return send(request(method, path, body).build());
    }

    private HttpRequest.Builder request(
            String method, String path, HttpRequest.BodyPublisher body) {
        return HttpRequest.newBuilder(URI.create(base + path))
                .timeout(REQUEST)
                .header("Content-Type", "application/json")
                .method(method, body);
    }

    private Reply send(HttpRequest request) {
        try {
            HttpResponse<String> answer = http.send(request, HttpResponse.BodyHandlers.ofString());
            return new Reply(answer.statusCode(), answer.body());
        } catch (IOException nobody) {
            return new Reply(0, nobody.toString());
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return new Reply(0, "interrupted");
        }
    }

    /// Makes an instance; answers its id.
    String instance(String name) {
        JsonObject body = new JsonObject().put("name", name);
        return call("POST", "/v1/instances", body).expect(201).json().getString("id");
    }

    /// A TCP rule from a port to a port of 127.0.0.1.
    static JsonObject tcp(int port, int originPort) {
        return tcp(port, "127.0.0.1", originPort);
    }

    /// A TCP rule from a port to a port of an address.
    static JsonObject tcp(int port, String address, int originPort) {
        return new JsonObject()
                .put("protocol", "TCP")
                .put("ports", new JsonArray().add(Integer.toString(port)))
                .put("origin", new JsonObject().put("type", "single").put("address", address))
                .put("originPort", Integer.toString(originPort));
    }

    Reply addRule(String instance, JsonObject rule) {
        return call("POST", "/v1/instances/" + instance + "/rules", rule);
    }

    /// Makes a rule; answers its id.
    String rule(String instance, JsonObject rule) {
        return addRule(instance, rule).expect(201).json().getString("id");
    }

    JsonObject rule(String instance, String rule) {
        return call("GET", path(instance, rule)).expect(200).json();
    }

    static String path(String instance, String rule) {
        return "/v1/instances/" + instance + "/rules/" + rule;
    }

    /// The states of a rollout, as `edge-1 ack`, in order of names.
    List<String> rollout(String instance, String rule) {
        Reply reply = call("GET", path(instance, rule) + "/rollout");
        if (reply.status() != 200) {
            return List.of(reply.text());
        }
        return reply.json().getJsonArray("nodes").stream()
                .map(JsonObject.class::cast)
                .map(node -> node.getString("node") + " " + node.getString("state"))
                .sorted()
                .toList();
    }

    /// The nodes, as `edge-1 up`, in order of names.
    List<String> nodes() {
        Reply reply = call("GET", "/v1/nodes?limit=1000");
        if (reply.status() != 200) {
            return List.of(reply.text());
        }
        return reply.json().getJsonArray("items").stream()
                .map(JsonObject.class::cast)
                .map(node -> node.getString("node") + " " + node.getString("state"))
                .sorted()
                .toList();
    }

    /// Why a node lacks a capability such as `steering`; empty where it has it.
    Optional<String> missing(String node, String capability) {
        return call("GET", "/v1/nodes?limit=1000").expect(200).json().getJsonArray("items").stream()
                .map(JsonObject.class::cast)
                .filter(each -> node.equals(each.getString("node")))
                .map(each -> each.getJsonObject("missing").getString(capability))
                .filter(Objects::nonNull)
                .findFirst();
    }

    @Override
    public void close() {
        http.close();
    }
}
