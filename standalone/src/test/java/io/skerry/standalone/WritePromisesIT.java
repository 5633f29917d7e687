package io.skerry.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.skerry.standalone.fixture.Api;
import io.skerry.standalone.fixture.Await;
import io.skerry.standalone.fixture.Ports;
import io.skerry.standalone.fixture.Product;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/// What every write promises, asked over HTTP: `If-Match` against lost updates, `Idempotency-Key`
/// against doing it twice, and a record of who did what, when and from where.
final class WritePromisesIT {
    private static final String STALE = "\"999999999\"";
    private static final Duration DEADLINE = Duration.ofSeconds(30);

    @RegisterExtension static final Product product = new Product("--listen", "127.0.0.1");

    private final HttpClient http = HttpClient.newHttpClient();
    private final List<String> recorded = new ArrayList<>();

    /// One write.
    ///
    /// @param match the `ETag` that it needs; `*` where the call has none
    private record Write(
            String operation,
            String method,
            String path,
            @Nullable Object body,
            String match,
            int status) {
        Write with(String another) {
            return new Write(operation, method, path, body, another, status);
        }
    }

    private HttpResponse<String> send(Write write, String key) {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(URI.create(product.api().base() + write.path()))
                        .timeout(DEADLINE)
                        .header("Idempotency-Key", key)
                        .header("If-Match", write.match())
                        .method(
                                write.method(),
                                write.body() == null
                                        ? HttpRequest.BodyPublishers.noBody()
                                        : HttpRequest.BodyPublishers.ofString(
                                                write.body().toString()));
        if (write.body() != null) {
            boolean text = write.body() instanceof String;
            request.header("Content-Type", text ? "text/plain" : "application/json");
        }
        try {
            return http.send(request.build(), HttpResponse.BodyHandlers.ofString());
        } catch (java.io.IOException | InterruptedException failed) {
            throw new IllegalStateException(failed);
        }
    }

    private static JsonObject newest() {
        return product.api()
                .get("/v1/revisions?limit=1")
                .expect(200)
                .json()
                .getJsonArray("items")
                .getJsonObject(0);
    }

    private static long head() {
        JsonObject list = product.api().get("/v1/revisions?limit=1").expect(200).json();
        return list.getInteger("total") == 0
                ? 0
                : list.getJsonArray("items").getJsonObject(0).getLong("revision");
    }

    /// Refused first, then done, then repeated, then its key used for something else.
    private JsonObject keepsItsPromises(Write write, String object) {
        long before = head();
        String refusedKey = UUID.randomUUID().toString();
        HttpResponse<String> stale = send(write.with(STALE), refusedKey);
        assertThat(stale.statusCode()).as(write.operation() + ": " + stale.body()).isEqualTo(412);
        assertThat(stale.body()).contains("\"code\":\"stale\"", "If-Match");
        assertThat(head()).as("nothing is stored").isEqualTo(before);

        String key = UUID.randomUUID().toString();
        HttpResponse<String> done = send(write, key);
        assertThat(done.statusCode())
                .as(write.operation() + ": " + done.body())
                .isEqualTo(write.status());
        assertThat(head()).as(write.operation()).isEqualTo(before + 1);
        JsonObject audit = newest();
        assertThat(audit.getString("operation")).isEqualTo(write.operation());
        assertThat(audit.getString("actor")).isEqualTo("anonymous");
        assertThat(audit.getString("source")).isEqualTo("127.0.0.1");
        assertThat(Instant.parse(audit.getString("at")))
                .isCloseTo(Instant.now(), within(5, ChronoUnit.MINUTES));
        assertThat(audit.getString("summary")).isNotBlank();
        assertThat(audit.getString("object"))
                .isEqualTo(object.isEmpty() ? new JsonObject(done.body()).getString("id") : object);

        HttpResponse<String> again = send(write, key);
        assertThat(again.statusCode()).as("the same again").isEqualTo(done.statusCode());
        assertThat(json(again)).isEqualTo(json(done));
        assertThat(again.headers().firstValue("ETag")).isEqualTo(done.headers().firstValue("ETag"));
        assertThat(head()).as("is not done twice").isEqualTo(before + 1);
        HttpResponse<String> other = send(write.with("\"999999998\""), key);
        assertThat(other.statusCode()).as("another request under the key").isEqualTo(409);
        assertThat(other.body()).contains("\"code\":\"key_reused\"");
        recorded.add(write.operation());
        return json(done);
    }

    private static JsonObject json(HttpResponse<String> answer) {
        return answer.body().isEmpty() ? new JsonObject() : new JsonObject(answer.body());
    }

    private static String tag(String path) {
        return product.api().get(path).expect(200).headers().firstValue("ETag").orElseThrow();
    }

    private Write write(String operation, String method, String path, @Nullable Object body) {
        return new Write(operation, method, path, body, "*", 200);
    }

