package io.skerry.shared.origin;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class OriginAddressTest {
    @ParameterizedTest
    @CsvSource({
        "10.0.0.5, 10.0.0.5",
        "[2001:DB8::1], 2001:db8::1",
        "2001:db8:0:0::1, 2001:db8::1",
        "::ffff:10.0.0.1, 10.0.0.1",
        "Test.Origin.COM, test.origin.com",
        "example.com., example.com",
        "localhost, localhost",
        "_srv.a-b.x1, _srv.a-b.x1",
        "10.0.0.5.example, 10.0.0.5.example",
        "1.2.3.4.5a, 1.2.3.4.5a",
        "0xg, 0xg"
    })
    void readsAddressesAndNames(String text, String canonical) {
        OriginAddress read = OriginAddress.parse(text).orElseThrow();
        assertThat(read).hasToString(canonical);
        assertThat(OriginAddress.parse(canonical)).contains(read);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                ".",
                "..",
                "a..b",
                ".a",
                "a..",
                "-a",
                "a-",
                "a.-b",
                "a b",
                "a:80",
                "10.0.0.5:80",
                "[10.0.0.5]",
                "[a.test]",
                "10.0.0.300",
                "010.0.0.1",
                "127.1",
                "123",
                "1.2.3.4.",
                "1.2.3.4.5",
                "0x7f.1",
                "0x7f.0x1",
                "0X",
                "a.1",
                "a.0x1",
                "é.test",
                "\u212a.test",
                "a/b",
                "a@b",
                "*.test",
                "fe80::1%eth0",
                "a\n"
            })
    void refusesWhatIsNeither(String text) {
        assertThat(OriginAddress.parse(text)).isEmpty();
    }

    @Test
    void takesLabelsOf63LettersAndNamesOf253() {
        String label = "a".repeat(63);
        assertThat(OriginAddress.parse(label + ".test")).isPresent();
        assertThat(OriginAddress.parse(label + "a.test")).isEmpty();
        String name = (label + ".").repeat(3) + "b".repeat(61);
        assertThat(name).hasSize(253);
        assertThat(OriginAddress.parse(name)).isPresent();
        assertThat(OriginAddress.parse(name + ".")).isPresent();
        assertThat(OriginAddress.parse(name + "b")).isEmpty();
        assertThat(OriginAddress.parse(name + "b.")).isEmpty();
        assertThat(OriginAddress.parse("a.".repeat(2_000_000))).isEmpty();
    }
}
