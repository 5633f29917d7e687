package io.skerry.shared.net;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class HostPortTest {
    @ParameterizedTest
    @CsvSource({
        "127.0.0.1:8080, 127.0.0.1:8080",
        "0.0.0.0:0, 0.0.0.0:0",
        "localhost:80, 127.0.0.1:80",
        "[::1]:65535, [::1]:65535",
        "[0:0::0]:1, [::]:1"
    })
    void readsLiteralAddressesWithAPort(String text, String canonical) {
        assertThat(HostPort.parse(text).orElseThrow()).hasToString(canonical);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                ":",
                ":80",
                "127.0.0.1",
                "127.0.0.1:",
                "127.0.0.1:65536",
                "127.0.0.1:00",
                "127.0.0.1:-1",
                "127.0.0.1:80-80",
                "127.0.0.1:80-81",
                "::1:80",
                "[::1]",
                "[::1:80",
                "::1]:80",
                "[127.0.0.1]:80",
                "example.com:80",
                "localhost",
                "127.1:80",
                "127.0.0.1:80 ",
                "http://127.0.0.1:80"
            })
    void refusesEverythingElse(String text) {
        assertThat(HostPort.parse(text)).isEmpty();
    }
}
