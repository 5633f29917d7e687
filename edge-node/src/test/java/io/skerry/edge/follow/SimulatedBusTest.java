package io.skerry.edge.follow;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.shared.content.InstanceContent;
import io.skerry.shared.content.NodeReport;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// The protocol between nodes and rule services under thousands of random schedules of faults, in
/// simulated time. `-Dskerry.sim.seed` runs one schedule again, `-Dskerry.sim.schedules` says how
/// many there are.
final class SimulatedBusTest {
    private static final int SCHEDULES = Integer.getInteger("skerry.sim.schedules", 2_000);
    private static final long MINUTES = Long.getLong("skerry.soak.minutes", 0);
    private static final long FAULTS_MILLIS = 20_000;
    private static final int NODES = 3;

    /// The longest pull interval, with its jitter, and a second.
    private static final long CONVERGE_MILLIS =
            FollowSettings.INTERVAL.toMillis() * 11 / 10 + 1_000;

    @Test
    void afterTheLastFaultEveryNodeIsAtItsTargetWithinAPullAndASecond() throws IOException {
        Long one = Long.getLong("skerry.sim.seed");
        long first = one != null ? one : new Random().nextLong();
        System.out.println("simulated bus: schedules from -Dskerry.sim.seed=" + first);
        Path shared = Path.of("/dev/shm");
        Path folder =
                Files.isWritable(shared)
                        ? Files.createTempDirectory(shared, "skerry-sim-")
                        : Files.createTempDirectory("skerry-sim-");
        try {
            long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(MINUTES);
            long last = first + (one != null ? 1 : SCHEDULES);
            long seed = first;
            for (; seed < last || System.nanoTime() < end && one == null; seed++) {
                try {
                    new Schedule(seed, folder.resolve(Long.toString(seed))).run();
                } catch (AssertionError | RuntimeException failed) {
                    throw new AssertionError("-Dskerry.sim.seed=" + seed, failed);
                }
                delete(folder.resolve(Long.toString(seed)));
            }
            System.out.println("simulated bus: " + (seed - first) + " schedules are well");
        } finally {
            delete(folder);
        }
    }

    private static void delete(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        try (Stream<Path> all = Files.walk(folder)) {
            all.sorted(Comparator.reverseOrder()).forEach(path -> path.toFile().delete());
        }
    }

    private static final class Schedule {
        private final SimTime time;
        private final SimControl control;
        private final SimBus bus;
        private final List<SimNode> nodes = new ArrayList<>();
        private boolean faults = true;
        private long nobodyUntil;

        Schedule(long seed, Path folder) {
            time = new SimTime(seed);
            control = new SimControl(time.random);
            bus = new SimBus(time, this::answer, control::heard);
            for (int i = 1; i <= NODES; i++) {
                nodes.add(new SimNode(time, bus, control, "edge-" + i, folder));
            }
        }

        private SimControl.Age anyAge() {
            SimControl.Age[] ages = SimControl.Age.values();
            return ages[time.random.nextInt(ages.length)];
        }

        private @Nullable JsonObject answer(JsonObject message) {
            if (time.now() < nobodyUntil) {
                return null;
            }
            JsonObject answer = control.answer(message, anyAge(), faults);
            onlineMustServe();
            return answer;
        }

        void run() {
            nodes.forEach(SimNode::start);
            time.after(time.random.nextInt(500), this::change);
            time.after(time.random.nextInt(1_000), this::fault);
            time.runUntil(FAULTS_MILLIS);
            faults = false;
            nobodyUntil = 0;
            bus.heal();
            nodes.stream().filter(node -> !node.isAlive()).forEach(SimNode::start);
            time.runUntil(Math.max(bus.lastFault(), FAULTS_MILLIS) + CONVERGE_MILLIS);
            SortedMap<String, String> truth = digests(control.contents());
            for (SimNode node : nodes) {
                assertThat(digests(node.serves())).as(node.boot()).isEqualTo(truth);
                String name = node.boot().split("/", 2)[0];
                NodeReport said = Objects.requireNonNull(control.reports().get(name), name);
                assertThat(acknowledged(said)).as("said by " + node.boot()).isEqualTo(truth);
            }
        }

        /// What a node says it serves; rules that cannot be served count as said.
        private static SortedMap<String, String> acknowledged(NodeReport report) {
            TreeMap<String, String> digests = new TreeMap<>();
            report.instances()
                    .forEach((id, applied) -> {
                        if (!applied.refused().containsKey(id)) {
                            digests.put(id, applied.revision() + " " + applied.digest());
                        }
                    });
            return digests;
        }

        private static SortedMap<String, String> digests(
                java.util.Map<String, InstanceContent> contents) {
            TreeMap<String, String> digests = new TreeMap<>();
            contents.forEach((id, c) -> digests.put(id, c.revision() + " " + c.digest()));
            return digests;
        }

        private void change() {
            if (faults) {
                bus.publish(SimControl.hint(control.change(), anyAge()));
                time.after(1 + time.random.nextInt(1_500), this::change);
            }
        }

        private void fault() {
            if (!faults) {
                return;
            }
            SimNode node = nodes.get(time.random.nextInt(NODES));
            String name = "edge-" + (1 + nodes.indexOf(node));
            switch (time.random.nextInt(4)) {
                case 0 -> {
                    if (node.isAlive()) {
                        node.kill();
                    } else {
                        node.start();
                    }
                }
                case 1 -> bus.cutOff(name, true);
                case 2 -> bus.cutOff(name, false);
                default -> nobodyUntil = time.now() + time.random.nextInt(5_000);
            }
            time.after(1 + time.random.nextInt(1_500), this::fault);
        }

        /// A rule that the newest reports make online is open on every node that acknowledged it.
        private void onlineMustServe() {
            for (SimNode node : nodes) {
                NodeReport said = control.reports().get(node.boot().split("/", 2)[0]);
                if (said == null || !node.isAlive() || !said.boot().equals(node.boot())) {
                    continue;
                }
                control.contents()
                        .forEach((id, content) -> {
                            NodeReport.Applied applied = said.instances().get(id);
                            if (applied != null
                                    && applied.digest().equals(content.digest())
                                    && !applied.refused().containsKey(id)) {
                                content.rules().keySet().stream()
                                        .filter(rule -> !applied.refused().containsKey(rule))
                                        .forEach(rule ->
                                                assertThat(node.serves(id, rule))
                                                        .as("%s acknowledged %s", node.boot(), rule)
                                                        .isTrue());
                            }
                        });
            }
        }
    }
}
