package io.skerry.edge.toa;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ToaOriginCommandTest {
    private static ToaOriginCommand read(String line) throws ToaOriginCommand.Mistaken {
        return ToaOriginCommand.read(List.of(line.split(" ")));
    }

    @Test
    void everythingCanBeSaid() throws Exception {
        assertThat(
                        read(
                                "attach --cgroup /c --trust 10.0.0.0/8,2001:db8::1 --kind-ipv4 200,254"
                                        + " --kind-ipv6=254 --pin=/p"))
                .isEqualTo(
                        new ToaOriginCommand.Attach(
                                Path.of("/p"),
                                new ToaReader.Wanted(
                                        Path.of("/c"),
                                        List.of(
                                                Network.parse("10.0.0.0/8").orElseThrow(),
                                                Network.parse("2001:db8::1/128").orElseThrow()),
                                        Set.of(200, 254),
                                        Set.of(254))));
        assertThat(read("detach")).isEqualTo(new ToaOriginCommand.Detach(ToaOrigin.PINS_DEFAULT));
        assertThat(read("status --watch"))
                .isEqualTo(new ToaOriginCommand.Status(ToaOrigin.PINS_DEFAULT, true));
    }

    @Test
    void kindsAreThoseOfEdgesUnlessOthersAreNamed() throws Exception {
        assertThat(read("attach --cgroup /c --trust 10.0.0.0/8"))
                .isInstanceOfSatisfying(
                        ToaOriginCommand.Attach.class,
                        attach -> {
                            assertThat(attach.wanted().kindsIpv4()).containsExactly(200);
                            assertThat(attach.wanted().kindsIpv6()).containsExactly(253);
                        });
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "nonsense | 'nonsense' is none of attach, detach, status",
                "attach | --cgroup is missing",
                "attach --cgroup /c | --trust is missing",
                "attach --cgroup | --cgroup needs a folder",
                "attach --cgroup /c --trust 10.0.0.1/8 | '10.0.0.1/8' is no network",
                "attach --cgroup /c --trust 10.0.0.0/33 | '10.0.0.0/33' is no network",
                "attach --cgroup /c --trust edge.example | 'edge.example' is no network",
                "attach --cgroup /c --trust 10.0.0.0/8 --kind-ipv4 8 | '8' is no kind",
                "attach --cgroup /c --trust 10.0.0.0/8 --kind-ipv6 256 | '256' is no kind",
                "attach --watch | attach takes no --watch",
                "detach --cgroup /c | detach takes no --cgroup",
                "status --nonsense | there is no option --nonsense"
            })
    void aMistakeIsNamed(String line, String mistake) {
        assertThatThrownBy(() -> read(line))
                .isInstanceOf(ToaOriginCommand.Mistaken.class)
                .hasMessageContaining(mistake);
    }

    @Test
    void allMistakesAreToldTogether() {
        assertThatThrownBy(() -> read("attach --trust x --watch --what"))
                .hasMessageContaining("--trust: 'x'")
                .hasMessageContaining("takes no --watch")
                .hasMessageContaining("no option --what")
                .hasMessageContaining("--cgroup is missing");
    }

    @ParameterizedTest
    @ValueSource(strings = {"10.0.0.0/8", "0.0.0.0/0", "::/0", "2001:db8::/32", "192.0.2.7/32"})
    void aNetworkReadsAsItPrints(String text) {
        assertThat(Network.parse(text).orElseThrow()).hasToString(text);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "/", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/008x", "::1/129", "10/8"})
    void whatIsNoNetworkIsNone(String text) {
        assertThat(Network.parse(text)).isEmpty();
    }
}
