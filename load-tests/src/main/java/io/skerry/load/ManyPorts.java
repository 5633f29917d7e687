package io.skerry.load;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;

/// 2,000 rules of 20 ports: how long until they serve, what they take, how fast they accept, how
/// long a change of one rule takes. All servers are up at once, on one core and each on an address
/// of its own; only one has work at a time, and what is repeated is done by each in turn: what else
/// the machine does meanwhile concerns all alike.
///
/// @param options what was asked for
/// @param root the repository
/// @param folder where logs and configurations go
/// @param log lines about progress
record ManyPorts(Options options, Path root, Path folder, PrintStream log) {
    /// Kept for connections and the programs themselves.
    private static final int OTHER_DESCRIPTORS = 6_000;

    /// So many rules have a socket for each port.
    private static final int FEWER_RULES =
            (ManyPortsServer.DESCRIPTORS - OTHER_DESCRIPTORS) / PortRules.PORTS;

    /// Rules that keep their ports whatever is taken away, and the ports that are dialled in turn.
    private static final int DIALLED_RULES = FEWER_RULES - 100;

    private static final double LEAD_IN_SECONDS = 0.3;

    /// Who takes part: Skerry with all the rules, then all with as many as descriptors allow.
    private enum Server {
        STEERED_ALL(1, "skerry", "skerry, steered"),
        STEERED(2, "skerry", "skerry, steered"),
        SOCKETS(3, "skerry", "skerry, sockets"),
        HAPROXY(4, "haproxy", "haproxy"),
        NGINX(5, "nginx", "nginx");

        private final int address;
        private final String program;
        private final String title;

        /// @param address last number of its own address
        Server(int address, String program, String title) {
            this.address = address;
            this.program = program;
            this.title = title;
        }

        private int rules() {
            return this == STEERED_ALL ? PortRules.RULES : FEWER_RULES;
        }

        private String host() {
            return PortRules.HOST_PREFIX + address;
        }
    }

    /// What is dialled.
    private enum Dialled {
        ONE_PORT("one port", 1),
        ALL_PORTS("%,d ports in turn", DIALLED_RULES * PortRules.PORTS);

        private final String words;
        private final int ports;

        Dialled(String words, int ports) {
            this.words = words;
            this.ports = ports;
        }

        private String words() {
            return words.formatted(ports);
        }
    }

    /// What was measured of one.
    private static final class Column {
        private final Server name;
        private final ManyPortsServer server;
        private final int ports;
        private double serving;
        private long descriptors;
        private double megabytes;
        private final Map<Dialled, List<Measured>> accepts = new EnumMap<>(Dialled.class);
        private final List<Double> changes = new ArrayList<>();

        Column(Server name, ManyPortsServer server) {
            this.name = name;
            this.server = server;
            this.ports = server.rules() * PortRules.PORTS;
        }

        private void accepted(Dialled dialled, Measured measured) {
            accepts.computeIfAbsent(dialled, first -> new ArrayList<>()).add(measured);
        }

        private double median(Dialled dialled, ToDoubleFunction<Measured> value) {
            List<Measured> all = accepts.getOrDefault(dialled, List.of());
            return Spread.of(all.stream().mapToDouble(value).boxed().toList()).median();
        }
    }

    String run() throws IOException, InterruptedException {
        Machine machine = Machine.here();
        Programs programs = Programs.build(root, folder);
        List<Column> columns = new ArrayList<>();
        try (Origin origin = Origin.start(programs, machine.loadCore())) {
            try {
                for (Server each : Server.values()) {
                    if (options.takesPart(each.program)
                            && (each.program.equals("skerry")
                                    || Programs.installed(each.program))) {
                        columns.add(start(each, machine, origin));
                    }
                }
                for (Column each : columns) {
                    each.descriptors = descriptors(each.server.process());
                    each.megabytes = pss(each.server.process()) / 1e6;
                }
                accepts(columns, programs, machine, origin);
                changes(columns);
            } finally {
                columns.forEach(each -> each.server.close());
            }
        }
        return table(columns);
    }

    private Column start(Server name, Machine machine, Origin origin)
            throws IOException, InterruptedException {
        int target = OriginPort.ONCE.number(origin.base());
        int core = machine.proxyCore();
        String host = name.host();
        ManyPortsServer server =
                switch (name) {
                    case STEERED_ALL, STEERED, SOCKETS ->
                            new ManyPortsServer.Skerry(
                                    root,
                                    folder,
                                    core,
                                    host,
                                    name != Server.SOCKETS,
                                    name.rules(),
                                    target);
                    case HAPROXY ->
                            new ManyPortsServer.Peer(
                                    name.program,
                                    core,
                                    host,
                                    folder,
                                    name.rules(),
                                    rules -> PortRules.haproxy(host, target, rules));
                    case NGINX ->
                            new ManyPortsServer.Peer(
                                    name.program,
                                    core,
                                    host,
                                    folder,
                                    name.rules(),
                                    rules -> PortRules.nginx(folder, host, target, rules));
                };
        Column column = new Column(name, server);
        try {
            long began = server.order();
            for (int port : PortRules.ports().subList(0, column.ports)) {
                server.await(port, true);
            }
            column.serving = (System.nanoTime() - began) / 1e6;
        } catch (IOException failed) {
            server.close();
            throw failed;
        }
        log.println("ports: " + name.title + " serves " + column.ports);
        return column;
    }

