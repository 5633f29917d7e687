package io.skerry.edge.name;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.DefaultEventLoop;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.dns.DnsRecord;
import io.skerry.edge.Eventually;
import io.skerry.shared.net.HostPort;
import io.skerry.shared.net.IpText;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NamesTest {
    @TempDir Path folder;
    private NameServer server;
    private Names names;
    private final List<Names.Answer> answers = new CopyOnWriteArrayList<>();

    @BeforeEach
    void start() throws IOException {
        server = new NameServer();
        Files.writeString(folder.resolve("hosts"), "10.9.9.9 fixed.test\n");
        names = new Names(settings(server.address()));
    }

    private NameSettings settings(HostPort server) {
        return new NameSettings(
                List.of(server),
                folder.resolve("hosts"),
                Duration.ofSeconds(1),
                Duration.ofSeconds(300),
                Duration.ofMillis(200));
    }

    @AfterEach
    void stop() {
        names.close();
        server.close();
    }

    private Set<String> last() {
        return !answers.isEmpty() && answers.getLast() instanceof Names.Addresses(var all)
                ? all.stream().map(IpText::print).collect(Collectors.toSet())
                : Set.of();
    }

    private void await(String... addresses) {
        Eventually.holds("addresses", () -> last().equals(Set.of(addresses)));
    }

    @Test
    void answersWithAddressesOfBothFamilies() {
        server.set("origin.test", 60, "10.0.0.1", "10.0.0.2", "2001:db8::1");
        names.watch("origin.test", answers::add);
        await("10.0.0.1", "10.0.0.2", "2001:db8::1");
        assertThat(answers.getFirst()).isEqualTo(new Names.Pending());
    }

    @Test
    void asksAgainWhenTheAnswerIsTooOldAndTellsOfChangesOnly() {
        server.set("origin.test", 0, "10.0.0.1");
        names.watch("origin.test", answers::add);
        await("10.0.0.1");
        Eventually.holds("asked again", () -> server.asked("origin.test") >= 2);
        assertThat(answers).hasSize(2);
        server.set("origin.test", 300, "10.0.0.2");
        await("10.0.0.2");
    }

    @Test
    void keepsTheLastAnswerWhileNameServersAreSilentOrDenyTheName() {
        server.set("origin.test", 1, "10.0.0.1");
        names.watch("origin.test", answers::add);
        await("10.0.0.1");
        server.forget("origin.test");
        int before = server.asked("origin.test");
        Eventually.holds("asked", () -> server.asked("origin.test") >= before + 2);
        server.silence(true);
        int later = server.asked("origin.test");
        Eventually.holds("asked", () -> server.asked("origin.test") > later);
        assertThat(last()).containsExactly("10.0.0.1");
        server.silence(false);
        server.set("origin.test", 1, "10.0.0.3");
        await("10.0.0.3");
    }

    @Test
    void aNameThatDoesNotExistFailsAndHealsWhenItAppears() {
        names.watch("late.test", answers::add);
        Eventually.holds("failed", () -> answers.contains(new Names.Failed()));
        server.set("late.test", 60, "10.0.0.7");
        await("10.0.0.7");
    }

    @Test
    void theHostsFileComesFirstAndIsReadAgain() throws IOException {
        names.watch("fixed.test", answers::add);
        await("10.9.9.9");
        assertThat(server.asked("fixed.test")).isZero();
        Files.writeString(folder.resolve("hosts"), "10.9.9.10 fixed.test other.test\n");
        await("10.9.9.10");
    }

    @Test
    void localhostAlwaysHasAnAddress() {
        names.watch("localhost", answers::add);
        Eventually.holds("localhost", () -> last().contains("127.0.0.1"));
    }

    @Test
    void namesNobodyUsesAreNotAskedForAnyMore() {
        server.set("origin.test", 0, "10.0.0.1");
        Names.Watch one = names.watch("origin.test", answers::add);
        await("10.0.0.1");
        one.stop();
        server.set("other.test", 0, "10.0.0.2");
        int before = server.asked("origin.test");
        names.watch("other.test", a -> {});
        Eventually.holds("time has passed", () -> server.asked("other.test") >= 3);
        assertThat(server.asked("origin.test")).isLessThanOrEqualTo(before + 1);
    }

    @Test
    void aNameServerThatIsNotThereIsAFailureAndNotAWait() {
        try (Names lost = new Names(settings(closedPort()))) {
            lost.watch("origin.test", answers::add);
            Eventually.holds("failed", () -> answers.contains(new Names.Failed()));
        }
    }

    private static HostPort closedPort() {
        try (NameServer gone = new NameServer()) {
            return gone.address();
        }
    }

    @Test
    void lifetimesAreNotedPerNameAndTakenOnce() {
        LifetimeNotes notes = new LifetimeNotes();
        InetAddress any = IpText.parse("10.0.0.1").orElseThrow();
        DnsRecord[] none = {};
        EventLoop loop = new DefaultEventLoop();
        notes.cache("a.test.", none, any, 30, loop);
        notes.cache("a.test.lan", none, any, 10, loop);
        notes.cache("b.test", none, any, 5, loop);
        assertThat(notes.take("a.test")).hasValue(10);
        assertThat(notes.take("a.test")).isEmpty();
        assertThat(notes.take("b.test")).hasValue(5);
    }
}
