package io.skerry.edge.health;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.edge.Eventually;
import io.skerry.edge.clientaddress.Decoded;
import io.skerry.edge.clientaddress.ProxyV1;
import io.skerry.edge.clientaddress.ProxyV2;
import io.skerry.edge.clientaddress.Spp;
import io.skerry.edge.transport.OutgoingPorts;
import io.skerry.shared.net.Protocol;
import io.skerry.shared.rule.ClientIp;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class HealthChecksTest {
    private static final String HOST = "127.0.0.1";
    private static final Duration INTERVAL = Duration.ofMillis(100);
    private static final byte[] NOTHING = new byte[0];
    private HealthChecks checks = new HealthChecks(100);

    @AfterEach
    void nothingIsLeftRunning() {
        checks.close();
        Eventually.holds("gone", checks::isGone);
    }

    private static CheckTarget.Plan plan(String send, String expect) {
        return new CheckTarget.Plan(INTERVAL, INTERVAL, 2, 3, send, expect);
    }

    private static CheckTarget tcp(TestOrigin origin, ClientIp header) {
        return new CheckTarget(Protocol.TCP, origin.address(), origin.port(), header, plan("", ""));
    }

    private static CheckTarget udp(TestOrigin origin, ClientIp header, String send, String want) {
        return new CheckTarget(
                Protocol.UDP, origin.address(), origin.port(), header, plan(send, want));
    }

    private void goesDown(Health health) {
        Eventually.holds("down", () -> !health.up());
    }

    private void answers(int more) {
        long wanted = checks.count(CheckResult.OK) + more;
        Eventually.holds("good checks", () -> checks.count(CheckResult.OK) >= wanted);
    }

    @Test
    void aDeadOriginIsDownInTimeAndUpAgainAfterItsSuccesses() {
        TestOrigin origin = TestOrigin.tcp(HOST, 0);
        Health health = checks.use(tcp(origin, ClientIp.OFF), null);
        answers(3);
        assertThat(health.up()).isTrue();
        origin.close();
        long died = System.nanoTime();
        goesDown(health);
        // Interval × failures + timeout is 300 ms; the machine may be busy.
        assertThat(System.nanoTime() - died).isLessThan(TimeUnit.MILLISECONDS.toNanos(2_000));
        assertThat(checks.count(CheckResult.REFUSED)).isGreaterThanOrEqualTo(2);
        long good = checks.count(CheckResult.OK);
        try (TestOrigin again = TestOrigin.tcp(HOST, origin.port())) {
            Eventually.holds("up", health::up);
            assertThat(checks.count(CheckResult.OK) - good).isGreaterThanOrEqualTo(3);
            assertThat(again.count.get()).isGreaterThanOrEqualTo(3);
        }
    }

    @Test
    void aPortOfThisNodeIsNotDialledAndStaysAsItWas() {
        try (TestOrigin origin = TestOrigin.tcp(HOST, 0);
                TestOrigin ours = TestOrigin.tcp(HOST, 0)) {
            checks.close();
            checks =
                    new HealthChecks(
                            100, new OutgoingPorts(), target -> target.port() == ours.port());
            Health health = checks.use(tcp(ours, ClientIp.OFF), null);
            checks.use(tcp(origin, ClientIp.OFF), null);
            Eventually.holds("left out", () -> checks.count(CheckResult.NOT_MADE) >= 3);
            answers(1);
            assertThat(ours.count.get()).isZero();
            assertThat(health.up()).isTrue();
        }
    }

    @Test
    void equalTargetsAreCheckedOnceAndOnlyWhileInUse() {
        try (TestOrigin origin = TestOrigin.tcp(HOST, 0)) {
            Health one = checks.use(tcp(origin, ClientIp.OFF), null);
            Health two = checks.use(tcp(origin, ClientIp.OFF), null);
            assertThat(two).isSameAs(one);
            assertThat(checks.size()).isEqualTo(1);
            long begun = System.nanoTime();
            answers(10);
            long fewest = TimeUnit.MILLISECONDS.toNanos(9 * 90);
            assertThat(System.nanoTime() - begun).isGreaterThanOrEqualTo(fewest);
            checks.release(tcp(origin, ClientIp.OFF));
            answers(2);
            checks.release(tcp(origin, ClientIp.OFF));
            assertThat(checks.size()).isZero();
        }
    }

    @Test
    void noCheckFollowsTheReleaseOfTheLastUser() {
        try (TestOrigin origin = TestOrigin.tcp(HOST, 0);
                TestOrigin other = TestOrigin.tcp(HOST, 0)) {
            checks.use(tcp(origin, ClientIp.OFF), null);
            checks.use(tcp(other, ClientIp.OFF), null);
            Eventually.holds("checked", () -> origin.count.get() > 0);
            checks.release(tcp(origin, ClientIp.OFF));
            // What was under way has ended after two rounds of the other one.
            int settled = other.count.get() + 2;
            Eventually.holds("two rounds", () -> other.count.get() >= settled);
            int last = origin.count.get();
            Eventually.holds("five rounds", () -> other.count.get() >= settled + 5);
            assertThat(origin.count.get()).isEqualTo(last);
        }
    }

    @Test
    void anOriginThatWantsProxyV2SeesAConnectionOfOurOwn() {
        try (TestOrigin origin = TestOrigin.tcp(HOST, 0)) {
            checks.use(tcp(origin, ClientIp.PPV2), null);
            Eventually.holds("header", () -> !origin.received.isEmpty());
            byte[] header = origin.received.getFirst();
            assertThat(header).isEqualTo(ProxyV2.local());
            assertThat(ProxyV2.decode(header)).isEqualTo(new Decoded.Unnamed(16));
        }
    }

    @Test
    void anOriginThatWantsProxyV1SeesTheAddressesOfTheCheck() {
        for (String host : new String[] {HOST, "::1"}) {
            try (TestOrigin origin = TestOrigin.tcp(host, 0)) {
                CheckTarget target = tcp(origin, ClientIp.PPV1);
                checks.use(target, null);
                Eventually.holds("line", () -> !origin.received.isEmpty());
                byte[] line = origin.received.getFirst();
                assertThat(ProxyV1.decode(line)).isInstanceOf(Decoded.Proxied.class);
                Decoded.Proxied said = (Decoded.Proxied) ProxyV1.decode(line);
                assertThat(said.client()).isEqualTo(origin.peers.getFirst());
                assertThat(said.destination())
                        .isEqualTo(new InetSocketAddress(origin.address(), origin.port()));
                assertThat(said.length()).isEqualTo(line.length);
                checks.release(target);
            }
        }
    }

    @Test
    void aDatagramIsSentAndAnyAnswerIsGood() {
        try (TestOrigin origin = TestOrigin.udp(HOST, 0, came -> came)) {
            Health health = checks.use(udp(origin, ClientIp.OFF, "", ""), null);
            answers(2);
            assertThat(health.up()).isTrue();
            assertThat(origin.received.getFirst())
                    .isEqualTo("skerry".getBytes(StandardCharsets.US_ASCII));
        }
    }

    @Test
    void aSilentOrWrongOrMissingAnswerIsAFailure() {
        TestOrigin gone = TestOrigin.udp(HOST, 0, came -> came);
        gone.close();
        try (TestOrigin silent = TestOrigin.udp(HOST, 0, came -> NOTHING);
                TestOrigin wrong = TestOrigin.udp(HOST, 0, came -> new byte[] {1, 2, 3})) {
            goesDown(checks.use(udp(silent, ClientIp.OFF, "", ""), null));
            goesDown(checks.use(udp(wrong, ClientIp.OFF, "00", "0103"), null));
            goesDown(checks.use(udp(gone, ClientIp.OFF, "", ""), null));
            assertThat(checks.count(CheckResult.TIMEOUT)).isPositive();
            assertThat(checks.count(CheckResult.BAD_ANSWER)).isPositive();
            assertThat(checks.count(CheckResult.REFUSED)).isPositive();
            assertThat(checks.count(CheckResult.OK)).isZero();
            checks.use(udp(wrong, ClientIp.OFF, "00", "0102"), null);
            answers(1);
        }
    }

    @Test
    void datagramsCarryTheHeaderOfTheRule() {
        try (TestOrigin ppv2 = TestOrigin.udp(HOST, 0, came -> came);
                TestOrigin spp = TestOrigin.udp(HOST, 0, came -> came);
                TestOrigin forgetful = TestOrigin.udp(HOST, 0, came -> new byte[] {9})) {
            checks.use(udp(ppv2, ClientIp.PPV2, "0a0b", ""), null);
            checks.use(udp(spp, ClientIp.SPP, "0a0b", "0a"), null);
            answers(2);
            Eventually.holds("both", () -> ppv2.count.get() > 0 && spp.count.get() > 0);
            byte[] first = ppv2.received.getFirst();
            assertThat(ProxyV2.decodeDatagram(first)).isEqualTo(new Decoded.Unnamed(16));
            assertThat(Arrays.copyOfRange(first, 16, first.length)).containsExactly(10, 11);
            assertThat(Spp.decode(spp.received.getFirst()))
                    .contains(
                            new Spp(
                                    spp.peers.getFirst(),
                                    new InetSocketAddress(spp.address(), spp.port())));
            goesDown(checks.use(udp(forgetful, ClientIp.SPP, "", ""), null));
        }
    }

    @Test
    void checksOverlapWhereTheTimeOutIsLongerThanTheInterval() {
        try (TestOrigin silent = TestOrigin.udp(HOST, 0, came -> NOTHING)) {
            CheckTarget.Plan plan =
                    new CheckTarget.Plan(INTERVAL, Duration.ofSeconds(2), 5, 1, "", "");
            long begun = System.nanoTime();
            Health health =
                    checks.use(
                            new CheckTarget(
                                    Protocol.UDP,
                                    silent.address(),
                                    silent.port(),
                                    ClientIp.OFF,
                                    plan),
                            null);
            goesDown(health);
            // Five one after another would take 10 s.
            assertThat(System.nanoTime() - begun).isLessThan(TimeUnit.SECONDS.toNanos(5));
        }
    }

    @Test
    void aTargetAboveTheLimitWaitsUntilThereIsRoom() {
        checks.close();
        checks = new HealthChecks(1);
        try (TestOrigin first = TestOrigin.tcp(HOST, 0);
                TestOrigin second = TestOrigin.tcp(HOST, 0)) {
            checks.use(tcp(first, ClientIp.OFF), null);
            assertThat(checks.hits()).isZero();
            Health waiting = checks.use(tcp(second, ClientIp.OFF), null);
            assertThat(waiting.up()).isTrue();
            assertThat(checks.hits()).isEqualTo(1);
            answers(3);
            assertThat(second.count.get()).isZero();
            checks.release(tcp(first, ClientIp.OFF));
            Eventually.holds("checked", () -> second.count.get() > 0);
        }
    }

    @Test
    void anotherPlanForADeadAddressBeginsWithWhatIsKnown() {
        TestOrigin origin = TestOrigin.tcp(HOST, 0);
        origin.close();
        Health before = checks.use(tcp(origin, ClientIp.OFF), null);
        goesDown(before);
        assertThat(checks.use(tcp(origin, ClientIp.PPV2), before).up()).isFalse();
    }
}
