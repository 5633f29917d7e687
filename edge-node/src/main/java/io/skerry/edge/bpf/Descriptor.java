package io.skerry.edge.bpf;

import java.nio.file.Path;

/// A file descriptor of this process.
record Descriptor(int fd) implements AutoCloseable {
    private static final int O_CLOEXEC = 0x80000;

    /// Opens a file or folder for reading.
    static Descriptor open(Path path) throws BpfException {
        C.Answer answer = C.LIBC.number("open", path.toString(), O_CLOEXEC);
        if (answer.value() < 0) {
            throw BpfException.of("open " + path, answer.errno(), "");
        }
        return new Descriptor((int) answer.value());
    }

    @Override
    public void close() {
        C.LIBC.number("close", fd);
    }
}
