package io.skerry.standalone.toa;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.standalone.fixture.Await;
import io.skerry.standalone.fixture.CgroupFolder;
import io.skerry.standalone.fixture.Ports;
import io.skerry.standalone.fixture.Program;
import io.skerry.standalone.fixture.Tool;
import io.skerry.standalone.fixture.Workspace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// The origin's side alone: connections are made segment by segment, with any option bytes.
final class ToaOriginIT {
    /// NOP, NOP, timestamps: what stands before the option on a real segment.
    private static final String BEFORE = "0101080a0f5353a600000000";

    private static final String IPV4 = "c808d263771d87cd";
    private static final String OTHER = "c8081234c0000201";
    private static final String IPV6 = "fd14d26320010db885a3000000008a2e03707334";
    private static final String CLIENT = "accept 119.29.135.205 53859 ";

    private final Workspace work = new Workspace();
    private ToaRig rig;

    @BeforeEach
    void makeTheMachine() {
        rig = ToaRig.in(work);
        rig.machine.pretend(rig.machine.nobody());
    }

    @AfterEach
    void takeDown() throws IOException {
        work.close();
    }

    /// Makes a connection for each; answers what the origin said to each.
    private List<String> connect(int port, String... options) {
        List<String> command = new ArrayList<>();
        command.add(Tool.path("python3", "python3"));
        command.add(rig.copy("segments.py").toString());
        command.addAll(
                List.of(
                        rig.machine.cable(),
                        rig.machine.nobody(),
                        rig.machine.there(),
                        rig.machine.hardware(),
                        Integer.toString(port)));
        command.addAll(List.of(options));
        Program.Ended ended =
                work.start(command.toArray(String[]::new)).await(Duration.ofSeconds(60));
        assertThat(ended.status()).as(ended.text()).isZero();
        return ended.text().lines().map(line -> line.substring(line.indexOf(' ') + 1)).toList();
    }

    @Test
    void theOptionIsFoundWhereverItStands() {
        rig.attach(rig.machine.nobody());
        int port = rig.cOrigin("4");

        List<String> said = connect(port, IPV4, BEFORE + IPV4, IPV4 + BEFORE, "01" + IPV4);

        assertThat(said).hasSize(4).allSatisfy(line -> assertThat(line).startsWith(CLIENT));
        assertThat(rig.count("syn_recv_sock_toa")).isEqualTo(4);
        assertThat(rig.count("getname_toa_ok")).isEqualTo(8);
        assertThat(rig.count("malformed")).isZero();
    }

    @Test
    void theIpv6FormIsFoundToo() {
        rig.attach(rig.machine.nobody());
        int port = rig.cOrigin("6");

        assertThat(connect(port, IPV6, BEFORE + IPV6))
                .hasSize(2)
                .allSatisfy(line ->
                        assertThat(line).startsWith("accept 2001:db8:85a3::8a2e:370:7334 53859 "));
    }

    @Test
    void whatIsMalformedIsCountedAndNotBelieved() {
        rig.attach(rig.machine.nobody());
        int port = rig.cOrigin("4");

        List<String> said =
                connect(
                        port,
                        "c801d263771d87cd", // a length of one
                        "0101c808d263771d", // cut short
                        "01c807d263771d87", // a wrong length
                        "c814d26320010db885a3000000008a2e03707334", // the length of the other kind
                        "c808"); // nothing but the head

        assertThat(said)
                .hasSize(5)
                .allSatisfy(line ->
                        assertThat(line).startsWith("accept " + rig.machine.nobody() + " "));
        assertThat(rig.count("malformed")).isEqualTo(5);
        assertThat(rig.count("syn_recv_sock_no_toa")).isEqualTo(5);
        assertThat(rig.count("syn_recv_sock_toa")).isZero();
    }

    @Test
    void theFirstOfSeveralOptionsCounts() {
        rig.attach(rig.machine.nobody());
        int port = rig.cOrigin("6");

        assertThat(connect(port, IPV4 + OTHER, OTHER + IPV4, IPV4 + IPV6, IPV6 + IPV4))
                .extracting(line -> line.split(" ")[1])
                .containsExactly(
                        "::ffff:119.29.135.205",
                        "::ffff:192.0.2.1",
                        "::ffff:119.29.135.205",
                        "2001:db8:85a3::8a2e:370:7334");
        assertThat(rig.count("malformed")).isZero();

        // Whoever writes one wrong is not believed a second.
        assertThat(connect(port, "01c807d263771d87" + IPV4).getFirst())
                .startsWith("accept ::ffff:" + rig.machine.nobody() + " ");
        assertThat(rig.count("malformed")).isEqualTo(1);
    }

