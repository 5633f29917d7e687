package io.skerry.edge;

import io.skerry.edge.handover.TakeOver;
import io.skerry.shared.net.HostPort;
import io.skerry.shared.process.Bus;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.VerticleBase;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// Lets Vert.x own the life of an {@link EdgeNode}: undeploying it stops the node in order.
public final class EdgeVerticle extends VerticleBase {
    private final Bus bus;
    private final EdgeSettings settings;
    private final Traffic.Maker maker;
    private final List<HostPort> control;
    private final @Nullable TakeOver takeOver;
    private final Promise<Void> hurry = Promise.promise();
    private @Nullable EdgeNode node;

    /// @param control further ports of this process, which must not be an origin
    public EdgeVerticle(Bus bus, EdgeSettings settings, List<HostPort> control) {
        this(bus, settings, SocketTraffic::new, control, null);
    }

    /// @param takeOver the process to take over from; null where there is none
    EdgeVerticle(
            Bus bus, EdgeSettings settings, List<HostPort> control, @Nullable TakeOver takeOver) {
        this(bus, settings, SocketTraffic::new, control, takeOver);
    }

    EdgeVerticle(Bus bus, EdgeSettings settings, Traffic.Maker maker, List<HostPort> control) {
        this(bus, settings, maker, control, null);
    }

    private EdgeVerticle(
            Bus bus,
            EdgeSettings settings,
            Traffic.Maker maker,
            List<HostPort> control,
            @Nullable TakeOver takeOver) {
        this.bus = bus;
        this.settings = settings;
        this.maker = maker;
        this.control = List.copyOf(control);
        this.takeOver = takeOver;
    }

    @Override
    public Future<?> start() {
        return EdgeNode.start(vertx, bus, settings, maker, control, takeOver)
                .onSuccess(started -> node = started);
    }

    @Override
    public Future<?> stop() {
        return node().stop(hurry.future());
    }

    /// Ends the drain of a stop at once. From any thread.
    public void hurry() {
        hurry.tryComplete();
    }

    /// The node; after a start that succeeded.
    public EdgeNode node() {
        return Objects.requireNonNull(node, "started");
    }
}
