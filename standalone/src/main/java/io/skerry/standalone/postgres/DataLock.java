package io.skerry.standalone.postgres;

import io.skerry.shared.problem.Code;
import io.skerry.shared.problem.Problem;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// Holds a data folder for this process: a lock of the operating system on `DIR/lock`, gone with
/// the process however it ends, and the pid in the file for whoever comes second.
final class DataLock implements AutoCloseable {
    /// Folders held by this very process. Needed because POSIX drops a process's lock on a file
    /// when any of its descriptors of that file is closed: a second attempt must not open it.
    private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();

    private final Path folder;
    private final FileChannel channel;

    private DataLock(Path folder, FileChannel channel) {
        this.folder = folder;
        this.channel = channel;
    }

    /// Takes the folder, which must exist and be given by its real path.
    ///
    /// @throws io.skerry.shared.problem.ProblemException `IN_USE`, naming the live owner's pid
    static DataLock take(Path folder) throws IOException {
        if (!HELD.add(folder)) {
            throw inUse(folder, Long.toString(ProcessHandle.current().pid()));
        }
        FileChannel channel = null;
        boolean taken = false;
        try {
            channel = open(folder);
            FileLock lock = channel.tryLock();
            if (lock == null) {
                throw inUse(folder, readPid(channel));
            }
            writePid(channel);
            taken = true;
            return new DataLock(folder, channel);
        } finally {
            if (!taken) {
                close(channel);
                HELD.remove(folder);
            }
        }
    }

    /// Lets the folder go. The file stays: removing it would let two later starts lock two files.
    @Override
    public void close() throws IOException {
        close(channel);
        HELD.remove(folder);
    }

    private static FileChannel open(Path folder) throws IOException {
        return FileChannel.open(
                folder.resolve("lock"),
                StandardOpenOption.CREATE,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE);
    }

    private static void close(@Nullable FileChannel channel) throws IOException {
        if (channel != null) {
            channel.close();
        }
    }

    private static void writePid(FileChannel channel) throws IOException {
        String line = ProcessHandle.current().pid() + "\n";
        channel.truncate(0);
        channel.write(ByteBuffer.wrap(line.getBytes(StandardCharsets.US_ASCII)), 0);
    }

    private static String readPid(FileChannel channel) throws IOException {
        ByteBuffer text = ByteBuffer.allocate(32);
        channel.read(text, 0);
        return StandardCharsets.US_ASCII.decode(text.flip()).toString().strip();
    }

    private static RuntimeException inUse(Path folder, String pid) {
        return Problem.of(
                        "data",
                        Code.IN_USE,
                        "the data folder " + folder + " is in use by process " + pid)
                .toException();
    }
}
