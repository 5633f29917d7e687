package io.skerry.edge.steering;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.edge.Eventually;
import io.skerry.edge.bpf.Kernel;
import io.skerry.edge.listener.Steering;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Steered ports among those that the system gives out (32768 to 60999): what other programs have
/// there stays theirs, and the node's own connections leave from elsewhere.
@Timeout(120)
final class OtherProgramsTest {
    /// Has the address of every name below example.org.
    private static final int AUTHORITY = 5300;

    private static final int RESOLVER = 5301;
    private static final int ANOTHER_RESOLVER = 5302;

    /// Before a command: it may write nothing below `/proc/sys`, as in most containers.
    private static final String[] WITHOUT_SYSCTL = {
        "unshare",
        "-m",
        "sh",
        "-c",
        "mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys && exec \"$@\"",
        "sh"
    };

    @TempDir private Path folder;
    private Namespace namespace;
    private final List<Process> programs = new ArrayList<>();

    @BeforeAll
    static void kernelTakesPrograms() {
        Kernel.required();
    }

    @BeforeEach
    void open() throws Exception {
        namespace = new Namespace();
    }

    @AfterEach
    void close() throws Exception {
        for (Process each : programs) {
            each.destroy();
            each.waitFor();
        }
        namespace.close();
    }

    private Namespace.Node node(String... before) throws IOException {
        return namespace.node(Steering.Mode.ON, 200_000, folder, before);
    }

    /// Applies these, each `PROTOCOL PORTS`, as rule-0, rule-1 and so on.
    private static void apply(Namespace.Node node, String... rules) {
        for (int i = 0; i < rules.length; i++) {
            assertThat(node.ask("rule rule-" + i + " " + rules[i])).isEqualTo("noted");
        }
        assertThat(node.ask("apply")).containsOnlyDigits();
    }

    private Process dnsmasq(int port, String... options) throws IOException {
        List<String> command =
                new ArrayList<>(
                        List.of(
                                "dnsmasq",
                                "--keep-in-foreground",
                                "--conf-file=/dev/null",
                                "--user=root",
                                "--group=root",
                                "--pid-file=",
                                "--no-resolv",
                                "--no-hosts",
                                "--listen-address=127.0.0.1",
                                "--bind-interfaces",
                                "--port=" + port));
        command.addAll(List.of(options));
        return start(command);
    }

    private Process start(List<String> command) throws IOException {
        Process program = namespace.start(command.toArray(String[]::new));
        programs.add(program);
        return program;
    }

    private void authority() throws IOException {
        dnsmasq(AUTHORITY, "--address=/example.org/192.0.2.7");
    }

    private boolean resolves(int resolver, String name) {
        try {
            String said =
                    namespace.run(
                            "dig",
                            "@127.0.0.1",
                            "-p",
                            "" + resolver,
                            "+short",
                            "+tries=1",
                            "+time=3",
                            name + ".example.org");
            return said.equals("0 192.0.2.7");
        } catch (IOException | InterruptedException failed) {
            throw new IllegalStateException(failed);
        }
    }

    /// Each name is another, so that none is answered from a cache.
    private void resolvesAlways(int resolver) {
        for (int i = 0; i < 20; i++) {
            assertThat(resolves(resolver, "name-" + i)).as("answer %d", i).isTrue();
        }
    }

    @Test
    void aResolverThatWaitsAtAPortKeepsItAndOneThatStartsLaterGetsAnotherPort() throws Exception {
        authority();
        String authority = "--server=127.0.0.1#" + AUTHORITY;
        Process resolver = dnsmasq(RESOLVER, authority, "--query-port=40000");
        Eventually.holds("a resolver", () -> resolves(RESOLVER, "first"));
        Namespace.Node node = node();
        apply(node, "UDP 39900-40099", "UDP 41000-60499");

        assertThat(node.ask("refused"))
                .contains("rule-0=port_in_use: ")
                .contains("40000 is held by dnsmasq (pid " + resolver.pid() + ")")
                .doesNotContain("rule-1");
        resolvesAlways(RESOLVER);
        // It asks the system for any port and never connects.
        dnsmasq(ANOTHER_RESOLVER, authority, "--query-port=0");
        Eventually.holds("another", () -> resolves(ANOTHER_RESOLVER, "first"));
        resolvesAlways(ANOTHER_RESOLVER);
        assertThat(node.ask("ask 41000 60499 3000")).isEqualTo("7");
    }

    @Test
    void aResolverThatConnectsGetsItsAnswersAtPortsThatAreSteered() throws Exception {
        authority();
        Namespace.Node node = node();
        apply(node, "UDP 41000-52999");
        assertThat(node.ask("refused")).isEqualTo("{}");
        Path settings = folder.resolve("unbound.conf");
        Files.writeString(
                settings,
                """
                server:
                  interface: 127.0.0.1
                  port: %d
                  do-daemonize: no
                  chroot: ""
                  username: ""
                  pidfile: ""
                  use-syslog: no
                  module-config: "iterator"
                  do-not-query-localhost: no
                  outgoing-port-avoid: "0-65535"
                  outgoing-port-permit: "41000-52999"
                forward-zone:
                  name: "."
                  forward-addr: 127.0.0.1@%d
                remote-control:
                  control-enable: no
                """
                        .formatted(RESOLVER, AUTHORITY));
        start(List.of("/usr/sbin/unbound", "-d", "-c", settings.toString()));
        Eventually.holds("a resolver", () -> resolves(RESOLVER, "first"));

        resolvesAlways(RESOLVER);
        assertThat(node.ask("ask 41000 52999 3000")).isEqualTo("4");
    }

    @Test
    void noConnectionOfTheNodeLeavesFromARulePortWhereTheyAreReserved() throws Exception {
        Namespace.Node node = node();
        leavesFromElsewhere(node);
        assertThat(reserved()).isEqualTo("0 33000-60499");
    }

    @Test
    void noConnectionOfTheNodeLeavesFromARulePortWhereNoneMayBeReserved() throws Exception {
        Namespace.Node node = node(WITHOUT_SYSCTL);
        leavesFromElsewhere(node);
        assertThat(reserved()).isEqualTo("0");
    }

    /// With rules over all but a few hundred ports, and more connections than ports are left: each
    /// ends before the next begins, for an origin takes no two from the same port.
    private static void leavesFromElsewhere(Namespace.Node node) {
        apply(node, "TCP 20000", "UDP 20000");
        assertThat(node.ask("serve TCP 100 20000 33000 60499"))
                .startsWith("100 served")
                .doesNotEndWith(" 0");
        apply(node, "TCP 20000", "UDP 20000", "TCP 33000-49999", "UDP 45000-60499");
        assertThat(node.ask("refused")).isEqualTo("{}");

        assertThat(node.ask("serve TCP 3000 20000 33000 60499"))
                .isEqualTo("3000 served, from rule ports 0");
        assertThat(node.ask("serve UDP 200 20000 33000 60499"))
                .isEqualTo("200 served, from rule ports 0");
    }

    @Test
    void rulesThatLeaveTheSystemTooFewPortsReserveNoneOfThem() throws Exception {
        Namespace.Node node = node();
        apply(node, "TCP 32768-60999");
        assertThat(node.ask("refused")).isEqualTo("{}");

        assertThat(node.ask("dial 40000 40099")).isEqualTo("100");
        assertThat(reserved()).isEqualTo("0");
        apply(node, "TCP 32768-60499");
        assertThat(reserved()).isEqualTo("0 32768-60499");
    }

    private String reserved() throws Exception {
        return namespace.run("cat", "/proc/sys/net/ipv4/ip_local_reserved_ports").strip();
    }
}
