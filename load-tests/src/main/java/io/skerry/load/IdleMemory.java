package io.skerry.load;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// User-space memory per idle connection: how much more a fresh process tree has with many
/// connections than without, after a collection where there is a collector.
///
/// @param options how many connections
/// @param programs the generator
/// @param machine the cores
/// @param results where the numbers go
record IdleMemory(Options options, Programs programs, Machine machine, Results results) {
    static final String SCENARIO = "idle-memory";

    private static final int SOME_MAX = 500;
    private static final int SLACK = 20;
    private static final Pattern RANGE =
            Pattern.compile("used \\d+K.*?\\[0x([0-9a-f]+), (?:0x[0-9a-f]+, )?0x([0-9a-f]+)\\)");
    private static final Pattern CLASS = Pattern.compile("(?m)^ *\\d+: +\\d+ +(\\d+) +(\\S+)");
    private static final Pattern MAPPING = Pattern.compile("([0-9a-f]+)-([0-9a-f]+) .*");

    /// @param pss proportional set size of the tree in bytes
    /// @param outside the same without a JVM's heap
    /// @param heap what is alive in that heap
    private record Reading(long pss, long outside, long heap) {}

    /// @param start first address
    /// @param end first address behind it
    private record HeapSpace(long start, long end) {
        boolean holds(long address) {
            return Long.compareUnsigned(address, start) >= 0
                    && Long.compareUnsigned(address, end) < 0;
        }
    }

    /// Measures all contenders of an arena that was opened for this alone.
    void run(Arena arena, int run) throws IOException, InterruptedException {
        for (Contender contender : arena.contenders()) {
            if (contender.name().equals(Contender.DIRECT)) {
                continue;
            }
            Reading[] readings = new Reading[3];
            // The difference between some and many: what the first connections load stays out.
            int some = Math.min(SOME_MAX, options.idle() / 5);
            hold(
                    contender,
                    some,
                    () -> {
                        readings[0] = read(contender);
                        int descriptors = descriptors(contender);
                        hold(contender, options.idle(), () -> readings[1] = read(contender));
                        awaitDescriptors(contender, descriptors);
                        readings[2] = read(contender);
                    });
            Reading before = readings[0];
            Reading held = readings[1];
            // Against the heap after they have gone: what a start leaves in it dies slowly and
            // would hide part of the growth.
            long heap = held.heap - readings[2].heap;
            long live = held.outside - before.outside + heap;
            add(contender, "bytes in use per idle connection", run, live);
            add(contender, "resident bytes per idle connection", run, held.pss - before.pss);
        }
    }

    /// Waits until the connections are gone, some 10 s at most.
    private static void awaitDescriptors(Contender contender, int before) throws IOException {
        long deadline = System.nanoTime() + 10_000_000_000L;
        while (descriptors(contender) > before + SLACK && System.nanoTime() < deadline) {
            LockSupport.parkNanos(50_000_000);
        }
    }

    private static int descriptors(Contender contender) throws IOException {
        int count = 0;
        for (String pid : contender.pids().split(",")) {
            try (var open = Files.list(Path.of("/proc", pid, "fd"))) {
                count += (int) open.count();
            }
        }
        return count;
    }

    private void add(Contender contender, String metric, int run, long difference) {
        double each = (double) difference / options.idle();
        results.add(new Results.Value(SCENARIO, contender.name(), metric, false, run, each));
    }

    private interface WhileHeld {
        void read() throws IOException, InterruptedException;
    }

    private void hold(Contender contender, int count, WhileHeld held)
            throws IOException, InterruptedException {
        List<String> line =
                List.of(
                        programs.generator().toString(),
                        "idle",
                        "--port",
                        Integer.toString(OriginPort.ECHO.number(contender.base())),
                        "--concurrency",
                        Integer.toString(count));
        Path errors = programs.folder().resolve("generator.log");
        try (Running generator =
                Running.start("idle", machine.loadCore(), errors, Map.of(), line)) {
            generator.lineThatBegins("held ");
            held.read();
            generator.end();
        }
    }

    private static Reading read(Contender contender) throws IOException, InterruptedException {
        List<HeapSpace> heap = new ArrayList<>();
        long alive = 0;
        if (contender.jvm() != 0) {
            alive = alive(jcmd(contender.jvm(), "GC.class_histogram"));
            Matcher matcher = RANGE.matcher(jcmd(contender.jvm(), "GC.heap_info"));
            while (matcher.find()) {
                heap.add(
                        new HeapSpace(
                                Long.parseUnsignedLong(matcher.group(1), 16),
                                Long.parseUnsignedLong(matcher.group(2), 16)));
            }
            if (heap.isEmpty()) {
                throw new IOException("GC.heap_info names no heap");
            }
        }
        long pss = 0;
        long outside = 0;
        for (String pid : contender.pids().split(",")) {
            boolean inHeap = false;
            for (String line : Files.readAllLines(Path.of("/proc", pid, "smaps"))) {
                Matcher mapping = MAPPING.matcher(line);
                if (mapping.matches()) {
                    long start = Long.parseUnsignedLong(mapping.group(1), 16);
                    inHeap =
                            Long.toString(contender.jvm()).equals(pid)
                                    && heap.stream().anyMatch(space -> space.holds(start));
                } else if (line.startsWith("Pss:")) {
                    long bytes = Long.parseLong(line.replaceAll("\\D", "")) << 10;
                    pss += bytes;
                    outside += inHeap ? 0 : bytes;
                }
            }
        }
        return new Reading(pss, outside, alive);
    }

    /// Bytes alive by a class histogram, which collects first. The collector fills gaps it leaves
    /// with dummies; those are not alive.
    static long alive(String histogram) throws IOException {
        long bytes = 0;
        for (Matcher row = CLASS.matcher(histogram); row.find(); ) {
            if (!row.group(2).contains("jdk.internal.vm.Filler")) {
                bytes += Long.parseLong(row.group(1));
            }
        }
        if (bytes == 0) {
            throw new IOException("GC.class_histogram names no class");
        }
        return bytes;
    }

    private static String jcmd(long pid, String command) throws IOException, InterruptedException {
        Process process =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin/jcmd").toString(),
                                Long.toString(pid),
                                command)
                        .redirectErrorStream(true)
                        .start();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            throw new IOException("jcmd " + command + ": " + text);
        }
        return text;
    }
}