    private void accepts(List<Column> columns, Programs programs, Machine machine, Origin origin)
            throws IOException, InterruptedException {
        for (Dialled dialled : Dialled.values()) {
            if (options.warmUp() > 0) {
                for (Column each : columns) {
                    boolean jit = each.name.program.equals("skerry");
                    double seconds = jit ? options.warmUp() : options.seconds();
                    generate(each, dialled, programs, machine, origin, seconds);
                }
            }
            for (int run = 1; run <= options.runs(); run++) {
                for (Column each : columns) {
                    Measured measured =
                            generate(each, dialled, programs, machine, origin, options.seconds());
                    each.accepted(dialled, measured);
                    if (measured.errors() > 0) {
                        log.println("ports: " + each.name.title + ": errors " + measured.errors());
                    }
                }
                log.println("ports: " + dialled.words() + " " + run + "/" + options.runs());
            }
        }
    }

    private void changes(List<Column> columns) throws IOException, InterruptedException {
        for (int run = 1; run <= options.runs(); run++) {
            for (Column each : columns) {
                long began = each.server.orderOneLess();
                for (int port : PortRules.portsOf(each.server.rules())) {
                    each.server.await(port, false);
                }
                each.changes.add((System.nanoTime() - began) / 1e6);
            }
        }
    }

    private Measured generate(
            Column column,
            Dialled dialled,
            Programs programs,
            Machine machine,
            Origin origin,
            double seconds)
            throws IOException, InterruptedException {
        List<String> line =
                List.of(
                        programs.generator().toString(),
                        "connections",
                        "--host",
                        column.server.host(),
                        "--port",
                        "" + PortRules.ports().getFirst(),
                        "--ports",
                        "" + dialled.ports,
                        "--seconds",
                        "" + seconds,
                        "--warm-up",
                        "" + LEAD_IN_SECONDS,
                        "--concurrency",
                        "64",
                        "--size",
                        "64",
                        "--counters",
                        origin.counters().toString(),
                        "--origin-pid",
                        "" + origin.process().pid(),
                        "--pids",
                        column.server.process().pids());
        try (Running generator =
                Running.start(
                        "generator",
                        machine.loadCore(),
                        folder.resolve("generator.log"),
                        Map.of(),
                        line)) {
            Measured measured = Measured.read(generator.lineThatBegins("{"));
            generator.end();
            return measured;
        }
    }

    private static long descriptors(Running process) throws IOException {
        long count = 0;
        for (String pid : process.pids().split(",")) {
            try (Stream<Path> open = Files.list(Path.of("/proc", pid, "fd"))) {
                count += open.count();
            }
        }
        return count;
    }

    /// Proportional set size of the whole process tree, in bytes; the kernel's memory for sockets
    /// is not part of it.
    private static double pss(Running process) throws IOException {
        double bytes = 0;
        for (String pid : process.pids().split(",")) {
            for (String line : Files.readAllLines(Path.of("/proc", pid, "smaps_rollup"))) {
                if (line.startsWith("Pss:")) {
                    bytes += Double.parseDouble(line.replaceAll("\\D", "")) * 1024;
                }
            }
        }
        return bytes;
    }

    private static String table(List<Column> columns) {
        StringBuilder text = new StringBuilder("| |");
        columns.forEach(each -> text.append(' ').append(each.name.title).append(" |"));
        text.append("\n| --- |").append(" ---: |".repeat(columns.size())).append('\n');
        row(text, "ports", columns, each -> each.ports);
        row(text, "until all accept, ms", columns, each -> each.serving);
        row(text, "one rule less, ms", columns, each -> Spread.of(each.changes).median());
        row(text, "descriptors", columns, each -> each.descriptors);
        row(text, "memory (Pss), MB", columns, each -> each.megabytes);
        for (Dialled dialled : Dialled.values()) {
            String to = " to " + dialled.words();
            row(
                    text,
                    "connections a second" + to,
                    columns,
                    each -> each.median(dialled, Measured::perSecond));
            row(
                    text,
                    "CPU per connection" + to + ", µs",
                    columns,
                    each -> each.median(dialled, Measured::cpuMicros));
            row(
                    text,
                    "proxy's share of its core, %",
                    columns,
                    each -> 100 * each.median(dialled, Measured::proxyCoreBusy));
        }
        return text.toString();
    }

    private static void row(
            StringBuilder text, String what, List<Column> columns, ToDoubleFunction<Column> value) {
        text.append("| ").append(what).append(" |");
        for (Column each : columns) {
            text.append(String.format(Locale.ROOT, " %,.0f |", value.applyAsDouble(each)));
        }
        text.append('\n');
    }
}
