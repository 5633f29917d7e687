package io.skerry.edge.bpf;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class BpfMapTest {
    private static final int SIZE = 100;

    private final Arena arena = Arena.ofConfined();

    @BeforeAll
    static void needsTheKernel() {
        Kernel.required();
    }

    @AfterEach
    void free() {
        arena.close();
    }

    private static BpfMap hash() throws BpfException {
        return BpfMap.create(BpfMapType.HASH, "test", Integer.BYTES, Integer.BYTES, SIZE, 0);
    }

    private MemorySegment number(int value) {
        return arena.allocateFrom(JAVA_INT, value);
    }

    @Test
    void whatIsPutIsThereUntilItIsRemoved() throws BpfException {
        try (BpfMap map = hash()) {
            MemorySegment value = number(0);
            assertThat(map.get(number(7), value)).isFalse();

            map.put(number(7), number(70));
            assertThat(map.get(number(7), value)).isTrue();
            assertThat(value.get(JAVA_INT, 0)).isEqualTo(70);

            assertThat(map.remove(number(7))).isTrue();
            assertThat(map.remove(number(7))).isFalse();
            assertThat(map.get(number(7), value)).isFalse();
        }
    }

    @Test
    void anEntryThatMustBeNewOrOldIsRefusedOtherwise() throws BpfException {
        try (BpfMap map = hash()) {
            assertThatThrownBy(() -> map.put(number(1), number(1), BpfMap.Put.EXISTING))
                    .isInstanceOf(BpfException.class)
                    .hasMessage("put into map test: No such file or directory (2)");
            map.put(number(1), number(1), BpfMap.Put.NEW);
            assertThat(map.tryPut(number(1), number(2), BpfMap.Put.NEW)).isEqualTo(Errno.EEXIST);
            assertThat(map.tryPut(number(1), number(2), BpfMap.Put.EXISTING)).isZero();
        }
    }

    @Test
    void aFullMapSaysSoAndTakesAnEntryAgainWhenOneHasGone() throws BpfException {
        try (BpfMap map = hash()) {
            for (int i = 0; i < SIZE; i++) {
                map.put(number(i), number(i));
            }
            assertThat(map.tryPut(number(SIZE), number(0), BpfMap.Put.ANY)).isEqualTo(Errno.E2BIG);
            map.remove(number(0));
            assertThat(map.tryPut(number(SIZE), number(0), BpfMap.Put.ANY)).isZero();
        }
    }

    @Test
    void manyEntriesGoInAndOutByOneCallAndAreListed() throws BpfException {
        try (BpfMap map = hash()) {
            MemorySegment keys = arena.allocate(SIZE * 4L, 4);
            MemorySegment values = arena.allocate(SIZE * 4L, 4);
            TreeSet<Integer> expected = new TreeSet<>();
            for (int i = 0; i < SIZE; i++) {
                keys.setAtIndex(JAVA_INT, i, 1000 + i);
                expected.add(1000 + i);
            }
            map.putAll(keys, values, SIZE);

            TreeSet<Integer> found = new TreeSet<>();
            MemorySegment key = number(0);
            for (boolean more = map.nextKey(null, key); more; more = map.nextKey(key, key)) {
                found.add(key.get(JAVA_INT, 0));
            }
            assertThat(found).isEqualTo(expected);

            map.removeAll(keys, SIZE);
            assertThat(map.nextKey(null, key)).isFalse();
        }
    }

    @Test
    void moreEntriesThanThereIsRoomForAreRefusedWithHowManyWentIn() throws BpfException {
        try (BpfMap map = hash()) {
            int count = SIZE + 5;
            MemorySegment keys = arena.allocate(count * 4L, 4);
            MemorySegment values = arena.allocate(count * 4L, 4);
            for (int i = 0; i < count; i++) {
                keys.setAtIndex(JAVA_INT, i, i);
            }
            assertThatThrownBy(() -> map.putAll(keys, values, count))
                    .isInstanceOf(BpfException.class)
                    .hasMessageStartingWith("put 105 entries (100 done) into map test: ");
        }
    }

    @Test
    void aClosedMapIsNotMistakenForWhateverHasItsNumberNow() throws BpfException {
        BpfMap map = hash();
        map.close();
        map.close();
        assertThatThrownBy(map::fd).isInstanceOf(IllegalStateException.class);
    }
}
