package io.skerry.shared.origin;

import io.skerry.shared.net.IpText;
import java.net.InetAddress;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/// Where an origin is: a literal address or a domain name, without a port.
public sealed interface OriginAddress {
    /// A literal address.
    record Ip(InetAddress address) implements OriginAddress {
        @Override
        public String toString() {
            return IpText.print(address);
        }
    }

    /// A domain name in lower case without a final dot, resolved by each node.
    record Domain(String name) implements OriginAddress {
        @Override
        public String toString() {
            return name;
        }
    }

    /// Labels of letters, digits, `-` and `_`, none longer than 63 (RFC 1035, section 2.3.4).
    Pattern NAME =
            Pattern.compile(
                    "(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
                            + "(\\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*");

    /// A last label that address readers take for a number, decimal or hexadecimal.
    Pattern NUMBER_LAST = Pattern.compile("(?:.*\\.)?(?:[0-9]+|0x[0-9a-f]*)");

    int NAME_MAX = 253;

    /// Reads an address, bare or (IPv6) in brackets, or a domain name. What looks like a number but
    /// is no address, such as `10.0.0.300`, `127.1` or `0x7f.1`, is refused and not taken for a
    /// name; so is anything but ASCII.
    static Optional<OriginAddress> parse(String text) {
        Optional<OriginAddress> ip = IpText.parse(text).map(Ip::new);
        boolean ascii = text.length() <= NAME_MAX + 1 && text.chars().allMatch(c -> c < 0x80);
        if (ip.isPresent() || !ascii) {
            return ip;
        }
        String name = text.toLowerCase(Locale.ROOT);
        String bare = name.endsWith(".") ? name.substring(0, name.length() - 1) : name;
        return NAME.matcher(bare).matches() && !NUMBER_LAST.matcher(bare).matches()
                ? Optional.of(new Domain(bare))
                : Optional.empty();
    }
}
