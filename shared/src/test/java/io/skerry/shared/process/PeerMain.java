package io.skerry.shared.process;

import io.skerry.shared.net.HostPort;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/// A full member in a process of its own: answers at `who` with its process number, and prints
/// `joined`.
///
/// Arguments: address of its member, address of its bus, members to join.
final class PeerMain {
    private PeerMain() {}

    public static void main(String[] args) throws InterruptedException {
        ClusterSettings settings =
                new ClusterSettings(
                        HostPort.parse(args[0]).orElseThrow(),
                        HostPort.parse(args[1]).orElseThrow(),
                        List.of(args[2].split(",")),
                        false);
        JsonObject me = new JsonObject().put("pid", ProcessHandle.current().pid());
        Vertx vertx = Vertx.vertx();
        ClusterBus.join(vertx, settings)
                .onSuccess(bus -> {
                    bus.serve("who", message -> Future.succeededFuture(me));
                    vertx.setPeriodic(
                            50,
                            timer -> {
                                if (bus.isJoined()) {
                                    vertx.cancelTimer(timer);
                                    System.out.println("joined");
                                }
                            });
                });
        new CountDownLatch(1).await();
    }
}
