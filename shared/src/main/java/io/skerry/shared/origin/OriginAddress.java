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

    Pattern ALL_NUMERIC = Pattern.compile("[0-9.]+");

    /// Reads an address, bare or (IPv6) in brackets, or a domain name. What looks like a number but
    /// is no address, such as `10.0.0.300`, is refused and not taken for a name.
    static Optional<OriginAddress> parse(String text) {
        Optional<OriginAddress> ip = IpText.parse(text).map(Ip::new);
        if (ip.isPresent() || ALL_NUMERIC.matcher(text).matches()) {
            return ip;
        }
        String name = text.toLowerCase(Locale.ROOT);
        String bare = name.endsWith(".") ? name.substring(0, name.length() - 1) : name;
        return NAME.matcher(bare).matches() ? Optional.of(new Domain(bare)) : Optional.empty();
    }
}
