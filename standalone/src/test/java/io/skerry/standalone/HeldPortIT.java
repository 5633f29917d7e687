package io.skerry.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.standalone.fixture.Api;
import io.skerry.standalone.fixture.IdOrigins;
import io.skerry.standalone.fixture.Ports;
import io.skerry.standalone.fixture.Product;
import io.skerry.standalone.fixture.Program;
import io.skerry.standalone.fixture.Rules;
import io.skerry.standalone.fixture.Tool;
import io.skerry.standalone.fixture.Workspace;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// A port of a rule that another program holds.
final class HeldPortIT {
    private static final String HOLDER =
            """
            import socket, sys, signal
            kind = socket.SOCK_STREAM if sys.argv[1] == "TCP" else socket.SOCK_DGRAM
            holder = socket.socket(socket.AF_INET, kind)
            if sys.argv[2] == "shared":
                holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            holder.bind(("127.0.0.1", int(sys.argv[3])))
            if sys.argv[1] == "TCP":
                holder.listen(16)
            print("held", flush=True)
            signal.pause()
            """;

    @RegisterExtension static final Product product = new Product("--listen", "127.0.0.1");

    @ParameterizedTest
    @CsvSource({"TCP,alone", "TCP,shared", "UDP,alone", "UDP,shared"})
    void refusesOnlyThatRuleNamesTheProgramAndHeals(String protocol, String manner)
            throws Exception {
        Workspace work = product.work();
        int held = Ports.free();
        int free = Ports.free();
        Program holder = hold(work, protocol, manner, held);
        try (IdOrigins origins = new IdOrigins(Ports.free(), List.of("127.0.6.1"))) {
            Api api = product.api();
            String instance =
                    api.createInstance(
                            ("held-" + protocol + "-" + manner).toLowerCase(Locale.ROOT));
            JsonObject rule =
                    Rules.tcp(held, "127.0.6.1", origins.port()).put("protocol", protocol);
            String failing = api.createRule(instance, rule);
            String other = api.serve(instance, Rules.tcp(free, "127.0.6.1", origins.port()));

            JsonObject failed = api.awaitStatus(instance, failing, "fail");
            assertThat(failed.getString("statusReason")).contains("python", Integer.toString(held));
            assertThat(IdOrigins.ask("127.0.0.9", "127.0.0.1", free)).isZero();

            holder.close();
            api.awaitStatus(instance, failing, "online", Duration.ofSeconds(20));
            api.awaitStatus(instance, other, "online");
            if (protocol.equals("TCP")) {
                assertThat(IdOrigins.ask("127.0.0.9", "127.0.0.1", held)).isZero();
            }
        }
    }

    private static Program hold(Workspace work, String protocol, String manner, int port) {
        return work.start(
                        Tool.path("python3", "python3"),
                        work.write("holder.py", HOLDER).toString(),
                        protocol,
                        manner,
                        Integer.toString(port))
                .awaitText("held");
    }
}
