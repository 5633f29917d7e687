package io.skerry.edge.steering;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.edge.Eventually;
import io.skerry.edge.bpf.BpfObject;
import io.skerry.edge.bpf.Kernel;
import io.skerry.edge.listener.DescriptorBudget;
import io.skerry.edge.listener.Steering;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Forty thousand ports on one socket, in network namespaces of their own.
@Timeout(180)
final class SteeringTest {
    private static final int RULES = 2_000;
    private static final int PORTS = 20;
    private static final int FIRST = 20_000;
    private static final int LAST = FIRST + RULES * PORTS - 1;

    @TempDir private Path folder;
    private Namespace namespace;

    @BeforeAll
    static void kernelTakesPrograms() {
        Kernel.required();
    }

    @BeforeEach
    void open() throws Exception {
        namespace = new Namespace();
    }

    @AfterEach
    void close() {
        namespace.close();
    }

    private Namespace.Node node(Steering.Mode mode) throws IOException {
        return namespace.node(mode, 100_000, folder);
    }

    /// Rules of 20 ports, leaving out none: TCP on the even ones, UDP on the odd ones or as told.
    private static void rules(Namespace.Node node, String protocol) {
        for (int i = 0; i < RULES; i++) {
            rule(node, i, protocol);
        }
    }

    private static void rule(Namespace.Node node, int number, String protocol) {
        int first = FIRST + number * PORTS;
        String range = first + "-" + (first + PORTS - 1);
        assertThat(node.ask("rule rule-" + number + " " + protocol + " " + range))
                .isEqualTo("noted");
    }

    @Test
    void everyPortOfTwoThousandRulesForwardsAndNoneBesideThem() throws Exception {
        Namespace.Node node = node(Steering.Mode.AUTO);
        assertThat(node.ask("missing")).isEqualTo("nothing");
        rules(node, "TCP");
        String took = node.ask("apply");
        assertThat(node.ask("refused")).hasSize(2);
        assertThat(node.ask("ports")).isEqualTo(2 * RULES * PORTS + " steered");
        assertThat(Integer.parseInt(node.ask("descriptors"))).isLessThan(200);
        System.out.println("80,000 ports (IPv4 and IPv6) after " + took + " ms");

        long began = System.nanoTime();
        assertThat(node.ask("dial " + FIRST + " " + LAST)).isEqualTo("" + RULES * PORTS);
        System.out.println("dialled all in " + (System.nanoTime() - began) / 1_000_000 + " ms");

        assertThat(node.ask("closed TCP " + (FIRST - 1))).isEqualTo("closed");
        assertThat(node.ask("closed TCP " + (LAST + 1))).isEqualTo("closed");
        assertThat(node.ask("closed UDP " + FIRST)).isEqualTo("closed");
        assertThat(node.ask("keep one " + FIRST)).isEqualTo("alive");
        long fewer = Long.MAX_VALUE;
        long more = Long.MAX_VALUE;
        for (int i = 0; i < 5; i++) {
            assertThat(node.ask("drop rule-1999")).isEqualTo("true");
            fewer = Math.min(fewer, Long.parseLong(node.ask("apply")));
            rule(node, 1_999, "TCP");
            more = Math.min(more, Long.parseLong(node.ask("apply")));
        }
        System.out.println("best of 5: one rule less " + fewer + " ms, one more " + more + " ms");
        assertThat(Math.max(fewer, more)).isLessThanOrEqualTo(Long.parseLong(took) / 10);
        assertThat(node.ask("dial " + (LAST - PORTS + 1) + " " + LAST)).isEqualTo("" + PORTS);
        assertThat(node.ask("drop rule-1999")).isEqualTo("true");
        node.ask("apply");
        assertThat(node.ask("closed TCP " + LAST)).isEqualTo("closed");
        assertThat(node.ask("use one")).isEqualTo("alive");
        assertThat(node.ask("stop")).isEqualTo("stopped");
    }

