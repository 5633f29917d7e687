package io.skerry.edge.steering;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.skerry.edge.bpf.BpfException;
import io.skerry.edge.bpf.BpfMap;
import io.skerry.edge.bpf.BpfMapType;
import io.skerry.edge.bpf.BpfObject;
import io.skerry.edge.listener.Front;
import io.skerry.edge.listener.ListenerKey;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// The table that the kernel program reads: which ports are steered. One map at a time within a map
/// of maps. For one thread at a time.
final class KernelTable implements AutoCloseable {
    private final BpfMap outer;
    private final Set<ListenerKey> ports = new HashSet<>();
    private final Set<ListenerKey> fronts;
    private @Nullable BpfMap inner;
    private int room;

    /// @param fronts whose own ports nobody is to reach
    KernelTable(BpfObject object, Collection<Front> fronts) throws BpfException {
        outer = object.map("steer_ports");
        this.fronts =
                fronts.stream()
                        .map(each -> new ListenerKey(each.protocol(), each.address(), each.port()))
                        .collect(Collectors.toSet());
    }

    int size() {
        return ports.size();
    }

    /// Changes the table. Where the kernel refuses, it holds what it held before.
    void change(Collection<ListenerKey> closed, Collection<ListenerKey> opened)
            throws BpfException {
        switch (TableChange.of(ports, room, closed, opened)) {
            case TableChange.None() -> {}
            case TableChange.Singles(List<ListenerKey> added, List<ListenerKey> removed) -> {
                put(added);
                ports.addAll(added);
                remove(removed);
                removed.forEach(ports::remove);
            }
            case TableChange.Whole(Set<ListenerKey> all, int size) -> {
                swap(all, size + fronts.size());
                ports.clear();
                ports.addAll(all);
                room = size;
            }
        }
    }

    private BpfMap inner() {
        BpfMap now = inner;
        if (now == null) {
            throw new IllegalStateException("there is no table yet");
        }
        return now;
    }

    private void put(List<ListenerKey> added) throws BpfException {
        List<ListenerKey> done = new ArrayList<>();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment key = arena.allocate(PortKey.SIZE, Integer.BYTES);
            MemorySegment value = arena.allocateFrom(JAVA_INT, PortVerdict.STEERED.number());
            for (ListenerKey each : added) {
                PortKey.write(key, 0, each);
                inner().put(key, value);
                done.add(each);
            }
        } catch (BpfException refused) {
            try {
                remove(done);
            } catch (BpfException again) {
                refused.addSuppressed(again);
            }
            throw refused;
        }
    }

    private void remove(List<ListenerKey> removed) throws BpfException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment key = arena.allocate(PortKey.SIZE, Integer.BYTES);
            MemorySegment value = arena.allocateFrom(JAVA_INT, PortVerdict.CLOSED.number());
            for (ListenerKey each : removed) {
                PortKey.write(key, 0, each);
                if (fronts.contains(each)) {
                    inner().put(key, value);
                } else {
                    inner().remove(key);
                }
            }
        }
    }

    private void swap(Set<ListenerKey> all, int entries) throws BpfException {
        BpfMap next =
                BpfMap.create(
                        BpfMapType.HASH, "steer_table", PortKey.SIZE, Integer.BYTES, entries, 0);
        try (Arena arena = Arena.ofConfined()) {
            Set<ListenerKey> closed = new HashSet<>(fronts);
            closed.removeAll(all);
            int count = all.size() + closed.size();
            MemorySegment keys = arena.allocate((long) PortKey.SIZE * count, Integer.BYTES);
            MemorySegment values = arena.allocate(JAVA_INT, count);
            int at = 0;
            for (Map.Entry<PortVerdict, Set<ListenerKey>> each :
                    Map.of(PortVerdict.STEERED, all, PortVerdict.CLOSED, closed).entrySet()) {
                for (ListenerKey key : each.getValue()) {
                    PortKey.write(keys, (long) at * PortKey.SIZE, key);
                    values.setAtIndex(JAVA_INT, at++, each.getKey().number());
                }
            }
            if (count > 0) {
                next.putAll(keys, values, count);
            }
            MemorySegment only = arena.allocateFrom(JAVA_INT, 0);
            outer.put(only, arena.allocateFrom(JAVA_INT, next.fd()));
        } catch (BpfException refused) {
            next.close();
            throw refused;
        }
        if (inner != null) {
            inner.close();
        }
        inner = next;
    }

    @Override
    public void close() {
        if (inner != null) {
            inner.close();
        }
    }
}