    @Test
    void aClientThatTheKernelHasNoMemoryForIsCountedAndTheConnectionGoesOn() {
        rig.attach(rig.machine.nobody());
        int port = rig.cOrigin("4");
        rig.machine.set("net.core.optmem_max", 16);
        assertThat(connect(port, IPV4).getFirst())
                .startsWith("accept " + rig.machine.nobody() + " ");
        assertThat(rig.count("no_memory")).isEqualTo(1);
        assertThat(rig.count("syn_recv_sock_no_toa")).isEqualTo(1);

        rig.machine.set("net.core.optmem_max", 131_072);

        assertThat(connect(port, IPV4).getFirst()).startsWith(CLIENT);
        assertThat(rig.count("no_memory")).isEqualTo(1);
    }

    @Test
    void otherOptionsAndKindsAreNoneOfOurs() {
        rig.attach(rig.machine.nobody());
        int port = rig.cOrigin("4");

        List<String> said =
                connect(port, BEFORE, "fe08d263771d87cd", "00" + IPV4, "1c0701771d87cd01");

        assertThat(said)
                .allSatisfy(line ->
                        assertThat(line).startsWith("accept " + rig.machine.nobody() + " "));
        assertThat(rig.count("malformed")).isZero();
        assertThat(rig.count("syn_recv_sock_no_toa")).isEqualTo(4);
    }

    @Test
    void kindsOfOtherWritersAreRead() {
        Program.Ended attached =
                rig.toaOrigin(
                        "attach",
                        "--cgroup=" + rig.cgroup.path(),
                        "--trust=" + rig.machine.nobody(),
                        "--kind-ipv4=200,254",
                        "--kind-ipv6=253,254",
                        "--pin=" + rig.pins);
        assertThat(attached.status()).as(attached.text()).isZero();
        int port = rig.cOrigin("6");

        assertThat(connect(port, "fe08d263771d87cd", "fe14" + IPV6.substring(4), IPV4))
                .extracting(line -> line.split(" ")[1])
                .containsExactly(
                        "::ffff:119.29.135.205",
                        "2001:db8:85a3::8a2e:370:7334",
                        "::ffff:119.29.135.205");
    }

    @Test
    void anOptionFromWhoIsNotTrustedIsCountedAndNotBelieved() {
        rig.attach("192.0.2.0/24,::/0");
        int port = rig.cOrigin("4");
        int mapped = rig.cOrigin("6");

        assertThat(connect(port, IPV4).getFirst())
                .startsWith("accept " + rig.machine.nobody() + " ");
        assertThat(connect(mapped, IPV4).getFirst())
                .startsWith("accept ::ffff:" + rig.machine.nobody() + " ");
        assertThat(rig.count("untrusted")).isEqualTo(2);
        assertThat(rig.count("syn_recv_sock_no_toa")).isEqualTo(2);

        rig.attach("0.0.0.0/0");

        assertThat(connect(port, IPV4).getFirst()).startsWith(CLIENT);
        assertThat(rig.count("untrusted")).isEqualTo(2);
    }

    @Test
    void attachingAgainKeepsOpenConnectionsAndCounters() throws IOException {
        rig.attach(rig.machine.here());
        int port = rig.cOrigin("4");
        try (ToaRig.Client open =
                new ToaRig.Client(rig.machine.here(), rig.machine.there(), port)) {
            assertThat(open.ask()).contains(rig.machine.here());
            connect(port, IPV4);
            long before = rig.count("untrusted");
            assertThat(before).isEqualTo(1);

            rig.attach(rig.machine.nobody());

            assertThat(rig.count("untrusted")).isEqualTo(before);
            assertThat(connect(port, IPV4).getFirst()).startsWith(CLIENT);
            assertThat(open.ask()).contains(rig.machine.here());
        }
    }

    @Test
    void twoAttachmentsToOneCgroupBelieveEachWhomItTrusts() {
        Path second = Path.of(rig.pins + "-second");
        rig.attach("192.0.2.0/24");
        rig.attach(rig.machine.nobody(), second);
        try {
            int port = rig.cOrigin("4");
            assertThat(connect(port, IPV4).getFirst()).startsWith(CLIENT);
            assertThat(rig.count("untrusted")).isEqualTo(1);
            assertThat(rig.count("getname_toa_ok")).isZero();

            rig.detach(rig.pins);

            assertThat(connect(port, IPV4).getFirst()).startsWith(CLIENT);
        } finally {
            rig.detach(second);
        }
        assertThat(second).doesNotExist();
    }

