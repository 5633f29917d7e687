package io.skerry.load;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/// 2,000 rules of 20 ports, and how HAProxy and nginx are told them.
final class PortRules {
    /// Addresses of their own: on the usual one other programs hold ports.
    static final String HOST_PREFIX = "127.0.40.";

    static final int RULES = 2_000;
    static final int PORTS = 20;
    private static final int FIRST = 20_000;

    /// Ports that no rule may have.
    private static final List<Integer> RESERVED = List.of(36_000, 56_000);

    private PortRules() {}

    static List<Integer> ports() {
        List<Integer> ports = new ArrayList<>();
        for (int port = FIRST; ports.size() < RULES * PORTS; port++) {
            if (!RESERVED.contains(port)) {
                ports.add(port);
            }
        }
        return ports;
    }

    /// Ports as `first-last` runs.
    static List<String> runs(List<Integer> ports) {
        BitSet all = new BitSet();
        ports.forEach(all::set);
        List<String> runs = new ArrayList<>();
        for (int first = all.nextSetBit(0); first >= 0; ) {
            int end = all.nextClearBit(first);
            runs.add(end - 1 == first ? "" + first : first + "-" + (end - 1));
            first = all.nextSetBit(end);
        }
        return runs;
    }

    static List<Integer> portsOf(int rule) {
        return ports().subList(rule * PORTS, (rule + 1) * PORTS);
    }

    /// @param host address of the ports
    /// @param target port of the origin
    static String haproxy(String host, int target, int rules) throws IOException {
        StringBuilder listeners = new StringBuilder();
        for (int i = 0; i < rules; i++) {
            List<Integer> ports = portsOf(i);
            String binds =
                    runs(ports).stream()
                            .map(run -> "    bind " + host + ":" + run + "\n")
                            .collect(Collectors.joining());
            listeners.append(
                    "listen rule-%d\n%s    server origin 127.0.0.1:%d\n"
                            .formatted(i, binds, target));
        }
        return Peers.filled(
                "haproxy.cfg",
                Map.of(
                        "globalSplice", "nosplice",
                        "splice", "",
                        "connections", "2000",
                        "listeners", listeners.toString()));
    }

    /// @param folder where it writes
    /// @param host address of the ports
    /// @param target port of the origin
    static String nginx(Path folder, String host, int target, int rules) throws IOException {
        StringBuilder servers = new StringBuilder();
        for (int i = 0; i < rules; i++) {
            String listens =
                    runs(portsOf(i)).stream()
                            .map(run -> "listen " + host + ":" + run + "; ")
                            .collect(Collectors.joining());
            servers.append(
                    "    server { %sproxy_pass 127.0.0.1:%d; }\n".formatted(listens, target));
        }
        return Peers.filled(
                "nginx.cfg",
                Map.of(
                        "loadModule",
                        Peers.streamModule(),
                        "user",
                        System.getProperty("user.name").equals("root") ? "user root;" : "",
                        "descriptors",
                        "" + ManyPortsServer.DESCRIPTORS,
                        "connections",
                        "" + ManyPortsServer.DESCRIPTORS,
                        "folder",
                        folder.toString(),
                        "servers",
                        servers.toString()));
    }
}
