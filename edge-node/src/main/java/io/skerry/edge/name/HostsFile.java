package io.skerry.edge.name;

import io.netty.resolver.HostsFileEntriesProvider;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The machine's file of names, read again when it has changed. For one thread.
final class HostsFile {
    /// Where systems keep it.
    static final Path SYSTEM = Path.of("/etc/hosts");

    private record Version(Object time, long size) {}

    private final Path file;
    private @Nullable Version read;
    private Map<String, List<InetAddress>> v4 = Map.of();
    private Map<String, List<InetAddress>> v6 = Map.of();

    HostsFile(Path file) {
        this.file = file;
    }

    /// All addresses the file gives a name; empty where it has none. `localhost` always has some
    /// (RFC 6761, section 6.3).
    List<InetAddress> addresses(String name) {
        refresh();
        String key = name.toLowerCase(Locale.ROOT);
        List<InetAddress> found = new ArrayList<>(v4.getOrDefault(key, List.of()));
        found.addAll(v6.getOrDefault(key, List.of()));
        if (found.isEmpty() && key.equals("localhost")) {
            found.add(io.skerry.shared.net.IpText.of(new byte[] {127, 0, 0, 1}));
        }
        return found;
    }

    private void refresh() {
        try {
            BasicFileAttributes now = Files.readAttributes(file, BasicFileAttributes.class);
            Version version = new Version(now.lastModifiedTime(), now.size());
            if (version.equals(read)) {
                return;
            }
            HostsFileEntriesProvider entries =
                    HostsFileEntriesProvider.parser().parse(file.toFile(), StandardCharsets.UTF_8);
            v4 = entries.ipv4Entries();
            v6 = entries.ipv6Entries();
            read = version;
        } catch (IOException unreadable) {
            read = null;
            v4 = Map.of();
            v6 = Map.of();
        }
    }
}
