package io.skerry.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.shared.bus.BusAddress;
import io.skerry.shared.bus.Event;
import io.vertx.core.json.JsonObject;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class EventStreamTest {
    private static final GatewayVerticle.Times QUICK = new GatewayVerticle.Times(30_000, 100);

    private static Wire watch(Door door) throws Exception {
        Wire wire = new Wire(door.api);
        wire.send(Wire.print("GET", "/v1/events"));
        assertThat(wire.line()).contains("200");
        assertThat(wire.headers()).containsEntry("content-type", "text/event-stream");
        wire.awaitLine("retry: 2000");
        return wire;
    }

    private static Event rollout(int revision) {
        return new Event("rollout", new JsonObject().put("revision", revision));
    }

    @Test
    void relaysEventsToEveryWatcher() throws Exception {
        try (Door door = new Door();
                Wire first = watch(door);
                Wire second = watch(door)) {
            door.bus.publish(BusAddress.EVENTS, rollout(17).print());

            for (Wire wire : new Wire[] {first, second}) {
                wire.awaitLine("event: rollout");
                assertThat(wire.line()).isEqualTo("data: {\"revision\":17}");
                assertThat(wire.line()).isEmpty();
            }
        }
    }

    @Test
    void keepsQuietStreamsAliveWithComments() throws Exception {
        try (Door door = new Door(QUICK);
                Wire wire = watch(door)) {
            wire.awaitLine(": still here");
            wire.awaitLine(": still here");
        }
    }

    @Test
    void boundsTheNumberOfWatchers() throws Exception {
        try (Door door = new Door("api.watchers-max", "1")) {
            try (Wire first = watch(door)) {
                Wire.Answer refused = door.call("GET", "/v1/events");

                assertThat(refused.status()).isEqualTo(503);
                assertThat(refused.code()).isEqualTo("unavailable");
                door.awaitMetric("skerry_limit_hits_total{name=\"event_watchers\"} 1.0");
                first.waitAtMostMillis(15_000);
            }
            door.awaitMetric("skerry_http_event_watchers 0.0");

            watch(door).close();
        }
    }

    @Test
    void dropsAWatcherThatDoesNotReadAndKeepsTheOthers() throws Exception {
        try (Door door = new Door();
                Wire slow = watch(door);
                Wire quick = watch(door)) {
            String filling = "x".repeat(200_000);
            Event large = new Event("node", new JsonObject().put("filling", filling));
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
            while (!door.gateway.metricsText().contains("event_backlog_bytes\"} 1.0")) {
                assertThat(System.nanoTime()).as("dropped within 30 s").isLessThan(deadline);
                door.bus.publish(BusAddress.EVENTS, large.print());
                quick.awaitLine("event: node");
                assertThat(quick.line()).hasSizeGreaterThan(200_000);
            }

            door.awaitMetric("skerry_http_event_watchers 1.0");
            door.bus.publish(BusAddress.EVENTS, rollout(18).print());
            quick.awaitLine("event: rollout");
            slow.awaitEnd();
        }
    }

    @Test
    void endsStreamsWhenTheGatewayStops() throws Exception {
        Door door = new Door();
        try (Wire wire = watch(door)) {
            door.close();

            wire.awaitEnd();
        }
    }
}
