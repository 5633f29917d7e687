package io.skerry.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.standalone.fixture.Api;
import io.skerry.standalone.fixture.Ports;
import io.skerry.standalone.fixture.Product;
import io.skerry.standalone.fixture.Program;
import io.skerry.standalone.fixture.Rules;
import io.skerry.standalone.fixture.Tool;
import io.skerry.standalone.fixture.Workspace;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/// dig through UDP rules to dnsdist, which answers every question with the address it takes the
/// asker to have.
final class DnsIT {
    @RegisterExtension static final Product product = new Product("--listen", "127.0.0.1");

    @Test
    void digIsAnsweredThroughAPlainUdpRule() {
        Workspace work = product.work();
        int origin = startDnsdist(work, false);
        int port = Ports.free();
        Api api = product.api();
        api.serve(api.createInstance("dns-plain"), Rules.udp(port, "127.0.0.1", origin));

        String answer = dig(work, port, "+tries=1");

        assertThat(answer.strip()).isEqualTo("127.0.0.1");
    }

    @Test
    void dnsdistSeesDigsAddressOnEveryQuery() {
        Workspace work = product.work();
        int origin = startDnsdist(work, true);
        int port = Ports.free();
        Api api = product.api();
        api.serve(
                api.createInstance("dns-every"),
                Rules.udp(port, "127.0.0.1", origin)
                        .put("clientIp", "ppv2")
                        .put("ppv2Udp", "every"));

        String first = dig(work, port);
        String threeQueriesOfOneSession = dig(work, port, "two.test", "A", "three.test", "A");

        assertThat(first.strip()).isEqualTo("127.0.0.9");
        assertThat(threeQueriesOfOneSession.lines()).containsOnly("127.0.0.9").hasSize(3);
    }

    private static String dig(Workspace work, int port, String... more) {
        List<String> command = new ArrayList<>();
        command.add(Tool.path("dig", "dnsutils"));
        command.addAll(List.of("@127.0.0.1", "-p", Integer.toString(port), "-b", "127.0.0.9"));
        command.addAll(List.of("+short", "+time=3", "one.test", "A"));
        command.addAll(List.of(more));
        Program.Ended dig =
                work.start(command.toArray(String[]::new)).await(Duration.ofSeconds(20));
        assertThat(dig.status()).as(dig.text()).isZero();
        return dig.text();
    }

    private static int startDnsdist(Workspace work, boolean proxied) {
        int port = Ports.free();
        Path config =
                work.write(
                        "dnsdist.conf",
                        """
                        setLocal("127.0.0.1:%d")
                        setSecurityPollSuffix("")
                        setACL({"127.0.0.0/8"})
                        %s
                        addAction(AllRule(), LuaAction(function(dq)
                            return DNSAction.Spoof, dq.remoteaddr:toString()
                        end))
                        """
                                .formatted(
                                        port,
                                        proxied ? "setProxyProtocolACL({\"127.0.0.1/32\"})" : ""));
        work.start(
                        Tool.path("dnsdist", "dnsdist"),
                        "--supervised",
                        "--disable-syslog",
                        "-C",
                        config.toString())
                .awaitText("No downstream servers defined")
                .awaitPort("127.0.0.1", port);
        return port;
    }
}
