package io.skerry.edge.handover;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/// Holds a node's data folder for one process: a lock on `DIR/edge.lock` that belongs to the open
/// file, so that it can be handed to the next process and is gone with the last that has it. The
/// file says who that is.
///
/// See [flock(2)](https://man7.org/linux/man-pages/man2/flock.2.html).
public final class FolderLock implements AutoCloseable {
    static final String NAME = "edge.lock";

    private final Path file;
    private final int descriptor;
    private boolean closed;

    private FolderLock(Path file, int descriptor) {
        this.file = file;
        this.descriptor = descriptor;
    }

    /// Takes the folder, made where there is none; empty where another process has it. Blocks.
    ///
    /// @throws IOException where the folder cannot be used
    public static Optional<FolderLock> take(Path folder) throws IOException {
        Files.createDirectories(folder);
        Path file = folder.resolve(NAME);
        int descriptor;
        try (Arena arena = Arena.ofConfined()) {
            descriptor = LocalCalls.open(arena.allocateFrom(file.toString()));
        }
        try {
            LocalCalls.lock(descriptor);
        } catch (SocketTimeoutException held) {
            LocalCalls.close(descriptor);
            return Optional.empty();
        } catch (IOException failed) {
            LocalCalls.close(descriptor);
            throw failed;
        }
        FolderLock lock = new FolderLock(file, descriptor);
        lock.sign();
        return Optional.of(lock);
    }

    /// The lock that another process handed over.
    static FolderLock of(Path folder, int descriptor) {
        return new FolderLock(folder.resolve(NAME), descriptor);
    }

    /// Whose it is, as far as the file says.
    public static String owner(Path folder) {
        try {
            String pid = Files.readString(folder.resolve(NAME), StandardCharsets.US_ASCII).strip();
            return pid.matches("\\d{1,10}") ? "pid " + pid : "another process";
        } catch (IOException unreadable) {
            return "another process";
        }
    }

    /// Writes this process's number into the file.
    void sign() {
        try {
            Files.writeString(file, ProcessHandle.current().pid() + "\n");
        } catch (IOException failed) {
            throw new UncheckedIOException("cannot write " + file, failed);
        }
    }

    int descriptor() {
        return descriptor;
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            LocalCalls.close(descriptor);
        }
    }
}
