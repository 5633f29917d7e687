package io.skerry.edge.listener;

import io.skerry.shared.net.IpText;
import io.skerry.shared.net.Protocol;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/// Which ports of this machine are held, as the kernel lists them in `/proc/net`: listening TCP
/// sockets and all bound UDP sockets. Empty where there is no such folder.
final class PortTable {
    /// @param address where it is bound
    /// @param inode its number, by which `/proc/PID/fd` names it
    record Held(InetAddress address, long inode) {}

    private static final String LISTEN = "0A";
    private static final HexFormat HEX = HexFormat.of();

    private final Map<Protocol, Map<Integer, List<Held>>> held = new EnumMap<>(Protocol.class);

    private PortTable() {}

    /// Reads the table; takes milliseconds and, with very many connections, more.
    static PortTable read() {
        PortTable table = new PortTable();
        table.read(Protocol.TCP, Path.of("/proc/net/tcp"));
        table.read(Protocol.TCP, Path.of("/proc/net/tcp6"));
        table.read(Protocol.UDP, Path.of("/proc/net/udp"));
        table.read(Protocol.UDP, Path.of("/proc/net/udp6"));
        return table;
    }

    static PortTable parse(Protocol protocol, List<String> lines) {
        PortTable table = new PortTable();
        lines.forEach(line -> table.add(protocol, line));
        return table;
    }

    private void read(Protocol protocol, Path file) {
        try (BufferedReader reader = Files.newBufferedReader(file, StandardCharsets.US_ASCII)) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                add(protocol, line);
            }
        } catch (IOException notThere) {
            // Another system, or without IPv6: binding itself tells of conflicts then.
            return;
        }
    }

    /// ` 0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 4242 …`
    private void add(Protocol protocol, String line) {
        String[] fields = line.strip().split("\\s+");
        if (fields.length < 10
                || !fields[0].endsWith(":")
                || protocol == Protocol.TCP && !fields[3].equals(LISTEN)) {
            return;
        }
        int colon = fields[1].indexOf(':');
        int port = Integer.parseInt(fields[1].substring(colon + 1), 16);
        InetAddress address = address(fields[1].substring(0, colon));
        held.computeIfAbsent(protocol, p -> new HashMap<>())
                .computeIfAbsent(port, p -> new ArrayList<>(2))
                .add(new Held(address, Long.parseLong(fields[9])));
    }

    /// Words of 32 bits in the machine's byte order; every machine we run on is little-endian.
    private static InetAddress address(String hex) {
        byte[] bytes = HEX.parseHex(hex);
        for (int word = 0; word < bytes.length; word += 4) {
            swap(bytes, word, word + 3);
            swap(bytes, word + 1, word + 2);
        }
        return IpText.of(bytes);
    }

    private static void swap(byte[] bytes, int a, int b) {
        byte kept = bytes[a];
        bytes[a] = bytes[b];
        bytes[b] = kept;
    }

    List<Held> at(Protocol protocol, int port) {
        return held.getOrDefault(protocol, Map.of()).getOrDefault(port, List.of());
    }
}
