package io.skerry.edge.udp;

import io.skerry.edge.socket.SocketAddress;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;

/// Native memory of sessions, a small piece each, cut from larger ones and used again: the client's
/// `sockaddr`, the address answers leave from, and the header. Used by one thread only.
///
/// As many pieces as are in use, and those of one chunk, are kept for later; the others are let go,
/// and a chunk's memory with its last piece. So a flood leaves nothing behind.
final class SessionMemory {
    /// Where the client's `sockaddr` stands in a piece.
    static final long NAME = 0;

    /// Where the address to leave from stands.
    static final long CONTROL = SocketAddress.ROOM;

    /// Where the header stands.
    static final long HEADER = CONTROL + PacketInfo.ROOM;

    private static final int PIECE = 128;
    private static final int PIECES = 512;

    private final Deque<MemorySegment> free = new ArrayDeque<>();
    private int used;

    MemorySegment take() {
        if (free.isEmpty()) {
            MemorySegment chunk = Arena.ofAuto().allocate((long) PIECE * PIECES, 64);
            for (int i = 0; i < PIECES; i++) {
                free.push(chunk.asSlice((long) i * PIECE, PIECE));
            }
        }
        used++;
        return free.pop();
    }

    void give(MemorySegment piece) {
        used--;
        if (free.size() < used + PIECES) {
            free.push(piece);
        }
        while (free.size() > used + PIECES) {
            free.removeLast();
        }
    }

    /// Pieces that are kept for later.
    int kept() {
        return free.size();
    }
}