    @Test
    void answersLeaveFromTheDialledPortAndSessionsOutliveTheTable() throws Exception {
        Namespace.Node node = node(Steering.Mode.AUTO);
        rules(node, "UDP");
        node.ask("apply");
        assertThat(node.ask("refused")).isEqualTo("{}");

        assertThat(node.ask("ask " + FIRST + " " + LAST + " 97"))
                .isEqualTo("" + (RULES * PORTS + 96) / 97);
        assertThat(node.ask("talk mine " + (FIRST + 3))).isEqualTo("alive");
        assertThat(node.ask("talk other " + LAST)).isEqualTo("alive");
        // The whole table is another one afterwards, and mine is not in it.
        for (int i = 0; i < 10; i++) {
            node.ask("drop rule-" + i);
        }
        node.ask("apply");
        assertThat(node.ask("closed UDP " + (FIRST + 3))).isEqualTo("closed");
        assertThat(node.ask("use other")).isEqualTo("alive");
        assertThat(node.ask("stop")).isEqualTo("stopped");
    }

    @Test
    void aSessionOutlivesItsRuleForTheDrainTimeWhateverElseChanges() throws Exception {
        Namespace.Node node = node(Steering.Mode.ON);
        node.ask("drain 3600");
        node.ask("rule rule-a UDP 20000-20019");
        node.ask("drain 1");
        node.ask("rule rule-b UDP 20020-20039");
        node.ask("drain 0");
        node.ask("apply");
        assertThat(node.ask("talk mine 20003")).isEqualTo("alive");
        assertThat(node.ask("talk brief 20023")).isEqualTo("alive");

        // One by one, and so many that they are changed at once; each in both directions.
        for (String ports : List.of("21000-21009", "21000-21299", "21000-21001")) {
            node.ask("rule rule-c UDP " + ports);
            node.ask("apply");
            assertThat(node.ask("use mine")).isEqualTo("alive");
        }
        node.ask("drop rule-a");
        node.ask("drop rule-b");
        node.ask("apply");
        assertThat(node.ask("closed UDP 20003")).isEqualTo("closed");
        assertThat(node.ask("use mine")).isEqualTo("alive");
        Eventually.holds("the end of the drain", () -> !node.ask("use brief").equals("alive"));
        // The port is another rule's, and in the table again.
        node.ask("rule rule-d UDP 20000-20019");
        node.ask("rule rule-c UDP 21000-21299");
        node.ask("apply");
        assertThat(node.ask("refused")).isEqualTo("{}");
        assertThat(node.ask("ask 20000 20019 1")).isEqualTo("20");
        assertThat(node.ask("use mine")).isEqualTo("alive");
        assertThat(node.ask("stop")).isEqualTo("stopped");
    }

    @Test
    void aFewPortsHaveSocketsAndManyAreSteered() throws Exception {
        Namespace.Node node = node(Steering.Mode.AUTO);
        node.ask("rule rule-a TCP 20000-20099");
        node.ask("apply");
        assertThat(node.ask("ports")).isEqualTo("0 steered");
        assertThat(node.ask("keep old 20001")).isEqualTo("alive");

        node.ask("rule rule-b UDP 21000-21899");
        node.ask("apply");

        assertThat(node.ask("refused")).isEqualTo("{}");
        assertThat(node.ask("ports")).isEqualTo("1800 steered");
        assertThat(node.ask("use old")).isEqualTo("alive");
        assertThat(node.ask("dial 20000 20099")).isEqualTo("100");
        assertThat(node.ask("ask 21000 21899 30")).isEqualTo("30");
    }

    @Test
    void withoutDescriptorsToSpareFewPortsAreSteeredToo() throws Exception {
        Namespace.Node node =
                namespace.node(
                        Steering.Mode.AUTO, 100_000, folder, "prlimit", "--nofile=512", "--");
        node.ask("rule rule-a TCP 20000-20299");
        node.ask("apply");

        assertThat(node.ask("refused")).isEqualTo("{}");
        assertThat(node.ask("ports")).isEqualTo("600 steered");
        assertThat(node.ask("dial 20000 20299")).isEqualTo("300");
    }

