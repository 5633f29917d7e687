package io.skerry.edge.listener;

import io.skerry.shared.net.IpText;
import io.skerry.shared.net.Protocol;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.Inet4Address;
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
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Which ports of this machine are held, as the kernel lists them by netlink or else in
/// `/proc/net`: listening TCP sockets and all bound UDP sockets. Empty where there is neither.
final class PortTable {
    /// @param address where it is bound
    /// @param inode its number, by which `/proc/PID/fd` names it
    /// @param connected whether it is a UDP socket that takes the datagrams of one peer alone
    /// @param sameFamilyOnly whether it takes nothing of the other family; empty where unknown
    record Held(
            InetAddress address, long inode, boolean connected, Optional<Boolean> sameFamilyOnly) {}

    private static final String LISTEN = "0A";
    private static final String ESTABLISHED = "01";
    private static final Logger LOG = LoggerFactory.getLogger(PortTable.class);
    private static final HexFormat HEX = HexFormat.of();

    private final Map<Protocol, Map<Integer, List<Held>>> held = new EnumMap<>(Protocol.class);

    private PortTable() {}

    /// Reads the table; takes milliseconds and, with very many connections, more.
    static PortTable read() {
        PortTable table = new PortTable();
        for (Protocol protocol : Protocol.values()) {
            table.read(protocol);
        }
        return table;
    }

    private void read(Protocol protocol) {
        try {
            Map<Integer, List<Held>> listed = new HashMap<>();
            SocketDiagnosis.list(
                    protocol,
                    (port, each) ->
                            listed.computeIfAbsent(port, p -> new ArrayList<>(2)).add(each));
            held.put(protocol, listed);
        } catch (IOException | RuntimeException noNetlink) {
            LOG.debug("netlink does not list {} sockets", protocol.word(), noNetlink);
            String name = "/proc/net/" + protocol.word();
            read(protocol, Path.of(name));
            read(protocol, Path.of(name + "6"));
        }
    }

    /// The table as `/proc/net` has it.
    static PortTable readFiles() {
        PortTable table = new PortTable();
        for (Protocol protocol : Protocol.values()) {
            table.read(protocol, Path.of("/proc/net/" + protocol.word()));
            table.read(protocol, Path.of("/proc/net/" + protocol.word() + "6"));
        }
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
                .add(
                        new Held(
                                address,
                                Long.parseLong(fields[9]),
                                protocol == Protocol.UDP && fields[3].equals(ESTABLISHED),
                                address instanceof Inet4Address
                                        ? Optional.of(true)
                                        : Optional.empty()));
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
