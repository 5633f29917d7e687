package io.skerry.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.standalone.fixture.Api;
import io.skerry.standalone.fixture.Await;
import io.skerry.standalone.fixture.Ports;
import io.skerry.standalone.fixture.Postgres;
import io.skerry.standalone.fixture.Product;
import io.skerry.standalone.fixture.Program;
import io.skerry.standalone.fixture.Rules;
import io.skerry.standalone.fixture.Workspace;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/// psql through a rule to a real PostgreSQL, and what a disabled rule does to its session.
final class PsqlIT {
    private static final int DRAIN_SECONDS = 3;

    @RegisterExtension static final Product product = new Product("--listen", "127.0.0.1");

    @Test
    void psqlWorksAndADisabledRuleDrainsItsSessionUntilTheDeadline() {
        Workspace work = product.work();
        int port = Ports.free();
        Api api = product.api();
        String instance = api.createInstance("postgres");
        String rule =
                api.serve(
                        instance,
                        Rules.tcp(port, "127.0.0.1", Postgres.start(work))
                                .put("drainSeconds", DRAIN_SECONDS));
        Program psql = Postgres.psql(work, port);
        psql.say("select 'answer ' || 6*7, count(*) from generate_series(1, 100000);");
        psql.awaitText("^answer 42\\|100000$");
        double before = drained();

        final long disabled = System.nanoTime();
        assertThat(api.post(Api.rulePath(instance, rule) + "/disable").status()).isEqualTo(202);
        Await.until(
                "new connections are refused",
                Duration.ofSeconds(1),
                () -> !Ports.accepts("127.0.0.1", port));
        psql.say("select 'still ' || 'here';");
        psql.awaitText("^still here$");
        assertThat(api.rule(instance, rule).getString("status")).isEqualTo("stopping");
        assertThat(drained()).isEqualTo(before);

        Await.until(
                "the session ends with its reason",
                Duration.ofSeconds(DRAIN_SECONDS + 3),
                () -> drained() == before + 1);
        Duration took = Duration.ofNanos(System.nanoTime() - disabled);
        assertThat(took).isBetween(Duration.ofMillis(2_500), Duration.ofSeconds(5));
        psql.say("select 1;");
        Program.Ended ended = psql.await(Duration.ofSeconds(10));
        assertThat(ended.status()).isNotZero();
        assertThat(ended.text()).contains("connection");
        api.awaitStatus(instance, rule, "offline");
    }

    private static double drained() {
        return product.metrics()
                .sum(
                        "skerry_sessions_closed_total",
                        "protocol=\"tcp\"",
                        "reason=\"drain_deadline\"");
    }
}
