package io.skerry.edge.tcp;

import com.sun.management.OperatingSystemMXBean;
import io.skerry.edge.listener.Listener;
import io.skerry.edge.session.EndReason;
import io.skerry.edge.transport.Transport;
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
/// - `open TRANSPORT ORIGIN-PORT`: opens a port and answers it
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
        TcpRig rig = new TcpRig(Transport.valueOf(words[1]), SETTINGS, 10_000);
        FixedOrigins origins = new FixedOrigins(TcpRig.HOME);
        Listener listener = rig.open(rig.route(origins, Integer.parseInt(words[2])));
        answer(Integer.toString(listener.key().port()));
        while (commands.readLine() != null) {
            answer(state(rig));
        }
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
