package io.skerry.edge.follow;

import io.skerry.shared.content.InstanceContent;
import io.skerry.shared.content.NodeReport;
import io.skerry.shared.instance.NodeArea;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/// A node with the real follower, applied to nothing: what it would serve is written down and
/// compared with the truth at every step.
final class SimNode implements Applier {
    private static final int APPLY_MILLIS = 300;

    private final SimTime time;
    private final SimBus bus;
    private final SimControl control;
    private final String name;
    private final Path folder;
    private final TreeMap<String, InstanceContent> serves = new TreeMap<>();
    private final TreeMap<String, Outcome> outcomes = new TreeMap<>();
    private int life;
    private boolean alive;

    SimNode(SimTime time, SimBus bus, SimControl control, String name, Path folder) {
        this.time = time;
        this.bus = bus;
        this.control = control;
        this.name = name;
        this.folder = folder;
    }

    void start() {
        int now = ++life;
        alive = true;
        FollowSettings settings =
                FollowSettings.of(List.of(), "", folder.resolve(name), Duration.ZERO);
        BooleanSupplier lives = () -> alive && life == now;
        Follower.start(
                        time.vertx(lives),
                        bus.of(name, lives),
                        settings,
                        this,
                        this::report,
                        nanos -> {},
                        Future::succeededFuture,
                        () -> time.random)
                .onFailure(bug -> time.broken(name + " does not start: " + bug));
    }

    /// Its process is gone, with everything but its folder.
    void kill() {
        alive = false;
        bus.leave(name);
        serves.clear();
        outcomes.clear();
    }

    boolean isAlive() {
        return alive;
    }

    String boot() {
        return name + "/" + life;
    }

    SortedMap<String, InstanceContent> serves() {
        return serves;
    }

    /// Whether a rule is open here.
    boolean serves(String instance, String rule) {
        InstanceContent content = serves.get(instance);
        return content != null
                && content.rules().containsKey(rule)
                && !outcomes.getOrDefault(instance, Outcome.GOOD).refused().containsKey(rule);
    }

    @Override
    public Future<Void> apply(SortedMap<String, InstanceContent> contents) {
        int now = life;
        contents.values().forEach(this::mustBeTrue);
        serves.forEach((id, old) -> mustBeOld(old, contents.get(id)));
        Promise<Void> done = Promise.promise();
        time.after(
                time.random.nextInt(time.random.nextInt(10) == 0 ? APPLY_MILLIS : 3),
                () -> {
                    if (alive && life == now) {
                        open(contents);
                        done.complete();
                    }
                });
        return done.future();
    }

    /// Only what the truth has been is ever applied: so no session of an unchanged rule is cut.
    private void mustBeTrue(InstanceContent content) {
        String digest = control.digest(content.instance(), content.revision());
        if (!content.digest().equals(digest)) {
            time.broken(
                    name
                            + " applies what never was: "
                            + content.instance()
                            + " at "
                            + content.revision());
        }
    }

    /// In one life, no revision is followed by an older one, and none goes that was not deleted.
    private void mustBeOld(InstanceContent old, @Nullable InstanceContent next) {
        long revision = next == null ? control.deleted(old.instance()) : next.revision();
        if (revision < old.revision()) {
            time.broken(
                    name
                            + " goes back: "
                            + old.instance()
                            + " from "
                            + old.revision()
                            + " to "
                            + (next == null ? "nothing" : "" + revision));
        }
    }

    /// An unchanged rule that is open stays open; another one may be refused.
    private void open(SortedMap<String, InstanceContent> contents) {
        TreeMap<String, Outcome> next = new TreeMap<>();
        contents.forEach((id, content) -> {
            InstanceContent old = serves.get(id);
            TreeMap<String, String> refused = new TreeMap<>();
            content.rules()
                    .forEach((rule, spec) -> {
                        boolean same = old != null && spec.equals(old.rules().get(rule));
                        if (!(same && serves(id, rule)) && time.random.nextInt(20) == 0) {
                            refused.put(rule, "port_in_use: by a program of the simulation");
                        }
                    });
            next.put(id, new Outcome(refused, List.of()));
        });
        serves.clear();
        serves.putAll(contents);
        outcomes.clear();
        outcomes.putAll(next);
    }

    @Override
    public Future<Void> retryRefused() {
        if (time.random.nextBoolean()) {
            outcomes.replaceAll((id, outcome) -> Outcome.GOOD);
        }
        return Future.succeededFuture();
    }

    @Override
    public Map<String, Outcome> outcomes() {
        return Map.copyOf(outcomes);
    }

    private NodeReport report(Map<String, NodeReport.Applied> instances) {
        instances.forEach((id, said) -> {
            if (said.refused().containsKey(id)) {
                // Refused as a whole: whatever it is, it is not said to be served.
                return;
            }
            InstanceContent content = Objects.requireNonNull(serves.get(id), id);
            boolean same = content.revision() == said.revision();
            if (content.revision() < said.revision()
                    || same && !content.digest().equals(said.digest())) {
                time.broken(name + " reports more of " + id + " than it serves");
            }
        });
        return new NodeReport(
                name,
                boot(),
                NodeArea.OVERSEAS,
                NodeReport.State.UP,
                List.of(),
                List.of(),
                List.of(),
                Map.of(),
                0,
                0,
                instances);
    }
}
