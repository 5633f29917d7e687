package io.skerry.edge.bpf;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/// Kinds of file systems that matter here, as the kernel tells them; the JDK looks into a list of
/// mounts, where one mount may hide another.
enum FileSystem {
    BPF(0xcafe4a11L, "bpf"),
    CGROUP2(0x63677270L, "cgroup2"),
    CGROUP1(0x27e0ebL, "cgroup"),
    OTHER(0, "neither cgroup2 nor bpf");

    /// `struct statfs` begins with the kind; the whole is shorter than this.
    private static final long STATFS_SIZE = 256;

    private final long magic;
    private final String word;

    FileSystem(long magic, String word) {
        this.magic = magic;
        this.word = word;
    }

    /// In words for people.
    String word() {
        return word;
    }

    /// What a file or folder that exists is on.
    static FileSystem of(Path path) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment answer = arena.allocate(STATFS_SIZE, Long.BYTES);
            if (C.LIBC.number("statfs", path.toString(), answer).value() == 0) {
                long found = answer.get(JAVA_LONG, 0);
                for (FileSystem each : values()) {
                    if (each != OTHER && each.magic == found) {
                        return each;
                    }
                }
            }
            return OTHER;
        }
    }
}
