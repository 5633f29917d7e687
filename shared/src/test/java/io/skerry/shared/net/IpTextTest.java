package io.skerry.shared.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class IpTextTest {
    private static final Pattern ZEROS = Pattern.compile("(?<![0-9a-f])0(?::0)+(?![0-9a-f])");

    @ParameterizedTest
    @CsvSource({
        "0.0.0.0, 0.0.0.0",
        "255.255.255.255, 255.255.255.255",
        "::, ::",
        "::1, ::1",
        "1::, 1::",
        "[::1], ::1",
        "2001:DB8:0:0:0:0:0:1, 2001:db8::1",
        "2001:0db8::0001, 2001:db8::1",
        "2001:db8:0:1:1:1:1:1, 2001:db8:0:1:1:1:1:1",
        "2001:0:0:1:0:0:0:1, 2001:0:0:1::1",
        "2001:db8:0:0:1:0:0:1, 2001:db8::1:0:0:1",
        "1:2:3:4:5:6:7::, 1:2:3:4:5:6:7:0",
        "::2:3:4:5:6:7:8, 0:2:3:4:5:6:7:8",
        "::ffff:1.2.3.4, 1.2.3.4",
        "::ffff:102:304, 1.2.3.4",
        "64:ff9b::1.2.3.4, 64:ff9b::102:304",
        "1:2:3:4:5:6:1.2.3.4, 1:2:3:4:5:6:102:304",
        "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255, ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"
    })
    void readsAndPrintsTheCanonicalForm(String text, String canonical) {
        assertThat(IpText.print(IpText.parse(text).orElseThrow())).isEqualTo(canonical);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                ".",
                "1",
                "1.2.3",
                "1.2.3.4.5",
                "1.2.3.",
                ".1.2.3",
                "1..2.3",
                "1.2.3.256",
                "01.2.3.4",
                "1.2.3.00",
                "1.2.3.0x4",
                "1.2.3.4 ",
                " 1.2.3.4",
                "+1.2.3.4",
                "1.2.3.1000",
                "١.2.3.4",
                "localhost",
                "example.com",
                "a",
                "[1.2.3.4]",
                "[]",
                "[:]",
                ":",
                ":::",
                "::1::",
                "1::2::3",
                ":1",
                "1:",
                "::1:",
                ":1::",
                "12345::",
                "00001::",
                "g::",
                "1:2:3:4:5:6:7",
                "1:2:3:4:5:6:7:8:9",
                "1:2:3:4:5:6:7:8::",
                "::1:2:3:4:5:6:7:8",
                "1:2:3:4::5:6:7:8",
                "::1.2.3",
                "::1.2.3.04",
                "::1.2.3.256",
                "::010.0.0.1",
                "1.2.3.4::",
                "::1.2.3.4:5",
                "1:2:3:4:5:6:7:1.2.3.4",
                "fe80::1%1",
                "fe80::1%eth0",
                "[::1",
                "::1]",
                "[[::1]]",
                "::１",
                "::ffff:0x1.2.3.4"
            })
    void refusesEverythingElse(String text) {
        assertThat(IpText.parse(text)).isEmpty();
    }

    @Test
    void printsRandomAddressesLikeAnIndependentFormatter() throws UnknownHostException {
        long seed = Long.getLong("seed", System.nanoTime());
        System.out.println("seed " + seed);
        Random random = new Random(seed);
        for (int i = 0; i < 20_000; i++) {
            byte[] bytes = new byte[i % 5 == 0 ? 4 : 16];
            random.nextBytes(bytes);
            for (int zero = random.nextInt(9); zero > 0 && bytes.length == 16; zero--) {
                int at = 2 * random.nextInt(8);
                bytes[at] = 0;
                bytes[at + 1] = (byte) random.nextInt(2);
            }
            InetAddress address = InetAddress.getByAddress(bytes);
            String text = IpText.print(address);
            assertThat(text).isEqualTo(independent(address.getAddress()));
            assertThat(IpText.parse(text)).contains(address);
            assertThat(IpText.parse(address.getHostAddress())).contains(address);
        }
    }

    /// RFC 5952 by text alone: write all words, then replace the first longest run of zeros.
    private static String independent(byte[] bytes) {
        if (bytes.length == 4) {
            return String.format(
                    "%d.%d.%d.%d", bytes[0] & 255, bytes[1] & 255, bytes[2] & 255, bytes[3] & 255);
        }
        StringBuilder words = new StringBuilder();
        for (int i = 0; i < 16; i += 2) {
            words.append(i == 0 ? "" : ":")
                    .append(String.format("%x", (bytes[i] & 255) * 256 + (bytes[i + 1] & 255)));
        }
        String full = words.toString();
        String longest = "";
        int at = -1;
        Matcher runs = ZEROS.matcher(full);
        while (runs.find()) {
            if (runs.group().length() > longest.length()) {
                longest = runs.group();
                at = runs.start();
            }
        }
        if (at < 0) {
            return full;
        }
        String head = full.substring(0, at);
        String tail = full.substring(at + longest.length());
        return (head + "::" + tail).replaceAll(":{3,}", "::");
    }
}
