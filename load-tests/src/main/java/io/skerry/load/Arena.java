package io.skerry.load;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Origin and contenders, started together and stopped together.
///
/// @param origin where the load ends up
/// @param contenders who takes part, in the order of the table
record Arena(Origin origin, List<Contender> contenders) implements AutoCloseable {
    static Arena open(
            Options options, Programs programs, Machine machine, Path root, PrintStream say)
            throws IOException, InterruptedException {
        Arena arena = new Arena(Origin.start(programs, machine.loadCore()), new ArrayList<>());
        try {
            for (String name : Contender.NAMES) {
                if (options.takesPart(name) && arena.present(name, say)) {
                    arena.contenders.add(arena.start(name, programs, machine, root));
                }
            }
            return arena;
        } catch (IOException | InterruptedException | RuntimeException failed) {
            arena.close();
            throw failed;
        }
    }

    private Contender start(String name, Programs programs, Machine machine, Path root)
            throws IOException, InterruptedException {
        Path folder = programs.folder();
        Peers peers = new Peers(folder, machine.proxyCore(), origin.base());
        return switch (name) {
            case Contender.DIRECT -> new Contender.Direct(origin.base());
            case "haproxy" -> peers.haproxy(false);
            case "haproxy-splice" -> peers.haproxy(true);
            case "nginx" -> peers.nginx();
            default -> new SkerryUp(root, folder, machine.proxyCore(), origin.base()).start();
        };
    }

    /// A peer that is not installed is left out and said so.
    private boolean present(String name, PrintStream say) {
        String program =
                switch (name) {
                    case "haproxy", "haproxy-splice" -> "haproxy";
                    case "nginx" -> "nginx";
                    default -> "taskset";
                };
        boolean installed = Programs.installed(program);
        if (!installed) {
            say.println(
                    name
                            + " is not installed and is left out (Debian: haproxy, nginx-light,"
                            + " libnginx-mod-stream)");
        }
        return installed;
    }

    @Override
    public void close() {
        contenders.reversed().forEach(Contender::close);
        origin.close();
    }
}