    @Test
    void aRuleForThePortOfAProgramThatRunsIsRefusedAndTheProgramGoesOn() throws Exception {
        Path key = folder.resolve("host-key");
        assertThat(namespace.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "" + key))
                .startsWith("0");
        Files.createDirectories(Path.of("/run/sshd"));
        Process sshd =
                namespace.start(
                        "/usr/sbin/sshd",
                        "-D",
                        "-f",
                        "/dev/null",
                        "-h",
                        "" + key,
                        "-p",
                        "22022",
                        "-o",
                        "PidFile=none");
        try {
            Eventually.holds("sshd listens", () -> scans("22022"));
            Namespace.Node node = node(Steering.Mode.ON);
            node.ask("rule rule-a TCP 22000-22099");
            node.ask("rule rule-b TCP 23000-23099");
            node.ask("apply");

            assertThat(node.ask("refused"))
                    .contains("rule-a=port_in_use: ")
                    .contains("22022 is held by sshd (pid ")
                    .doesNotContain("rule-b");
            assertThat(scans("22022")).isTrue();
            assertThat(node.ask("closed TCP 22000")).isEqualTo("closed");
            assertThat(node.ask("dial 23000 23099")).isEqualTo("100");
        } finally {
            sshd.destroy();
            sshd.waitFor();
        }
    }

    private boolean scans(String port) {
        try {
            return namespace.run("ssh-keyscan", "-p", port, "127.0.0.1").contains("ssh-ed25519");
        } catch (IOException | InterruptedException failed) {
            throw new IllegalStateException(failed);
        }
    }

    @Test
    void nobodyWhoAsksForAnyPortIsGivenOneOfARule() throws Exception {
        Namespace.Node node = node(Steering.Mode.ON);
        assertThat(node.ask("leave 1000 33000 52999")).isNotEqualTo("0");
        for (int i = 0; i < 10; i++) {
            node.ask(
                    "rule rule-" + i + " UDP " + (33_000 + 2_000 * i) + "-" + (34_999 + 2_000 * i));
        }
        node.ask("apply");
        assertThat(node.ask("refused")).isEqualTo("{}");

        assertThat(node.ask("leave 20000 33000 52999")).isEqualTo("0");
        assertThat(reserved()).isEqualTo("0 33000-52999");
        assertThat(node.ask("stop")).isEqualTo("stopped");
        assertThat(reserved()).isEqualTo("0");
    }

    private String reserved() throws Exception {
        return namespace.run("cat", "/proc/sys/net/ipv4/ip_local_reserved_ports").strip();
    }

    @Test
    void nothingStaysAttachedAfterAStopOrASigkill() throws Exception {
        Namespace.Node node = node(Steering.Mode.ON);
        node.ask("rule rule-a TCP 33000-33099");
        node.ask("apply");
        assertThat(attached()).hasSize(1);
        assertThat(node.ask("stop")).isEqualTo("stopped");
        assertThat(attached()).isEmpty();

        Namespace.Node next = node(Steering.Mode.ON);
        next.ask("rule rule-a TCP 33000-33099");
        next.ask("apply");
        assertThat(attached()).hasSize(1);
        next.kill();
        Eventually.holds("detached", () -> attached().isEmpty());
        assertThat(reserved()).isEqualTo("0 33000-33099");

        Namespace.Node heir = node(Steering.Mode.ON);
        heir.ask("rule rule-a TCP 34000-34099");
        heir.ask("apply");
        assertThat(reserved()).isEqualTo("0 34000-34099");
        assertThat(heir.ask("dial 34000 34099")).isEqualTo("100");
        assertThat(heir.ask("stop")).isEqualTo("stopped");
    }

    /// Programs attached to the namespace, as another program sees them.
    private List<String> attached() {
        try {
            List<String> found = new ArrayList<>();
            for (String line : namespace.run("bpftool", "net", "show").split("\n")) {
                if (line.contains("sk_lookup")) {
                    found.add(line);
                }
            }
            String links = namespace.run("bpftool", "link", "show");
            String inode =
                    namespace.run("stat", "-L", "-c", "%i", "/proc/self/ns/net").substring(2);
            for (String line : links.split("\n")) {
                if (line.contains("netns_ino " + inode)) {
                    found.add(line);
                }
            }
            return found;
        } catch (IOException | InterruptedException failed) {
            throw new IllegalStateException(failed);
        }
    }

    @Test
    void twoNodesDoNotTakeEachOthersPorts() throws Exception {
        Namespace.Node first = node(Steering.Mode.ON);
        Namespace.Node second = namespace.node(Steering.Mode.ON, 100_000, folder.resolve("second"));
        first.ask("rule rule-a TCP 20000-20099");
        first.ask("apply");
        second.ask("rule rule-a TCP 20050-20149");
        second.ask("rule rule-b TCP 21000-21099");
        second.ask("apply");

        assertThat(second.ask("refused"))
                .contains("rule-a=port_in_use: ")
                .contains("another Skerry node, which steers it (pid " + first.pid() + ")")
                .doesNotContain("rule-b");
        assertThat(second.ask("dial 21000 21099")).isEqualTo("100");
        assertThat(first.ask("dial 20000 20099")).isEqualTo("100");
        first.kill();
        second.ask("apply");
        assertThat(second.ask("refused")).isEqualTo("{}");
        assertThat(second.ask("dial 20050 20149")).isEqualTo("100");
    }

    @Test
    void aFullTableRefusesARuleWithTheNumbersAndServesTheOthers() throws Exception {
        Namespace.Node node = namespace.node(Steering.Mode.ON, 200, folder);
        node.ask("rule rule-a TCP 20000-20099");
        node.ask("apply");
        assertThat(node.ask("full")).isEqualTo("0");
        node.ask("rule rule-b TCP 21000-21099");
        node.ask("apply");

        assertThat(node.ask("full")).isEqualTo("1");
        assertThat(node.ask("refused"))
                .contains("rule-b=steering_full: its 200 ports are too many: 200 are steered")
                .doesNotContain("rule-a");
        assertThat(node.ask("dial 20000 20099")).isEqualTo("100");
        assertThat(node.ask("closed TCP 21000")).isEqualTo("closed");

        node.ask("drop rule-a");
        node.ask("apply");
        assertThat(node.ask("refused")).isEqualTo("{}");
        assertThat(node.ask("dial 21000 21099")).isEqualTo("100");
    }

    @Test
    void withoutTheRightsPortsAreOpenedByTheirSockets() throws Exception {
        Namespace.Node node =
                namespace.node(
                        Steering.Mode.AUTO,
                        100_000,
                        folder,
                        "setpriv",
                        "--bounding-set=-all",
                        "--inh-caps=-all",
                        "--");
        assertThat(node.ask("missing")).contains("CAP_BPF and CAP_NET_ADMIN");
        node.ask("rule rule-a TCP 20000-21099");
        node.ask("apply");

        assertThat(node.ask("refused")).isEqualTo("{}");
        assertThat(node.ask("ports")).isEqualTo("0 steered");
        assertThat(node.ask("dial 20000 20099")).isEqualTo("100");
    }

    @Test
    void whoAsksInAdvanceIsToldWhatOtherNodesSteer() throws Exception {
        Namespace.Node first = node(Steering.Mode.ON);
        Namespace.Node second = namespace.node(Steering.Mode.ON, 100_000, folder.resolve("second"));
        first.ask("rule rule-a TCP 20000-20099");
        first.ask("apply");
        second.ask("rule rule-a TCP 21000-21099");
        second.ask("apply");

        assertThat(second.ask("probe TCP 20050 20149"))
                .startsWith("50 port_in_use: ")
                .contains("20050 is held by " + steering(first));
        assertThat(first.ask("probe TCP 20950 21049"))
                .startsWith("50 port_in_use: ")
                .contains("21000 is held by " + steering(second));
        assertThat(second.ask("probe UDP 20050 20149")).isEqualTo("0");
        assertThat(second.ask("probe TCP 21000 21099")).isEqualTo("0");
        assertThat(first.ask("dial 20000 20099")).isEqualTo("100");
        assertThat(second.ask("dial 21000 21099")).isEqualTo("100");
        second.kill();
        assertThat(first.ask("probe TCP 20950 21049")).isEqualTo("0");
    }

    private static String steering(Namespace.Node node) {
        return "another Skerry node, which steers it (pid " + node.pid() + ")";
    }

    @Test
    void aNodeThatDoesNotSteerOpensNoPortThatAnotherSteers() throws Exception {
        Namespace.Node first = node(Steering.Mode.ON);
        Namespace.Node second =
                namespace.node(Steering.Mode.OFF, 100_000, folder.resolve("second"));
        first.ask("rule rule-a TCP 20000-20099");
        first.ask("apply");
        second.ask("rule rule-a TCP 20099-20198");
        second.ask("rule rule-b TCP 21000-21099");
        second.ask("apply");

        assertThat(second.ask("refused"))
                .contains("rule-a=port_in_use: ")
                .contains("20099 is held by " + steering(first))
                .doesNotContain("rule-b");
        assertThat(second.ask("probe TCP 20098 20100")).startsWith("2 port_in_use: ");
        assertThat(second.ask("dial 21000 21099")).isEqualTo("100");
        assertThat(first.ask("dial 20000 20099")).isEqualTo("100");
    }

    /// What a kernel without it says to a function that the program calls, and what the verifier
    /// says to a program without an end.
    @ParameterizedTest
    @CsvSource({"SK_ASSIGN, unknown", "EXIT, insn"})
    void aProgramThatTheKernelRefusesLeavesSocketsAndTheReason(Instruction changed, String said)
            throws Exception {
        Path program = folder.resolve("steer.o");
        Files.write(program, changed.spoil());
        String[] with = {"env", SteeredNode.PROGRAM + "=" + program};
        Namespace.Node node = namespace.node(Steering.Mode.AUTO, 100_000, folder, with);

        assertThat(node.ask("missing"))
                .startsWith("the kernel refuses the program, which needs Linux 5.10 or newer: load")
                .contains("libbpf says: ")
                .contains(said);
        node.ask("rule rule-a TCP 20000-21099");
        node.ask("apply");
        assertThat(node.ask("refused")).isEqualTo("{}");
        assertThat(node.ask("ports")).isEqualTo("0 steered");
        assertThat(node.ask("dial 20000 21099")).isEqualTo("1100");
        assertThat(attached()).isEmpty();
    }

    /// Instructions of the program, and what the kernel will not take in their place.
    enum Instruction {
        /// A call of `bpf_sk_assign`, number 124; the other is of no function.
        SK_ASSIGN(0x0000_007c_0000_0085L, 0x0000_fffe_0000_0085L),
        /// The end of a program; the other goes on after it.
        EXIT(0x95L, 0x0000_0000_0000_00b7L);

        private final long there;
        private final long instead;

        Instruction(long there, long instead) {
            this.there = there;
            this.instead = instead;
        }

        /// The product's program with the first of these replaced.
        private byte[] spoil() throws IOException {
            try (InputStream in = BpfObject.class.getResourceAsStream("steer.bpf.o")) {
                byte[] object = Objects.requireNonNull(in).readAllBytes();
                ByteBuffer bytes = ByteBuffer.wrap(object).order(ByteOrder.LITTLE_ENDIAN);
                for (int i = 0; i + 8 <= object.length; i += 8) {
                    if (bytes.getLong(i) == there) {
                        bytes.putLong(i, instead);
                        return object;
                    }
                }
                throw new IllegalStateException("no such instruction");
            }
        }
    }

    @Test
    void withoutSteeringARuleThatHasNoDescriptorsIsRefusedWithTheNumbers() throws Exception {
        Namespace.Node node =
                namespace.node(Steering.Mode.OFF, 100_000, folder, "prlimit", "--nofile=512", "--");
        assertThat(new DescriptorBudget(512, 2_000).forListeners()).isEqualTo(128);
        node.ask("rule rule-a TCP 20000-20019");
        node.ask("rule rule-b TCP 21000-21012");
        node.ask("rule rule-c TCP 22000-22011");
        node.ask("apply");

        // Two families, two loops: 80 and 52 and 48 of 128.
        assertThat(node.ask("refused"))
                .contains("rule-b=descriptors: its ports need 52 file descriptors and 48 of 512")
                .doesNotContain("rule-a", "rule-c");
        assertThat(node.ask("dial 20000 20019")).isEqualTo("20");
        assertThat(node.ask("dial 22000 22011")).isEqualTo("12");
        assertThat(node.ask("closed TCP 21000")).isEqualTo("closed");
    }
}
