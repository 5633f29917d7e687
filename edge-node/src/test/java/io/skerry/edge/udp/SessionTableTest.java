package io.skerry.edge.udp;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SessionTableTest {
    private record Entry(SessionKey key) implements SessionTable.Keyed {}

    private final long seed = Long.getLong("skerry.seed", System.nanoTime());
    private final Random random = new Random(seed);
    private final SessionTable<Entry> table = new SessionTable<>(random);

    @Test
    void findsWhatIsThereAndNothingElseAfterRandomChanges() {
        System.out.println("seed " + seed);
        List<Entry> there = new ArrayList<>();
        List<Entry> gone = new ArrayList<>();
        for (int i = 0; i < 50_000; i++) {
            boolean grow = i < 20_000 ? random.nextInt(3) > 0 : random.nextInt(3) == 0;
            if (grow || there.isEmpty()) {
                Entry entry = new Entry(key(i));
                assertThat(table.find(entry.key())).isNull();
                table.add(entry);
                there.add(entry);
            } else {
                Entry entry = there.remove(random.nextInt(there.size()));
                table.remove(entry);
                gone.add(entry);
            }
            assertThat(table.size()).isEqualTo(there.size());
        }
        there.forEach(entry -> assertThat(table.find(entry.key())).isSameAs(entry));
        gone.forEach(entry -> assertThat(table.find(entry.key())).isNull());
        assertThat(table.list(entry -> true)).containsExactlyInAnyOrderElementsOf(there);
        there.forEach(table::remove);
        assertThat(table.capacity()).isEqualTo(64);
    }

    @Test
    void tellsKeysApartByEachOfTheirParts() {
        SessionKey key = key(1);
        for (int part = 0; part < 6; part++) {
            SessionKey other = new SessionKey();
            other.copy(key);
            assertThat(other.same(key)).isTrue();
            switch (part) {
                case 0 -> other.clientHigh++;
                case 1 -> other.clientLow++;
                case 2 -> other.clientPort++;
                case 3 -> other.dialledHigh++;
                case 4 -> other.dialledLow++;
                default -> other.port++;
            }
            assertThat(other.same(key)).isFalse();
        }
    }

    /// Keys that differ little, as those of one network do.
    private static SessionKey key(int i) {
        SessionKey key = new SessionKey();
        key.clientLow = 0x0a000000L + i / 200;
        key.clientPort = 40_000L + i % 200;
        key.dialledLow = 0x0a0000ffL;
        key.port = 3;
        return key;
    }
}
