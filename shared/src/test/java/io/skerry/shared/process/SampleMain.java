package io.skerry.shared.process;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.Set;

/// A process for {@link ServiceMainTest}: prints its settings, waits for a signal, and stops only
/// when it is hurried.
final class SampleMain {
    private SampleMain() {}

    public static void main(String[] args) {
        ServiceMain.run(
                "sample",
                args,
                Set.of("demo"),
                "usage: sample",
                (vertx, settings) -> {
                    String token = settings.secret("node-token", null);
                    int number = settings.integer("number", 1, 1, 9);
                    boolean demo = settings.flag("demo", false);
                    settings.finish();
                    System.out.println(token + " " + number + " " + demo);
                    if (number == 9) {
                        return Promise.<ServiceMain.Running>promise().future();
                    }
                    if (number == 8) {
                        return Future.failedFuture("the port is taken");
                    }
                    return Future.succeededFuture(hurry -> {
                        System.out.println("stopping");
                        return hurry;
                    });
                });
    }
}
