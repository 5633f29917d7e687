package io.skerry.edge.steering;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.edge.listener.ListenerKey;
import io.skerry.shared.net.IpText;
import io.skerry.shared.net.Protocol;
import java.net.InetAddress;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class TableChangeTest {
    private static final InetAddress HERE = IpText.parse("192.0.2.1").orElseThrow();

    private static Set<ListenerKey> ports(int first, int count) {
        return IntStream.range(first, first + count)
                .mapToObj(port -> new ListenerKey(Protocol.TCP, HERE, port))
                .collect(Collectors.toSet());
    }

    @Test
    void aFewEntriesChangeInPlaceAndManyAtOnce() {
        Set<ListenerKey> now = ports(1, 100);

        assertThat(TableChange.of(now, 1_024, ports(1, 20), ports(1_000, 44)))
                .isInstanceOf(TableChange.Singles.class);
        assertThat(TableChange.of(now, 1_024, ports(1, 20), ports(1_000, 45)))
                .isInstanceOf(TableChange.Whole.class);
    }

    @Test
    void aTableWithoutRoomGetsALargerOne() {
        assertThat(TableChange.of(ports(1, 1_000), 1_024, Set.of(), ports(2_000, 24)))
                .isInstanceOf(TableChange.Singles.class);
        assertThat(TableChange.of(ports(1, 1_000), 1_024, Set.of(), ports(2_000, 25)))
                .isEqualTo(new TableChange.Whole(union(ports(1, 1_000), ports(2_000, 25)), 2_048));
    }

    @Test
    void aPortThatMovesBetweenRulesStaysThroughout() {
        assertThat(TableChange.of(ports(1, 10), 1_024, ports(5, 2), ports(5, 2)))
                .isEqualTo(new TableChange.None());
    }

    @Test
    void anyChangeLeadsFromWhatIsToWhatIsWanted() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        for (int round = 0; round < 300; round++) {
            Set<ListenerKey> now = some(random);
            Set<ListenerKey> closed = some(random);
            Set<ListenerKey> opened = some(random);
            Set<ListenerKey> wanted = new HashSet<>(now);
            wanted.removeAll(closed);
            wanted.addAll(opened);
            int room = now.size() + random.nextInt(100);

            Set<ListenerKey> after = new HashSet<>(now);
            switch (TableChange.of(now, room, closed, opened)) {
                case TableChange.None() -> {}
                case TableChange.Singles(List<ListenerKey> added, List<ListenerKey> removed) -> {
                    after.addAll(added);
                    assertThat(after).as("seed %d", seed).hasSizeLessThanOrEqualTo(room);
                    removed.forEach(each -> assertThat(after.remove(each)).isTrue());
                }
                case TableChange.Whole(Set<ListenerKey> all, int size) -> {
                    after.clear();
                    after.addAll(all);
                    assertThat(all).as("seed %d", seed).hasSizeLessThanOrEqualTo(size);
                }
            }
            assertThat(after).as("seed %d", seed).isEqualTo(wanted);
        }
    }

    private static Set<ListenerKey> some(Random random) {
        return ports(1 + random.nextInt(200), random.nextInt(random.nextBoolean() ? 10 : 150));
    }

    private static Set<ListenerKey> union(Set<ListenerKey> some, Set<ListenerKey> more) {
        Set<ListenerKey> all = new HashSet<>(some);
        all.addAll(more);
        return all;
    }
}
