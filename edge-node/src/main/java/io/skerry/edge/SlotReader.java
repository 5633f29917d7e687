package io.skerry.edge;

import io.skerry.edge.listener.Slot;
import io.skerry.shared.net.IpText;
import io.skerry.shared.problem.Code;
import io.skerry.shared.process.SettingsReader;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// Reads `listen`: slots separated by `,`; each names every mistake in it.
final class SlotReader {
    static final String KEY = "listen";
    static final String DEFAULT = "0.0.0.0+[::]";

    /// More slots than this are refused.
    static final int SLOTS_MAX = 256;

    private final SettingsReader settings;
    private final Set<InetAddress> seen = new HashSet<>();

    private SlotReader(SettingsReader settings) {
        this.settings = settings;
    }

    static List<Slot> read(SettingsReader settings) {
        SlotReader reader = new SlotReader(settings);
        List<String> texts = settings.list(KEY, DEFAULT);
        List<Slot> slots = new ArrayList<>();
        for (String text : texts) {
            reader.slot(text).ifPresent(slots::add);
        }
        if (texts.isEmpty() || texts.size() > SLOTS_MAX) {
            reader.wrong(Code.OUT_OF_RANGE, "must name 1 to " + SLOTS_MAX + " slots");
        }
        if (texts.size() > 1) {
            slots.stream()
                    .filter(SlotReader::isWildcard)
                    .forEach(slot ->
                            reader.wrong(
                                    Code.INCOMPATIBLE,
                                    "'" + slot + "': a wildcard may only be the single slot"));
        }
        return List.copyOf(slots);
    }

    private static boolean isWildcard(Slot slot) {
        return slot.addresses(true).stream().anyMatch(InetAddress::isAnyLocalAddress);
    }

    private Optional<Slot> slot(String text) {
        Inet4Address v4 = null;
        Inet6Address v6 = null;
        boolean good = true;
        for (String part : text.split("\\+", -1)) {
            Optional<InetAddress> address = address(part.strip(), text);
            good &= address.isPresent();
            if (address.orElse(null) instanceof Inet4Address four) {
                good &= isOnly(v4 != null, text, "two IPv4 addresses");
                v4 = four;
            } else if (address.orElse(null) instanceof Inet6Address six) {
                good &= isOnly(v6 != null, text, "two IPv6 addresses");
                v6 = six;
            }
        }
        return good && (v4 != null || v6 != null)
                ? Optional.of(new Slot(v4, v6))
                : Optional.empty();
    }

    private boolean isOnly(boolean another, String slot, String what) {
        if (another) {
            wrong(Code.BAD_FORMAT, "'" + slot + "' has " + what + ", a slot has one of a kind");
        }
        return !another;
    }

    private Optional<InetAddress> address(String part, String slot) {
        boolean bare = part.indexOf(':') >= 0 && !part.startsWith("[");
        Optional<InetAddress> address = bare ? Optional.empty() : IpText.parse(part);
        if (bare) {
            wrong(Code.BAD_FORMAT, "'" + part + "': an IPv6 address stands in brackets");
        } else if (address.isEmpty()) {
            wrong(
                    Code.BAD_FORMAT,
                    "'"
                            + part
                            + "' in '"
                            + slot
                            + "' is no IPv4 address and no IPv6 address"
                            + " in brackets");
        } else if (address.get().isMulticastAddress()) {
            wrong(Code.NOT_ALLOWED, "'" + part + "' is a multicast address");
            return Optional.empty();
        } else if (!seen.add(address.get())) {
            wrong(Code.NOT_ALLOWED, "'" + part + "' stands there twice");
            return Optional.empty();
        }
        return address;
    }

    private void wrong(Code code, String message) {
        settings.mistake(KEY, code, message);
    }
}
