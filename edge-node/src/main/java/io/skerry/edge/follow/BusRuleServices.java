package io.skerry.edge.follow;

import io.skerry.shared.bus.BusAddress;
import io.skerry.shared.process.Bus;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;

/// The rule service of the same process, asked over the bus, so that no port is needed.
final class BusRuleServices implements RuleServices {
    private final Bus bus;
    private final FollowSettings settings;

    BusRuleServices(Bus bus, FollowSettings settings) {
        this.bus = bus;
        this.settings = settings;
    }

    @Override
    public Future<Reply> sync(JsonObject report) {
        return ask(new JsonObject().put("call", "sync").put("report", report));
    }

    @Override
    public Future<Reply> pull(String instance, long have, String want) {
        return ask(
                new JsonObject()
                        .put("call", "pull")
                        .put("instance", instance)
                        .put("have", have)
                        .put("want", want));
    }

    private Future<Reply> ask(JsonObject message) {
        return bus.request(BusAddress.NODES, message, settings.answerDeadline().toMillis())
                .map(answer ->
                        new Reply(
                                answer.getInteger("status"),
                                answer.getJsonObject("body", new JsonObject())));
    }

    @Override
    public String name() {
        return "of this process";
    }

    @Override
    public Future<Void> close() {
        return Future.succeededFuture();
    }
}
