package io.skerry.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.standalone.fixture.Answer;
import io.skerry.standalone.fixture.Api;
import io.skerry.standalone.fixture.Await;
import io.skerry.standalone.fixture.IdOrigins;
import io.skerry.standalone.fixture.Ports;
import io.skerry.standalone.fixture.Product;
import io.skerry.standalone.fixture.Rules;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/// Two slots: instances with a fixed IP have one of their own, the others share the first, which
/// alone has an IPv6 address here.
final class SlotsIT {
    private static final Duration SOON = Duration.ofSeconds(10);

    @RegisterExtension
    static final Product product = new Product("--listen", "127.0.0.2+[::1],127.0.0.3");

    @Test
    void twoInstancesHaveTheSamePortEachOnItsOwnAddressAndIpv6OnRequest() throws Exception {
        int port = Ports.free();
        List<String> addresses = List.of("127.0.5.1", "127.0.5.2", "127.0.5.3");
        try (IdOrigins origins = new IdOrigins(Ports.free(), addresses)) {
            Api api = product.api();
            final String shared = api.createInstance("shared");
            String fixed =
                    api.createInstance(
                            new JsonObject()
                                    .put("name", "fixed")
                                    .put("area", "overseas")
                                    .put("fixedIp", true));
            String rule = api.serve(shared, Rules.tcp(port, "127.0.5.1", origins.port()));
            api.serve(fixed, Rules.tcp(port, "127.0.5.2", origins.port()));

            assertThat(IdOrigins.ask("127.0.0.9", "127.0.0.2", port)).isZero();
            assertThat(IdOrigins.ask("127.0.0.9", "127.0.0.3", port)).isEqualTo(1);
            assertThat(Ports.accepts("127.0.0.1", port)).isFalse();
            assertThat(Ports.accepts("::1", port)).isFalse();
            awaitAddresses(fixed, List.of("127.0.0.3"));
            awaitAddresses(shared, List.of("127.0.0.2"));

            refusesTheThirdOwnerOfThePort(api, port);

            api.patch("/v1/instances/" + shared, new JsonObject().put("ipv6", true)).expect(200);
            Await.until("::1 is served", SOON, () -> Ports.accepts("::1", port));
            assertThat(IdOrigins.ask("::1", "::1", port)).isZero();
            assertThat(IdOrigins.ask("127.0.0.9", "127.0.0.2", port)).isZero();
            awaitAddresses(shared, List.of("127.0.0.2", "::1"));
            api.awaitStatus(shared, rule, "online");

            api.patch("/v1/instances/" + shared, new JsonObject().put("ipv6", false)).expect(200);
            Await.until("::1 is closed", SOON, () -> !Ports.accepts("::1", port));
            assertThat(IdOrigins.ask("127.0.0.9", "127.0.0.2", port)).isZero();
            api.awaitStatus(shared, rule, "online");
        }
    }

    private static void refusesTheThirdOwnerOfThePort(Api api, int port) {
        String third = api.createInstance("third");
        Answer taken =
                api.post("/v1/instances/" + third + "/rules", Rules.tcp(port, "127.0.5.3", 9));
        taken.expect(409);
        assertThat(taken.codes()).containsExactly("port_taken");
        JsonObject another =
                new JsonObject()
                        .put("name", "another-fixed")
                        .put("area", "overseas")
                        .put("fixedIp", true);
        Answer noSlot = api.post("/v1/instances", another).expect(409);
        assertThat(noSlot.codes()).containsExactly("no_slot");
    }

    private static void awaitAddresses(String instance, List<String> wanted) {
        Api api = product.api();
        Await.until(
                "addresses are " + wanted,
                SOON,
                () ->
                        wanted.equals(
                                api.get("/v1/instances/" + instance)
                                        .json()
                                        .getJsonArray("addresses")
                                        .getList()),
                () -> api.get("/v1/instances/" + instance).text());
    }
}