    private static JsonObject rule(int port) {
        return new JsonObject()
                .put("protocol", "TCP")
                .put("ports", new JsonArray().add(Integer.toString(port)))
                .put("origin", new JsonObject().put("type", "single").put("address", "127.0.0.1"))
                .put("originPort", "9");
    }

    private static JsonObject group(String address) {
        JsonArray origins = new JsonArray().add(new JsonObject().put("address", address));
        return new JsonObject().put("name", "promised").put("origins", origins);
    }

    private static void await(String path, String status) {
        Await.until(
                path + " becomes " + status,
                DEADLINE,
                () -> product.api().get(path).json().getString("status").equals(status),
                () -> product.api().get(path).text());
    }

    @Test
    void everyWriteHonoursIfMatchAndIdempotencyKeyAndIsRecorded() {
        Api api = product.api();
        String instances = "/v1/instances";
        JsonObject named = new JsonObject().put("name", "promises");
        String id =
                keepsItsPromises(
                                new Write("create_instance", "POST", instances, named, "*", 201),
                                "")
                        .getString("id");
        String path = instances + "/" + id;
        groups();
        rules(api, path, id);
        rollouts(path, id);
        nodes();
        JsonObject to = new JsonObject().put("to", head());
        api.post(path + "/rules", rule(Ports.free())).expect(201);
        keepsItsPromises(
                write("rollback_instance", "POST", path + "/rollback", to).with(tag(path)), id);
        keepsItsPromises(accepted("disable_instance", path + "/disable").with(tag(path)), id);
        await(path, "offline");
        keepsItsPromises(accepted("enable_instance", path + "/enable").with(tag(path)), id);
        api.post(path + "/disable").expect(202);
        await(path, "offline");
        keepsItsPromises(new Write("delete_instance", "DELETE", path, null, tag(path), 204), id);
        assertThat(recorded).hasSize(20);
    }

    private Write accepted(String operation, String path) {
        return new Write(operation, "POST", path, null, "*", 202);
    }

    private void groups() {
        String groups = "/v1/origin-groups";
        String id =
                keepsItsPromises(
                                new Write(
                                        "create_origin_group",
                                        "POST",
                                        groups,
                                        group("127.0.0.1"),
                                        "*",
                                        201),
                                "")
                        .getString("id");
        String path = groups + "/" + id;
        keepsItsPromises(
                write("put_origin_group", "PUT", path, group("127.0.0.2")).with(tag(path)), id);
        keepsItsPromises(
                new Write("delete_origin_group", "DELETE", path, null, tag(path), 204), id);
    }

    private void rules(Api api, String path, String instance) {
        JsonObject first = rule(Ports.free());
        String id =
                keepsItsPromises(
                                new Write(
                                        "create_rules",
                                        "POST",
                                        path + "/rules",
                                        first,
                                        tag(path),
                                        201),
                                "")
                        .getString("id");
        String rule = path + "/rules/" + id;
        JsonObject tagged = new JsonObject().put("tag", "new");
        keepsItsPromises(write("patch_rule", "PATCH", rule, tagged).with(tag(rule)), id);
        keepsItsPromises(accepted("disable_rule", rule + "/disable").with(tag(rule)), id);
        await(rule, "offline");
        keepsItsPromises(accepted("enable_rule", rule + "/enable").with(tag(rule)), id);
        api.post(rule + "/disable").expect(202);
        await(rule, "offline");
        keepsItsPromises(new Write("delete_rule", "DELETE", rule, null, tag(rule), 204), id);
        String text = "tcp:" + Ports.free() + " 127.0.0.1 9 off off";
        keepsItsPromises(
                write("import_rules", "POST", path + "/rules/import", text).with(tag(path)),
                instance);
    }

    private void rollouts(String path, String id) {
        JsonObject waves = new JsonObject().put("strategy", "waves").put("observeSeconds", 600);
        JsonObject body = new JsonObject().put("rollout", waves);
        keepsItsPromises(write("patch_instance", "PATCH", path, body).with(tag(path)), id);
        product.api().post(path + "/rules", rule(Ports.free())).expect(201);
        String rollout = path + "/rollout";
        for (String verb : List.of("pause", "resume", "abort")) {
            keepsItsPromises(
                    write(verb + "_rollout", "POST", rollout + "/" + verb, null).with(tag(path)),
                    id);
        }
    }

    private void nodes() {
        String node =
                product.api()
                        .get("/v1/nodes")
                        .json()
                        .getJsonArray("items")
                        .getJsonObject(0)
                        .getString("node");
        keepsItsPromises(accepted("drain_node", "/v1/nodes/" + node + "/drain"), node);
        keepsItsPromises(accepted("undrain_node", "/v1/nodes/" + node + "/undrain"), node);
    }
}
