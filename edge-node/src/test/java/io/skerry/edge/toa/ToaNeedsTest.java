package io.skerry.edge.toa;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.edge.transport.Transport;
import java.nio.file.Path;
import java.util.Optional;
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
}
