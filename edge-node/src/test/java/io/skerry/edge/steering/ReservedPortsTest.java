package io.skerry.edge.steering;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// With files in place of the kernel's; {@link SteeringTest} has the kernel's own.
final class ReservedPortsTest {
    @TempDir private Path system;
    @TempDir private Path data;

    @BeforeEach
    void system() throws IOException {
        Files.writeString(system.resolve("ip_local_port_range"), "32768\t60999\n");
        Files.writeString(system.resolve("ip_local_reserved_ports"), "40000,50000-50001\n");
    }

    private String list() throws IOException {
        return Files.readString(system.resolve("ip_local_reserved_ports")).strip();
    }

    private static BitSet ports(int first, int last) {
        BitSet ports = new BitSet();
        ports.set(first, last + 1);
        return ports;
    }

    @Test
    void addsWhatTheSystemMightGiveOutAndGivesBackNothingElse() throws Exception {
        ReservedPorts reserved = new ReservedPorts(system, data);

        assertThat(reserved.reserve(ports(32_000, 33_000))).isTrue();
        assertThat(list()).isEqualTo("32768-33000,40000,50000-50001");
        reserved.reserve(ports(39_999, 40_001));
        assertThat(list()).isEqualTo("39999-40001,50000-50001");
        reserved.close();

        assertThat(list()).isEqualTo("40000,50000-50001");
        assertThat(data.resolve("reserved-ports")).doesNotExist();
    }

    @Test
    void theNextLifeGivesBackWhatAKilledOneReserved() throws Exception {
        new ReservedPorts(system, data).reserve(ports(35_000, 35_009));

        ReservedPorts next = new ReservedPorts(system, data);
        next.reserve(ports(36_000, 36_009));

        assertThat(list()).isEqualTo("36000-36009,40000,50000-50001");
    }

    /// A process that wanted to take over and gave up.
    @Test
    void aLifeThatGoesOnGivesBackWhatAnotherAdded() throws Exception {
        ReservedPorts reserved = new ReservedPorts(system, data);
        reserved.reserve(ports(35_000, 35_009));
        new ReservedPorts(system, data).reserve(ports(35_000, 35_019));
        assertThat(list()).isEqualTo("35000-35019,40000,50000-50001");

        reserved.reserve(ports(35_000, 35_009));

        assertThat(list()).isEqualTo("35000-35009,40000,50000-50001");
    }

    @Test
    void saysSoWhereTheListCannotBeChanged() throws Exception {
        Files.delete(system.resolve("ip_local_reserved_ports"));
        ReservedPorts reserved = new ReservedPorts(system, data);

        assertThat(reserved.reserve(ports(35_000, 35_009))).isFalse();
        assertThat(reserved.reserve(new BitSet())).isTrue();
    }

    @Test
    void leavesTheSystemPortsToGiveOut() throws Exception {
        ReservedPorts reserved = new ReservedPorts(system, data);

        assertThat(reserved.reserve(ports(32_768, 60_743))).isTrue();
        assertThat(list()).isEqualTo("32768-60743");
        assertThat(reserved.reserve(ports(32_768, 60_744))).isFalse();
        assertThat(list()).isEqualTo("40000,50000-50001");
        assertThat(reserved.reserve(ports(32_768, 60_743))).isTrue();
    }

    @Test
    void aListThatIsLongIsCutBetweenPorts() {
        BitSet odd = new BitSet();
        for (int port = 33_001; port < 40_000; port += 2) {
            odd.set(port);
        }
        var parts = ReservedPorts.PortList.printParts(odd, 2_000);

        assertThat(parts).hasSizeGreaterThan(9).allMatch(part -> part.length() < 2_010);
        assertThat(ReservedPorts.PortList.parse(String.join(",", parts))).isEqualTo(odd);
    }
}
