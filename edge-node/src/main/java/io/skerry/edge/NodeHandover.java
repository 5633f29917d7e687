package io.skerry.edge;

import io.skerry.edge.follow.Follower;
import io.skerry.edge.handover.Handable;
import io.skerry.edge.handover.OpenSocket;
import io.vertx.core.Context;
import io.vertx.core.Future;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/// A node that runs, as the process that wants to take over from it sees it.
///
/// @param control the context that control work runs on
/// @param follower its own, once there is one
/// @param leave frees the control ports that are not the node's own
record NodeHandover(
        EdgeNode node,
        Context control,
        EdgeSettings settings,
        String boot,
        Traffic traffic,
        Supplier<Follower> follower,
        Supplier<Future<Void>> leave)
        implements Handable {
    /// Why sockets of this transport cannot go over.
    static Optional<String> refusal(EdgeSettings settings) {
        return switch (settings.transport().transport()) {
            case EPOLL -> Optional.empty();
            case IO_URING, NIO -> Optional.of("a hot restart needs edge.transport epoll");
        };
    }

    @Override
    public String name() {
        return settings.node();
    }

    @Override
    public Optional<String> refusal() {
        return node.isUp() ? refusal(settings) : Optional.of("the running edge is being stopped");
    }

    @Override
    public Future<List<OpenSocket>> begin() {
        return onControl(() -> {
            Follower following = follower.get();
            return following.pause().compose(paused -> traffic.sockets());
        });
    }

    @Override
    public Future<List<OpenSocket>> pause() {
        return onControl(traffic::pause);
    }

    @Override
    public Future<Void> resume() {
        return onControl(() -> {
            if (node.isUp()) {
                traffic.resume();
                follower.get().resume();
            }
            return Future.succeededFuture();
        });
    }

    @Override
    public Future<Void> letGo() {
        return onControl(() -> node.letGo().transform(freed -> leave.get()));
    }

    private <T> Future<T> onControl(Supplier<Future<T>> step) {
        return Future.future(promise ->
                control.runOnContext(v -> {
                    try {
                        step.get().onComplete(promise);
                    } catch (RuntimeException bug) {
                        promise.fail(bug);
                    }
                }));
    }
}
