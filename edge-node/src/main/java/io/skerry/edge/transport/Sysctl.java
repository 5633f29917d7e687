package io.skerry.edge.transport;

import java.io.FileInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/// Values of the kernel below `/proc/sys`.
public final class Sysctl {
    public static final Path IPV4 = Path.of("/proc/sys/net/ipv4");

    /// The longest list of ports is not half as long.
    private static final int ROOM = 1 << 20;

    private Sysctl() {}

    /// Reads a value by one call: a second one would find nothing, and `Files` begins with a byte.
    public static String read(Path file) throws IOException {
        byte[] bytes = new byte[ROOM];
        try (FileInputStream in = new FileInputStream(file.toFile())) {
            int length = in.read(bytes);
            return new String(bytes, 0, Math.max(0, length), StandardCharsets.US_ASCII).strip();
        }
    }

    /// First and last of the ports that the system gives out by itself.
    public static int[] portRange(Path folder) throws IOException {
        String[] ends = read(folder.resolve("ip_local_port_range")).split("\\s+");
        if (ends.length != 2) {
            throw new IOException("no range of ports in " + folder);
        }
        return new int[] {Integer.parseInt(ends[0]), Integer.parseInt(ends[1])};
    }
}
