package io.skerry.rules;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.rules.store.PostgresAddress;
import io.skerry.shared.bus.Operation;
import io.skerry.shared.bus.RuleReply;
import io.skerry.shared.bus.RuleRequest;
import io.skerry.shared.problem.Code;
import io.skerry.shared.problem.ProblemException;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/// A rule service that is told to stop while a request is under way.
final class StoppingTest {
    private static final RuleRequest WRITE =
            RuleRequest.of(
                    Operation.CREATE_INSTANCE, Map.of(), new JsonObject().put("name", "late"));

    @Test
    void whatIsUnderWayIsEndedAndNothingNewIsBegun() throws Exception {
        PostgresAddress database = TestPostgres.shared().newDatabase();
        try (RuleServiceFixture rules = new RuleServiceFixture(database, Map.of());
                HeldLock lock = new HeldLock(database, HeldLock.REVISION)) {
            Future<RuleReply> underWay = rules.bus.send(WRITE);
            RuleServiceFixture.await(() -> lock.waiting() > 0, () -> "nobody waits");
            Future<Void> stopped = rules.stop();
            RuleServiceFixture.await(() -> refusesNew(rules), () -> "it takes requests");
            assertThat(underWay.isComplete()).isFalse();
            assertThat(stopped.isComplete()).isFalse();
            lock.letGo();
            RuleReply answer = underWay.await(10, TimeUnit.SECONDS);
            assertThat(answer).isInstanceOf(RuleReply.Done.class);
            stopped.await(10, TimeUnit.SECONDS);
        }
        try (RuleServiceFixture next = new RuleServiceFixture(database, Map.of())) {
            JsonObject all = next.ok(Operation.LIST_INSTANCES, Map.of(), null);
            assertThat(all.getJsonArray("items").getJsonObject(0).getString("name"))
                    .isEqualTo("late");
        }
    }

    private static boolean refusesNew(RuleServiceFixture rules) {
        try {
            rules.bus.send(RuleRequest.of(Operation.LIST_NODES, Map.of(), null));
            return false;
        } catch (ProblemException refused) {
            assertThat(refused.problem().code()).isEqualTo(Code.UNAVAILABLE);
            return true;
        }
    }
}
