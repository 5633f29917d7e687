package io.skerry.edge.bpf;

import java.io.IOException;
import java.io.Serial;

/// The kernel or libbpf refused; the message says what was asked, what the kernel answered and, as
/// far as it goes, why.
public final class BpfException extends IOException {
    @Serial private static final long serialVersionUID = 1;

    private final int errno;

    private BpfException(String message, int errno) {
        super(message);
        this.errno = errno;
    }

    /// @param what was asked for, such as `load toa_edge`
    /// @param errno of the kernel, above 0
    /// @param log what libbpf wrote about it; empty where it wrote nothing
    static BpfException of(String what, int errno, String log) {
        String said = log.isEmpty() ? "" : "; libbpf says: " + log;
        return new BpfException(what + ": " + Errno.text(errno) + said, errno);
    }

    /// A mistake found before the kernel was asked.
    ///
    /// @param errno what the kernel would have answered, as near as can be said
    public static BpfException of(String message, int errno) {
        return new BpfException(message, errno);
    }

    /// The error number of the kernel.
    public int errno() {
        return errno;
    }
}
