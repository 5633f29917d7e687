package io.skerry.load;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/// Something that stands between generator and origin: a proxy, or nothing.
interface Contender extends AutoCloseable {
    /// All there are, in the order of the table.
    List<String> NAMES = List.of("direct", "haproxy", "haproxy-splice", "nginx", "skerry");

    /// The one whose numbers are set against the better peer.
    String SKERRY = "skerry";

    /// The limit: no proxy at all.
    String DIRECT = "direct";

    /// Everything stays on loopback.
    String HOST = "127.0.0.1";

    String name();

    /// The first of its ports.
    int base();

    /// The processes whose CPU counts, separated by commas; empty for none.
    String pids();

    /// Whether it can take part in a scenario.
    boolean canDo(Scenario scenario);

    /// The process whose heap is a JVM's, 0 for none.
    default long jvm() {
        return 0;
    }

    @Override
    void close();

    /// No proxy.
    ///
    /// @param base the origin's
    record Direct(int base) implements Contender {
        @Override
        public String name() {
            return DIRECT;
        }

        @Override
        public String pids() {
            return "";
        }

        @Override
        public boolean canDo(Scenario scenario) {
            return !scenario.port().ppv2();
        }

        @Override
        public void close() {}
    }

    /// A proxy of someone else.
    ///
    /// @param name one of [#NAMES]
    /// @param process its program
    /// @param base its first port
    /// @param udp whether it forwards UDP
    record Peer(String name, Running process, int base, boolean udp) implements Contender {
        @Override
        public String pids() {
            return process.pids();
        }

        @Override
        public boolean canDo(Scenario scenario) {
            return udp || !scenario.port().udp();
        }

        @Override
        public void close() {
            process.close();
        }
    }

    /// Skerry, all of it in one process.
    ///
    /// @param process the Java process; the database is below it
    /// @param base its first port
    /// @param data its data folder, which goes when it ends
    record Skerry(Running process, int base, Path data) implements Contender {
        @Override
        public String name() {
            return SKERRY;
        }

        @Override
        public String pids() {
            return process.pids();
        }

        @Override
        public long jvm() {
            return process.pid();
        }

        @Override
        public boolean canDo(Scenario scenario) {
            return true;
        }

        @Override
        public void close() {
            process.close();
            try (Stream<Path> files = Files.walk(data)) {
                for (Path each : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.deleteIfExists(each);
                }
            } catch (IOException kept) {
                System.err.println("bench: left behind: " + data + ": " + kept.getMessage());
            }
        }
    }
}
