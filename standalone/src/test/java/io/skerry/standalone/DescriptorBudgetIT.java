package io.skerry.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.standalone.fixture.Answer;
import io.skerry.standalone.fixture.Api;
import io.skerry.standalone.fixture.IdOrigins;
import io.skerry.standalone.fixture.Ports;
import io.skerry.standalone.fixture.Rules;
import io.skerry.standalone.fixture.Skerry;
import io.skerry.standalone.fixture.Workspace;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;
import org.junit.jupiter.api.Test;

/// A rule with more ports than the process may have descriptors.
final class DescriptorBudgetIT {
    private static final int DESCRIPTORS = 4_096;

    @Test
    void refusesTheWholeRuleWithTheNumberAndServesTheEarlierOnes() throws Exception {
        int port = Ports.free();
        try (Workspace work = new Workspace();
                IdOrigins origins = new IdOrigins(Ports.free(), List.of("127.0.6.1"))) {
            Skerry skerry =
                    work.keep(
                            Skerry.in(work.path("data"), "--listen", "127.0.0.7")
                                    .withDescriptors(DESCRIPTORS));
            Api api = skerry.start().api();
            String instance = api.createInstance("budget");
            JsonObject small = Rules.tcp(port, "127.0.6.1", origins.port());
            String earlier = api.serve(instance, small.copy().put("ports", one(port)));
            JsonObject large = small.copy().put("ports", ports("1-2000", "30000-35999"));

            String refused = api.createRule(instance, large);

            JsonObject failed = api.awaitStatus(instance, refused, "fail");
            assertThat(failed.getString("statusReason"))
                    .containsPattern("\\b\\d{1,2}[,_]?\\d{3}\\b");
            assertThat(failed.getString("statusReason")).contains("descriptor");
            assertThat(Ports.accepts("127.0.0.7", 1)).as("no port of it is open").isFalse();
            assertThat(Ports.accepts("127.0.0.7", 30_000)).isFalse();
            api.awaitStatus(instance, earlier, "online");
            assertThat(IdOrigins.ask("127.0.0.9", "127.0.0.7", port)).isZero();

            // The same rule within the budget passes.
            api.patch(
                            Api.rulePath(instance, refused),
                            new JsonObject().put("ports", ports("30000-30299")))
                    .expect(200);
            api.awaitStatus(instance, refused, "online");
            assertThat(IdOrigins.ask("127.0.0.9", "127.0.0.7", 30_299)).isZero();
        }
    }

    @Test
    void namesEveryReservedPortInsideARange() throws Exception {
        try (Workspace work = new Workspace()) {
            Skerry skerry = work.keep(Skerry.in(work.path("data"), "--listen", "127.0.0.7"));
            Api api = skerry.start().api();
            String instance = api.createInstance("reserved");
            JsonObject rule =
                    Rules.tcp(1, "127.0.6.1", 9).put("ports", ports("1-2000", "10000-64000"));

            Answer refused = api.post("/v1/instances/" + instance + "/rules", rule).expect(422);

            assertThat(refused.codes()).containsExactly("reserved_port", "reserved_port");
            assertThat(refused.text()).contains("36000", "56000");
            assertThat(api.rules(instance)).isEmpty();
        }
    }

    private static JsonArray one(int port) {
        return ports(Integer.toString(port));
    }

    private static JsonArray ports(String... ports) {
        return new JsonArray(List.of(ports));
    }
}
