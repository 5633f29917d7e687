package io.skerry.load;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// The machine the numbers belong to.
///
/// @param cpu model of the processor
/// @param kernel its release
/// @param jdk the Java that runs Skerry
/// @param cores cores this process may use, by number
record Machine(String cpu, String kernel, String jdk, List<Integer> cores) {
    static Machine here() throws IOException {
        String cpu = field(Path.of("/proc/cpuinfo"), "model name");
        String allowed = field(Path.of("/proc/self/status"), "Cpus_allowed_list");
        String jdk =
                System.getProperty("java.vendor")
                        + " "
                        + System.getProperty("java.runtime.version");
        return new Machine(cpu, System.getProperty("os.version"), jdk, cores(allowed));
    }

    /// The core of generator and origin.
    int loadCore() {
        return cores.get(0);
    }

    /// The core of the proxies.
    int proxyCore() {
        return cores.get(1);
    }

    /// @param list as the kernel prints it: `0-2,5`
    static List<Integer> cores(String list) {
        List<Integer> cores = new ArrayList<>();
        for (String each : list.split(",")) {
            String[] ends = each.strip().split("-");
            int last = Integer.parseInt(ends[ends.length - 1]);
            for (int core = Integer.parseInt(ends[0]); core <= last; core++) {
                cores.add(core);
            }
        }
        return List.copyOf(cores);
    }

    private static String field(Path file, String name) throws IOException {
        for (String line : Files.readAllLines(file)) {
            if (line.startsWith(name)) {
                return line.substring(line.indexOf(':') + 1).strip();
            }
        }
        return "unknown";
    }
}
