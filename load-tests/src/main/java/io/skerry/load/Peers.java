package io.skerry.load;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;

/// Starts HAProxy and nginx with the configurations of this repository.
///
/// @param folder where configurations and logs go
/// @param core the proxies' core
/// @param origin first port of the origin
record Peers(Path folder, int core, int origin) {
    private static final int DESCRIPTORS = 20_000;
    private static final int START_SECONDS = 10;
    private static final List<String> STREAM_MODULES =
            List.of(
                    "/usr/lib/nginx/modules/ngx_stream_module.so",
                    "/usr/lib64/nginx/modules/ngx_stream_module.so");

    /// @param splice whether it may move bytes inside the kernel
    Contender haproxy(boolean splice) throws IOException {
        int base = Origin.freePorts();
        StringBuilder listeners = new StringBuilder();
        for (OriginPort port : OriginPort.values()) {
            if (!port.udp()) {
                listeners.append(
                        "listen %s\n    bind %s:%d\n    server origin %s:%d%s\n"
                                .formatted(
                                        port,
                                        Contender.HOST,
                                        port.number(base),
                                        Contender.HOST,
                                        port.number(origin),
                                        port.ppv2() ? " send-proxy-v2" : ""));
            }
        }
        String name = splice ? "haproxy-splice" : "haproxy";
        Path file =
                fill(
                        name,
                        "haproxy.cfg",
                        Map.of(
                                "globalSplice",
                                splice ? "maxpipes 500" : "nosplice",
                                "splice",
                                splice ? "option splice-auto" : "",
                                "connections",
                                Integer.toString((descriptors() - 1_600) / 2),
                                "listeners",
                                listeners.toString()));
        return start(name, base, false, List.of("haproxy", "-db", "-f", file.toString()));
    }

    Contender nginx() throws IOException {
        int base = Origin.freePorts();
        StringBuilder servers = new StringBuilder();
        for (OriginPort port : OriginPort.values()) {
            servers.append(
                    "    server { listen %s:%d %s reuseport; proxy_timeout %ds; proxy_pass %s:%d; %s}\n"
                            .formatted(
                                    Contender.HOST,
                                    port.number(base),
                                    port.udp() ? "udp rcvbuf=4m" : "backlog=4096",
                                    port.idleSeconds(),
                                    Contender.HOST,
                                    port.number(origin),
                                    // It has no version 2; version 1 is the nearest.
                                    port.ppv2() ? "proxy_protocol on; " : ""));
        }
        String user = System.getProperty("user.name");
        Path file =
                fill(
                        "nginx",
                        "nginx.cfg",
                        Map.of(
                                "loadModule", streamModule(),
                                "user", user.equals("root") ? "user root;" : "",
                                "descriptors", Integer.toString(descriptors()),
                                "connections", Integer.toString(descriptors()),
                                "folder", folder.toString(),
                                "servers", servers.toString()));
        return start(
                "nginx",
                base,
                true,
                List.of("nginx", "-p", folder.toString(), "-c", file.toString(), "-e", "stderr"));
    }

    /// The line that loads nginx's stream module; empty where it is built in.
    static String streamModule() {
        return STREAM_MODULES.stream()
                .map(Path::of)
                .filter(Files::exists)
                .findFirst()
                .map(module -> "load_module " + module + ";")
                .orElse("");
    }

    private Contender start(String name, int base, boolean udp, List<String> line)
            throws IOException {
        Path errors = folder.resolve(name + ".log");
        Map<String, String> path =
                Map.of("PATH", System.getenv().getOrDefault("PATH", "") + ":/usr/sbin:/sbin");
        Running process = Running.start(name, core, errors, path, line);
        awaitPort(process, base, name + " did not start: see " + errors);
        return new Contender.Peer(name, process, base, udp);
    }

    /// Waits until a port accepts.
    static void awaitPort(Running process, int port, String otherwise) throws IOException {
        long deadline = System.nanoTime() + START_SECONDS * 1_000_000_000L;
        while (true) {
            try (Socket socket = new Socket()) {
                socket.connect(new InetSocketAddress(Contender.HOST, port), 1_000);
                return;
            } catch (IOException notYet) {
                if (!process.alive() || System.nanoTime() > deadline) {
                    process.close();
                    throw new IOException(otherwise, notYet);
                }
                LockSupport.parkNanos(20_000_000);
            }
        }
    }

    private Path fill(String name, String template, Map<String, String> values) throws IOException {
        Path file = folder.resolve(name + ".cfg");
        Files.writeString(file, filled(template, values));
        return file;
    }

    /// A configuration of this repository with its values.
    static String filled(String template, Map<String, String> values) throws IOException {
        String text;
        try (InputStream in = Peers.class.getResourceAsStream("/peers/" + template)) {
            if (in == null) {
                throw new IOException("no template " + template);
            }
            text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
        for (Map.Entry<String, String> each : values.entrySet()) {
            text = text.replace("${" + each.getKey() + "}", each.getValue());
        }
        return text;
    }

    /// How many descriptors a process may have here, at most what the peers need.
    private static int descriptors() throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/self/limits"))) {
            if (line.startsWith("Max open files")) {
                String hard = line.split("\\s{2,}")[2];
                return hard.equals("unlimited")
                        ? DESCRIPTORS
                        : Math.min(DESCRIPTORS, Integer.parseInt(hard));
            }
        }
        return DESCRIPTORS;
    }
}
