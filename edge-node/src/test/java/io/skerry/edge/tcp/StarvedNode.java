package io.skerry.edge.tcp;

import com.sun.management.OperatingSystemMXBean;
import io.skerry.edge.listener.Listener;
import io.skerry.edge.listener.Route;
import io.skerry.edge.session.EndReason;
import io.skerry.edge.steering.Way;
import io.skerry.shared.net.Protocol;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.stream.Stream;

/// A node as a {@link io.skerry.edge.Child} that has few descriptors:
///
/// - `open WAY ORIGIN-PORT`: opens a port and answers it
/// - `another`: opens another one and answers it
/// - `close`: closes the first, whose sessions go on
/// - `state`: open sessions, pauses of accepting, sessions ended for want of descriptors, and
///   nanoseconds of processor time used so far
final class StarvedNode {
    private static final TcpSettings SETTINGS =
            new TcpSettings(Duration.ofSeconds(10), 4096, 65_536, 32_768);

    private static final OperatingSystemMXBean SYSTEM =
            (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

    private StarvedNode() {}

    public static void main(String[] args) throws Exception {
        loadClasses();
        BufferedReader commands =
                new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        String[] words = commands.readLine().split(" ");
        // Closed by the end of the process.
        TcpRig rig = new TcpRig(Way.valueOf(words[1]), SETTINGS, 10_000);
        Route route = rig.route(new FixedOrigins(TcpRig.HOME), Integer.parseInt(words[2]));
        Listener first = rig.open(route);
        answer(port(first));
        for (String line = commands.readLine(); line != null; line = commands.readLine()) {
            switch (line) {
                case "another" -> answer(port(rig.open(route)));
                case "close" -> {
                    first.drain(() -> {});
                    answer("closed");
                }
                default -> answer(state(rig));
            }
        }
    }

    private static String port(Listener listener) {
        return Integer.toString(listener.key().port());
    }

    /// Here each class is a file of its own and needs a descriptor to be loaded; the product's are
    /// in archives, which stay open.
    private static void loadClasses() throws Exception {
        SYSTEM.getProcessCpuTime();
        Path root =
                Path.of(
                        TcpSession.class
                                .getProtectionDomain()
                                .getCodeSource()
                                .getLocation()
                                .toURI());
        try (Stream<Path> files = Files.walk(root)) {
            for (Path file : files.filter(each -> each.toString().endsWith(".class")).toList()) {
                String name = root.relativize(file).toString().replace('/', '.');
                Class.forName(
                        name.substring(0, name.length() - ".class".length()),
                        false,
                        StarvedNode.class.getClassLoader());
            }
        }
    }

    private static void answer(String text) throws IOException {
        System.out.println(text);
        System.out.flush();
    }

    private static String state(TcpRig rig) {
        return rig.metrics.open(Protocol.TCP)
                + " "
                + rig.listeners.acceptPauses()
                + " "
                + rig.metrics.endedBy(Protocol.TCP, EndReason.DESCRIPTORS)
                + " "
                + SYSTEM.getProcessCpuTime();
    }
}
