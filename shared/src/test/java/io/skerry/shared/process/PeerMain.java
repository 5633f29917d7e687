package io.skerry.shared.process;

import io.skerry.shared.net.HostPort;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;

/// A full member in a process of its own: answers at `who` and at `who-PID` with its process
/// number, tells it at `here`, and prints `joined`.
///
/// Arguments: address of its member, address of its bus, members to join; with TLS also key,
/// certificate and authority.
final class PeerMain {
    private PeerMain() {}

    public static void main(String[] args) throws InterruptedException {
        Map<String, String> tls =
                args.length < 6
                        ? Map.of()
                        : Map.of(
                                BusTls.KEY,
                                args[3],
                                BusTls.CERTIFICATE,
                                args[4],
                                BusTls.AUTHORITY,
                                args[5]);
        ClusterSettings settings =
                new ClusterSettings(
                        HostPort.parse(args[0]).orElseThrow(),
                        HostPort.parse(args[1]).orElseThrow(),
                        List.of(args[2].split(",")),
                        false,
                        BusTls.read(SettingsReader.of(tls)));
        JsonObject me = new JsonObject().put("pid", ProcessHandle.current().pid());
        Vertx vertx = Vertx.vertx();
        ClusterBus.join(vertx, settings)
                .onSuccess(bus -> {
                    bus.serve("who", message -> Future.succeededFuture(me));
                    bus.serve("who-" + me.getLong("pid"), message -> Future.succeededFuture(me));
                    vertx.setPeriodic(200, timer -> bus.publish("here", me));
                    vertx.setPeriodic(
                            50,
                            timer -> {
                                if (bus.hasJoined()) {
                                    vertx.cancelTimer(timer);
                                    System.out.println("joined");
                                }
                            });
                });
        new CountDownLatch(1).await();
    }
}
