package io.skerry.edge.toa;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.edge.bpf.Kernel;
import io.skerry.edge.transport.Transport;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ToaNeedsTest {
    @ParameterizedTest
    @ValueSource(strings = {"4.19.0-amd64", "5.9.16", "3.10.0-1160.el7.x86_64"})
    void anOldKernelIsNamed(String version) {
        assertThat(ToaNeeds.kernel(version))
                .contains("Linux 5.10 or newer is needed, this is " + version);
    }

    @ParameterizedTest
    @ValueSource(strings = {"5.10.0-8-amd64", "5.15.1", "6.1.0", "10.0"})
    void aNewKernelIsAskedItself(String version) {
        assertThat(ToaNeeds.kernel(version)).isEmpty();
    }

    @Test
    void aTransportWithoutDescriptorsIsRefused() {
        assertThat(ToaNeeds.hindrance(Transport.NIO))
                .contains(
                        "edge.transport nio gives no access to its sockets; use epoll or"
                                + " io_uring");
    }

    @Test
    void aCgroupThatIsNotThereIsTheReason() {
        ToaSettings settings =
                new ToaSettings(ToaKinds.DEFAULT, Optional.of(Path.of("/nowhere/at/all")));
        Toa toa = Toa.start(settings, Transport.best());
        assertThat(toa.missing().orElseThrow()).isNotBlank();
        toa.stop();
    }

    @Test
    void aNodeWithoutThePrivilegeSaysSo() throws Exception {
        Kernel.required();
        assertThat(probe()).isEqualTo("ready");
        assertThat(probe("setpriv", "--bounding-set=-bpf,-sys_admin", "--inh-caps=-all"))
                .startsWith(
                        "no privilege: root or the capabilities CAP_BPF and CAP_NET_ADMIN are"
                                + " needed (load toa_edge: Operation not permitted (1)");
    }

    /// What {@link ToaProbe} says when started so.
    private static String probe(String... prefix) throws Exception {
        List<String> command = new ArrayList<>(List.of(prefix));
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("--enable-native-access=ALL-UNNAMED");
        command.add("-cp");
        command.add(System.getProperty("java.class.path"));
        command.add(ToaProbe.class.getName());
        Process process =
                new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        return said.lines().reduce("", (first, last) -> last);
    }
}
