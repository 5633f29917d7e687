package io.skerry.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.skerry.shared.bus.Operation;
import io.skerry.shared.problem.Code;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpMethod;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class OpenApiTest {
    private static JsonNode document() throws IOException {
        return new YAMLMapper().readTree(OpenApi.load());
    }

    private static List<Route> routes() throws Exception {
        try (Door door = new Door()) {
            Vertx vertx = door.vertx;
            GatewaySettings settings = new GatewaySettings(door.api, false, door.api, 1, 1);
            GatewayMetrics metrics = new GatewayMetrics(settings, 1);
            return new HttpApi(
                            new RuleCalls(vertx, door.bus, metrics),
                            new EventStream(vertx, metrics, 1, 1_000),
                            new HealthCalls(vertx, door.bus))
                    .routes();
        }
    }

    @Test
    void describesExactlyTheCallsThatAreServed() throws Exception {
        Set<String> described = new TreeSet<>();
        document()
                .get("paths")
                .properties()
                .forEach(path ->
                        path.getValue()
                                .fieldNames()
                                .forEachRemaining(method -> add(described, method, path.getKey())));
        Set<String> served = new TreeSet<>();
        routes().forEach(route -> add(served, route.method().name(), route.path()));

        assertThat(described).isEqualTo(served).hasSize(38);
    }

    private static void add(Set<String> calls, String method, String path) {
        if (!method.equals("parameters")) {
            calls.add(method.toUpperCase(Locale.ROOT) + " " + path);
        }
    }

    @Test
    void describesTheQueryParametersThatAreKnown() throws Exception {
        JsonNode document = document();
        for (Route route : routes()) {
            JsonNode call =
                    document.get("paths")
                            .get(route.path())
                            .get(route.method().name().toLowerCase(Locale.ROOT));
            Set<String> described = new TreeSet<>();
            for (JsonNode reference : call.path("parameters")) {
                JsonNode parameter = document.at(reference.get("$ref").asText().substring(1));
                if (parameter.get("in").asText().equals("query")) {
                    described.add(parameter.get("name").asText());
                }
            }
            assertThat(described)
                    .as(route.method() + " " + route.path())
                    .isEqualTo(new TreeSet<>(route.query()));
        }
    }

    @Test
    void listsEveryCode() throws Exception {
        List<String> described = new ArrayList<>();
        document()
                .at("/components/schemas/Code/enum")
                .forEach(code -> described.add(code.asText()));

        assertThat(described)
                .containsExactlyElementsOf(Arrays.stream(Code.values()).map(Code::word).toList());
    }

    @Test
    void pointsToNothingThatIsNotThere() throws Exception {
        JsonNode document = document();

        for (JsonNode reference : document.findValues("$ref")) {
            assertThat(document.at(reference.asText().substring(1)).isMissingNode())
                    .as(reference.asText())
                    .isFalse();
        }
    }

    @Test
    void servesEveryOperationOfTheRuleService() throws Exception {
        long own = routes().stream().filter(route -> !route.path().startsWith("/v1/")).count();

        // All but PING have a call; events is ours.
        assertThat(routes()).hasSize(Operation.values().length - 1 + 1 + (int) own);
        assertThat(routes().stream().map(Route::method)).doesNotContain(HttpMethod.HEAD);
    }

    @Test
    void isServedAsItIs() throws Exception {
        try (Door door = new Door()) {
            Wire.Answer answer = door.call("GET", "/openapi.yaml");

            assertThat(answer.header("Content-Type")).isEqualTo("application/yaml");
            assertThat(answer.body()).isEqualTo(new String(OpenApi.load(), StandardCharsets.UTF_8));
        }
    }
}
