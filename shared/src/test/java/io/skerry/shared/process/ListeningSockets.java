package io.skerry.shared.process;

import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// What a process listens on, as Linux tells it.
final class ListeningSockets {
    private static final Pattern SOCKET = Pattern.compile("socket:\\[(\\d+)]");
    private static final String LISTEN = "0A";

    private ListeningSockets() {}

    /// `tcp 127.0.0.1:80` for each listening TCP socket, `udp 0.0.0.0:53` for each UDP socket.
    static Set<String> of(long pid) throws IOException {
        Set<String> inodes = inodes(pid);
        Set<String> found = new TreeSet<>();
        for (String table : new String[] {"tcp", "tcp6", "udp", "udp6"}) {
            Path path = Path.of("/proc/" + pid + "/net/" + table);
            for (String line : Files.readAllLines(path)) {
                String[] columns = line.strip().split("\\s+");
                boolean open = table.startsWith("udp") || columns[3].equals(LISTEN);
                if (open && columns.length > 9 && inodes.contains(columns[9])) {
                    found.add(table.substring(0, 3) + " " + address(columns[1]));
                }
            }
        }
        return found;
    }

    private static Set<String> inodes(long pid) throws IOException {
        Set<String> inodes = new HashSet<>();
        try (Stream<Path> descriptors = Files.list(Path.of("/proc/" + pid + "/fd"))) {
            for (Path descriptor : descriptors.toList()) {
                if (Files.isSymbolicLink(descriptor)) {
                    Matcher socket = SOCKET.matcher(Files.readSymbolicLink(descriptor).toString());
                    if (socket.matches()) {
                        inodes.add(socket.group(1));
                    }
                }
            }
        }
        return inodes;
    }

    /// Words of four bytes in the order of the machine, then the port.
    private static String address(String text) throws UnknownHostException {
        String[] parts = text.split(":", 2);
        ByteBuffer machine = ByteBuffer.wrap(HexFormat.of().parseHex(parts[0]));
        ByteBuffer network = ByteBuffer.allocate(machine.capacity());
        while (machine.hasRemaining()) {
            machine.order(ByteOrder.nativeOrder());
            network.putInt(machine.getInt());
        }
        return InetAddress.getByAddress(network.array()).getHostAddress()
                + ":"
                + Integer.parseInt(parts[1], 16);
    }
}
