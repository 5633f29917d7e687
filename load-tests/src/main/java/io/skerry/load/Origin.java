package io.skerry.load;

import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;

/// The origin of all contenders.
///
/// @param process its program
/// @param base its first port
/// @param counters the file it counts in
record Origin(Running process, int base, Path counters) implements AutoCloseable {
    private static final int FIRST = 20_000;
    private static final int LAST = 32_000;
    private static final int TRIES = 100;

    static Origin start(Programs programs, int core) throws IOException {
        int base = freePorts();
        Path counters = programs.folder().resolve("counters");
        Files.deleteIfExists(counters);
        Running process =
                Running.start(
                        "origin",
                        core,
                        programs.folder().resolve("origin.log"),
                        Map.of(),
                        List.of(
                                programs.origin().toString(),
                                Contender.HOST,
                                Integer.toString(base),
                                counters.toString()));
        process.lineThatBegins("ready");
        return new Origin(process, base, counters);
    }

    @Override
    public void close() {
        process.close();
    }

    /// The first of as many free ports in a row as there are of [OriginPort], below those that the
    /// system gives to clients.
    static int freePorts() throws IOException {
        Random random = new Random();
        int count = OriginPort.values().length;
        for (int i = 0; i < TRIES; i++) {
            int base = random.nextInt(FIRST, LAST);
            if (free(base, count)) {
                return base;
            }
        }
        throw new IOException("no " + count + " free ports in a row found");
    }

    private static boolean free(int base, int count) throws IOException {
        InetAddress host = InetAddress.getByName(Contender.HOST);
        for (int port = base; port < base + count; port++) {
            try (ServerSocket tcp = new ServerSocket(port, 1, host);
                    DatagramSocket udp = new DatagramSocket(new InetSocketAddress(host, port))) {
                if (tcp.getLocalPort() != udp.getLocalPort()) {
                    return false;
                }
            } catch (java.net.BindException taken) {
                return false;
            }
        }
        return true;
    }
}
