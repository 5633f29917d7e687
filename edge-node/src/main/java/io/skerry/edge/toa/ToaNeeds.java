package io.skerry.edge.toa;

import io.skerry.edge.bpf.BpfException;
import io.skerry.edge.bpf.Errno;
import io.skerry.edge.bpf.LibBpf;
import io.skerry.edge.transport.Transport;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// What TOA needs of a machine.
final class ToaNeeds {
    private static final Pattern VERSION = Pattern.compile("(\\d+)\\.(\\d+).*");

    /// The first Linux with helpers for TCP options.
    private static final int MAJOR = 5;

    private static final int MINOR = 10;

    private static final String ORIGIN_NEEDS =
            "no privilege: root or the capabilities CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON are"
                    + " needed";

    private ToaNeeds() {}

    /// What can be said before the kernel is asked.
    static Optional<String> hindrance(Transport transport) {
        if (transport == Transport.NIO) {
            return Optional.of(
                    "edge.transport nio gives no access to its sockets; use epoll or io_uring");
        }
        return kernel(System.getProperty("os.version", "")).or(LibBpf::unavailability);
    }

    static Optional<String> kernel(String version) {
        Matcher numbers = VERSION.matcher(version);
        if (!numbers.matches()) {
            return Optional.empty();
        }
        int major = Integer.parseInt(numbers.group(1));
        int minor = Integer.parseInt(numbers.group(2));
        if (major > MAJOR || (major == MAJOR && minor >= MINOR)) {
            return Optional.empty();
        }
        return Optional.of("Linux 5.10 or newer is needed, this is " + version);
    }

    /// In words for people.
    static String reason(BpfException refused) {
        if (refused.errno() == Errno.EPERM) {
            return "no privilege: root or the capabilities CAP_BPF and CAP_NET_ADMIN are needed ("
                    + refused.getMessage()
                    + ")";
        }
        return String.valueOf(refused.getMessage());
    }

    /// In words for people at an origin, whose program moves in a packet by what it reads there:
    /// for that the kernel asks for one capability more, and refuses the whole program otherwise.
    static String originReason(BpfException refused) {
        String said = String.valueOf(refused.getMessage());
        if (refused.errno() == Errno.EPERM) {
            return ORIGIN_NEEDS + " (" + said + ")";
        }
        if (refused.errno() == Errno.EACCES && said.contains("prohibited for !root")) {
            return ORIGIN_NEEDS + " (" + said.replaceFirst("(?s); libbpf says.*", "") + ")";
        }
        return said;
    }
}
