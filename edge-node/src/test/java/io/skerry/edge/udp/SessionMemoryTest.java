package io.skerry.edge.udp;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class SessionMemoryTest {
    private static final int CHUNK = 512;
    private final SessionMemory memory = new SessionMemory();

    @Test
    void keepsOneChunkAndNoMoreAfterAFlood() {
        List<MemorySegment> taken = new ArrayList<>();
        Set<Long> addresses = new HashSet<>();
        for (int i = 0; i < 10_000; i++) {
            taken.add(memory.take());
            addresses.add(taken.getLast().address());
        }
        assertThat(addresses).hasSize(10_000);
        taken.forEach(memory::give);
        assertThat(memory.kept()).isLessThanOrEqualTo(CHUNK);
    }

    @Test
    void usesAPieceAgain() {
        memory.give(memory.take());
        assertThat(memory.kept()).isEqualTo(CHUNK);
        memory.take();
        assertThat(memory.kept()).isEqualTo(CHUNK - 1);
    }
}