    @Test
    void aProgramThatListensAlreadyIsCoveredFromItsNextConnectionOn() {
        int port = rig.cOrigin("4");
        assertThat(connect(port, IPV4).getFirst())
                .startsWith("accept " + rig.machine.nobody() + " ");

        rig.attach(rig.machine.nobody());

        assertThat(connect(port, IPV4).getFirst()).startsWith(CLIENT);
    }

    /// As systemd does: the cgroup of a service goes when the service stops, and a new one comes.
    @Test
    void aServiceThatIsStartedAgainInANewCgroupIsCoveredByTheOneAbove() {
        rig.attach(rig.machine.nobody());
        for (int start = 0; start < 2; start++) {
            try (CgroupFolder service = CgroupFolder.below(rig.cgroup)) {
                int port = Ports.free();
                Program origin =
                        work.start(
                                service.member(
                                        rig.machine.inside(
                                                rig.cProgram().toString(),
                                                "4",
                                                Integer.toString(port))));
                origin.awaitText("listening");
                assertThat(connect(port, IPV4).getFirst()).startsWith(CLIENT);
                origin.close();
            }
        }
    }

    @Test
    void afterDetachingNothingIsLeft() {
        rig.attach(rig.machine.nobody());
        int port = rig.cOrigin("4");
        assertThat(connect(port, IPV4).getFirst()).startsWith(CLIENT);

        assertThat(rig.toaOrigin("detach", "--pin", rig.pins.toString()).text())
                .isEqualTo("detached\n");

        assertThat(connect(port, IPV4).getFirst())
                .startsWith("accept " + rig.machine.nobody() + " ");
        assertThat(rig.pins).doesNotExist();
        String tree =
                work.start(
                                Tool.path("bpftool", "bpftool"),
                                "cgroup",
                                "show",
                                rig.cgroup.path().toString())
                        .await(Duration.ofSeconds(20))
                        .text();
        assertThat(tree).doesNotContain("toa_");
        Program.Ended again = rig.toaOrigin("detach", "--pin", rig.pins.toString());
        assertThat(again.status()).isZero();
        assertThat(again.text()).isEqualTo("nothing was attached\n");
        Program.Ended status = rig.toaOrigin("status", "--pin", rig.pins.toString());
        assertThat(status.status()).isEqualTo(1);
        assertThat(status.text()).contains("nothing is attached at " + rig.pins);
    }

    @Test
    void statusSaysWhatIsAttachedAndWatches() {
        rig.attach("10.0.0.0/8,2001:db8::/32");

        Program.Ended once = rig.toaOrigin("status", "--pin", rig.pins.toString());
        assertThat(once.text())
                .contains("cgroup  " + rig.cgroup.path() + "\n")
                .contains("10.0.0.0/8")
                .contains("2001:db8::/32")
                .containsPattern("(?m)^ +CPU0.*$")
                .containsPattern("(?m)^getname_toa_bypass +: +0");

        Program watch =
                work.start(
                        rig.command("status", "--watch", "--pin", rig.pins.toString())
                                .toArray(String[]::new));
        watch.awaitText("(?s)ip6_address_free.*ip6_address_free.*ip6_address_free");
        assertThat(watch.isAlive()).isTrue();
        rig.attach("192.0.2.0/24");
        watch.awaitText("trusts  \\[192.0.2.0/24\\]");
        rig.detach(rig.pins);
        Program.Ended ended = watch.await(Duration.ofSeconds(20));
        assertThat(ended.status()).isZero();
        assertThat(ended.text()).endsWith("\ndetached\n");
    }

    @Test
    void aCgroupThatIsNoneIsRefusedInClearWords() {
        assertThat(refusal("--cgroup=/nowhere/at/all"))
                .isEqualTo("skerry: toa-origin: there is no cgroup /nowhere/at/all\n");
        assertThat(refusal("--cgroup=/tmp")).contains("/tmp is no cgroup (");
        Path file = rig.cgroup.path().resolve("cgroup.procs");
        assertThat(refusal("--cgroup=" + file)).contains(file + " is no folder; name a folder");

        Path v1 = work.path("v1");
        assertThat(v1.toFile().mkdir()).isTrue();
        String mount = Tool.path("mount", "mount");
        run(mount, "-t", "cgroup", "-o", "none,name=skerryit", "none", v1.toString());
        try {
            assertThat(refusal("--cgroup=" + v1)).contains(v1 + " is a cgroup of version 1");
        } finally {
            run(Tool.path("umount", "mount"), v1.toString());
        }
        assertThat(rig.pins).doesNotExist();
    }

