package io.skerry.shared.net;

import java.util.Optional;

/// One port or a run of ports, both ends included.
///
/// Range of a port: 1 to 65535. What a *forwarding* port may be is narrower, see {@link
/// io.skerry.shared.rule.RuleReader}.
///
/// @param first lowest port
/// @param last highest port, not below `first`
public record PortRange(int first, int last) implements Comparable<PortRange> {
    public static final int PORT_MAX = 65535;

    public PortRange {
        if (first < 1 || last > PORT_MAX || first > last) {
            throw new IllegalArgumentException("not a port range: " + first + "-" + last);
        }
    }

    public static PortRange of(int port) {
        return new PortRange(port, port);
    }

    /// Reads `80` or `80-90`: decimal digits only, no signs, no leading zeros, no spaces.
    public static Optional<PortRange> parse(String text) {
        int dash = text.indexOf('-');
        int first = port(dash < 0 ? text : text.substring(0, dash));
        int last = dash < 0 ? first : port(text.substring(dash + 1));
        return first < 1 || last < first
                ? Optional.empty()
                : Optional.of(new PortRange(first, last));
    }

    private static int port(String digits) {
        if (digits.isEmpty() || digits.length() > 5 || digits.charAt(0) == '0') {
            return -1;
        }
        int value = 0;
        for (int i = 0; i < digits.length(); i++) {
            char c = digits.charAt(i);
            if (c < '0' || c > '9') {
                return -1;
            }
            value = value * 10 + (c - '0');
        }
        return value <= PORT_MAX ? value : -1;
    }

    public int size() {
        return last - first + 1;
    }

    public boolean isSingle() {
        return first == last;
    }

    public boolean contains(int port) {
        return first <= port && port <= last;
    }

    public boolean overlaps(PortRange other) {
        return first <= other.last && other.first <= last;
    }

    @Override
    public int compareTo(PortRange other) {
        int byFirst = Integer.compare(first, other.first);
        return byFirst != 0 ? byFirst : Integer.compare(last, other.last);
    }

    /// The form that {@link #parse} reads.
    @Override
    public String toString() {
        return isSingle() ? Integer.toString(first) : first + "-" + last;
    }
}
