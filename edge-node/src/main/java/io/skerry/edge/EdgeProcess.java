package io.skerry.edge;

import io.skerry.edge.handover.FolderLock;
import io.skerry.edge.handover.Handover;
import io.skerry.edge.handover.TakeOver;
import io.skerry.shared.process.ClusterBus;
import io.skerry.shared.process.ClusterSettings;
import io.skerry.shared.process.ServiceMain;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// An edge node as a process of its own: it holds its data folder alone, or takes it over with all
/// sockets from the process that has it (`docs/operations/hot-restart.md`).
final class EdgeProcess implements ServiceMain.Running {
    private static final Logger log = LoggerFactory.getLogger(EdgeProcess.class);

    /// How this process came by its folder.
    private sealed interface Folder {
        record Free(@Nullable FolderLock lock) implements Folder {}

        record Taken(TakeOver from) implements Folder {}
    }

    private final Vertx vertx;
    private final ClusterBus bus;
    private final EdgeVerticle verticle;
    private final String deployment;
    private @Nullable Handover handover;

    private EdgeProcess(Vertx vertx, ClusterBus bus, EdgeVerticle verticle, String deployment) {
        this.vertx = vertx;
        this.bus = bus;
        this.verticle = verticle;
        this.deployment = deployment;
    }

    static Future<ServiceMain.Running> start(
            Vertx vertx, ClusterSettings cluster, EdgeSettings settings) {
        return vertx.<Folder>executeBlocking(() -> folder(settings))
                .map(Objects::requireNonNull)
                .compose(folder -> {
                    Promise<Void> free = Promise.promise();
                    TakeOver from = folder instanceof Folder.Taken(TakeOver before) ? before : null;
                    if (from == null) {
                        free.complete();
                    }
                    return ClusterBus.join(vertx, cluster, free.future())
                            .compose(bus -> deploy(vertx, bus, cluster, settings, from))
                            .compose(process -> process.offer(settings.data(), folder))
                            .map(process -> {
                                if (from != null) {
                                    vertx.executeBlocking(
                                                    () -> {
                                                        from.awaitFree();
                                                        return true;
                                                    })
                                            .onComplete(freed -> free.complete());
                                }
                                return process;
                            });
                });
    }

    /// Locks the folder, or begins to take over from its owner. Blocks.
    private static Folder folder(EdgeSettings settings) throws IOException {
        if (!System.getProperty("os.name", "").equals("Linux")) {
            return new Folder.Free(null);
        }
        Path data = settings.data();
        Optional<FolderLock> lock = FolderLock.take(data);
        if (lock.isPresent()) {
            return new Folder.Free(lock.get());
        }
        String owner = "the data folder " + data + " is in use by " + FolderLock.owner(data);
        if (!settings.takeOver()) {
            throw new IllegalStateException(
                    owner + "; use another one, or --take-over to take over from that process");
        }
        NodeHandover.refusal(settings)
                .ifPresent(why -> {
                    throw new IllegalStateException(why);
                });
        try {
            return new Folder.Taken(TakeOver.begin(data, settings.node()));
        } catch (IOException failed) {
            throw new IllegalStateException(
                    owner + ", which cannot be taken over from: " + failed.getMessage(), failed);
        }
    }

    private static Future<EdgeProcess> deploy(
            Vertx vertx,
            ClusterBus bus,
            ClusterSettings cluster,
            EdgeSettings settings,
            @Nullable TakeOver from) {
        EdgeVerticle verticle =
                new EdgeVerticle(
                        bus, settings, List.of(cluster.clusterBind(), cluster.busBind()), from);
        return vertx.deployVerticle(verticle)
                .recover(failure -> bus.close().transform(closed -> Future.failedFuture(failure)))
                .map(id -> new EdgeProcess(vertx, bus, verticle, id));
    }

    /// Lets a later process take over; a node that cannot offer this runs all the same.
    private Future<EdgeProcess> offer(Path data, Folder folder) {
        FolderLock lock =
                switch (folder) {
                    case Folder.Free(FolderLock taken) -> taken;
                    case Folder.Taken(TakeOver from) -> from.lock();
                };
        if (lock == null) {
            return Future.succeededFuture(this);
        }
        return vertx.executeBlocking(
                        () -> Handover.offer(data, verticle.node().handable(bus::close), lock))
                .map(offered -> {
                    handover = offered;
                    return this;
                })
                .recover(failed -> {
                    log.warn("no hot restart of this process: {}", failed.getMessage());
                    return Future.succeededFuture(this);
                });
    }

    @Override
    public Future<Void> stop(Future<Void> hurry) {
        if (handover != null) {
            handover.close();
        }
        hurry.onComplete(now -> verticle.hurry());
        return vertx.undeploy(deployment).eventually(bus::close);
    }

    @Override
    public Future<Void> over() {
        return verticle.node().over();
    }
}
