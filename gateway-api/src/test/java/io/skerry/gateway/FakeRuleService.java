package io.skerry.gateway;

import io.skerry.shared.bus.BusAddress;
import io.skerry.shared.bus.Operation;
import io.skerry.shared.bus.RuleReply;
import io.skerry.shared.bus.RuleRequest;
import io.skerry.shared.process.Bus;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.json.JsonObject;
import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/// Stands in for a rule service: keeps what it is asked and gives the answers it was told to, in
/// order; `{}` where it was told none.
final class FakeRuleService {
    private final BlockingQueue<RuleRequest> asked = new LinkedBlockingQueue<>();
    private final Queue<JsonObject> answers = new ConcurrentLinkedQueue<>();
    private volatile boolean silent;

    static FakeRuleService on(Bus bus) {
        FakeRuleService service = new FakeRuleService();
        bus.serve(BusAddress.RULES, service::answer);
        return service;
    }

    /// The answer to the next request without one.
    void willAnswer(RuleReply reply) {
        answers.add(reply.print());
    }

    void willAnswer(JsonObject raw) {
        answers.add(raw);
    }

    /// From now on it never answers.
    void fallSilent() {
        silent = true;
    }

    /// The next request, pings aside; fails where none comes.
    RuleRequest next() throws InterruptedException {
        RuleRequest request = asked.poll(10, TimeUnit.SECONDS);
        if (request == null) {
            throw new AssertionError("nothing was asked within 10 s");
        }
        return request;
    }

    boolean wasAsked() {
        return !asked.isEmpty();
    }

    private Future<JsonObject> answer(JsonObject json) {
        if (silent) {
            return Promise.<JsonObject>promise().future();
        }
        RuleRequest request = RuleRequest.read(json);
        if (request.operation() == Operation.PING) {
            return Future.succeededFuture(
                    RuleReply.ok(new JsonObject().put("status", "up")).print());
        }
        asked.add(request);
        JsonObject answer = answers.poll();
        return Future.succeededFuture(
                answer == null ? RuleReply.ok(new JsonObject()).print() : answer);
    }
}