    @Test
    void pinsThatCannotBeThereAreRefusedInClearWords() {
        Program.Ended ended =
                rig.toaOrigin(
                        "attach",
                        "--cgroup=" + rig.cgroup.path(),
                        "--trust=10.0.0.0/8",
                        "--pin=" + work.path("pins"));
        assertThat(ended.status()).isEqualTo(1);
        assertThat(ended.text())
                .isEqualTo(
                        "skerry: toa-origin: "
                                + work.path("pins")
                                + " is not on a bpf file system; choose a folder below"
                                + " /sys/fs/bpf\n");
    }

    @Test
    void aCgroupThatAProgramHoldsForItselfIsRefusedUntilThatIsGone() {
        String bpftool = Tool.path("bpftool", "bpftool");
        Path object = rig.copy("/io/skerry/edge/bpf/toa_edge.bpf.o", "other.o");
        Path other = Path.of(rig.pins + "-other");
        String cgroup = rig.cgroup.path().toString();
        run(bpftool, "prog", "load", object.toString(), other.toString());
        try {
            // Without 'multi', which would let others in.
            run(bpftool, "cgroup", "attach", cgroup, "sock_ops", "pinned", other.toString());
            assertThat(refusal("--cgroup=" + cgroup))
                    .startsWith("skerry: toa-origin: a program at cgroup " + cgroup)
                    .contains("lets no other in beside itself; bpftool cgroup tree shows it")
                    .doesNotContain("no privilege");
            assertThat(rig.pins).doesNotExist();

            run(bpftool, "cgroup", "detach", cgroup, "sock_ops", "pinned", other.toString());
            rig.attach("10.0.0.0/8");
        } finally {
            assertThat(other.toFile().delete()).isTrue();
        }
    }

    private void run(String... command) {
        Program.Ended ended = work.start(command).await(Duration.ofSeconds(20));
        assertThat(ended.status()).as(ended.text()).isZero();
    }

    private String refusal(String cgroup) {
        Program.Ended ended =
                rig.toaOrigin("attach", cgroup, "--trust=10.0.0.0/8", "--pin=" + rig.pins);
        assertThat(ended.status()).isEqualTo(1);
        return ended.text();
    }

    @Test
    void moreNetworksThanTheKernelKeepsAreRefusedAndTheLastFits() {
        String networks =
                IntStream.range(0, 1_024)
                        .mapToObj(i -> "10." + i / 256 + "." + i % 256 + ".0/24")
                        .collect(Collectors.joining(","));
        rig.attach(networks);
        Program.Ended ended =
                rig.toaOrigin(
                        "attach",
                        "--cgroup=" + rig.cgroup.path(),
                        "--trust=" + networks + ",192.0.2.0/24",
                        "--pin=" + rig.pins);
        assertThat(ended.status()).isEqualTo(2);
        assertThat(ended.text())
                .isEqualTo(
                        "skerry: toa-origin: --trust: at most 1024 networks, these are 1025 (see"
                                + " ./skerry toa-origin --help)\n");
    }

    @Test
    void withoutThePrivilegeItSaysWhatIsMissing() {
        List<String> command =
                new ArrayList<>(
                        List.of(
                                Tool.path("setpriv", "util-linux"),
                                "--bounding-set=-bpf,-sys_admin,-net_admin",
                                "--inh-caps=-all"));
        command.addAll(
                rig.command(
                        "attach",
                        "--cgroup=" + rig.cgroup.path(),
                        "--trust=10.0.0.0/8",
                        "--pin=" + rig.pins));
        // Somebody else has mounted it, as on most machines.
        rig.attach("10.0.0.0/8");
        Program.Ended ended =
                work.start(command.toArray(String[]::new)).await(Duration.ofSeconds(60));
        assertThat(ended.status()).isEqualTo(1);
        assertThat(ended.text())
                .startsWith(
                        "skerry: toa-origin: no privilege: root or the capabilities CAP_BPF and"
                                + " CAP_NET_ADMIN are needed (");
        assertThat(Files.exists(rig.pins.resolve("toa_read"))).isTrue();
    }

    @Test
    void aCgroupThatHasGoneIsSaid() {
        rig.attach("10.0.0.0/8");
        rig.cgroup.close();
        Await.until(
                "the status says so",
                Duration.ofSeconds(20),
                () ->
                        rig.toaOrigin("status", "--pin", rig.pins.toString())
                                .text()
                                .contains("cgroup  gone: attach again to the new one"));
    }
}
