package io.skerry.edge.udp;

import io.skerry.edge.origin.Choice;
import io.skerry.edge.origin.Origin;
import io.skerry.edge.origin.OriginPool;
import io.skerry.edge.origin.OriginState;
import io.skerry.shared.net.IpText;
import java.net.InetAddress;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/// Chooses what the test says, and counts what it is told.
final class FakeOrigins implements OriginPool {
    final AtomicInteger open = new AtomicInteger();

    /// Chosen and not given back.
    final AtomicInteger places = new AtomicInteger();

    final AtomicInteger failures = new AtomicInteger();
    private final Set<Origin> gone = ConcurrentHashMap.newKeySet();
    private volatile Choice choice;
    volatile boolean broken;

    FakeOrigins(String address) {
        choice = new Choice.Chosen(origin(address));
    }

    static Origin origin(String address) {
        return new Origin(IpText.parse(address).orElseThrow(), new OriginState());
    }

    void answer(Choice other) {
        choice = other;
    }

    /// Sessions leave the present origin for another.
    void replace(String address) {
        if (choice instanceof Choice.Chosen(Origin origin)) {
            choice = new Choice.Chosen(origin(address));
            gone.add(origin);
        }
    }

    @Override
    public Choice choose(InetAddress client, Set<Origin> tried) {
        if (choice instanceof Choice.Chosen) {
            places.incrementAndGet();
        }
        return choice;
    }

    @Override
    public void opened(InetAddress client, Origin origin) {
        open.incrementAndGet();
    }

    @Override
    public void closed(InetAddress client, Origin origin) {
        open.decrementAndGet();
        places.decrementAndGet();
    }

    @Override
    public void failed(Origin origin) {
        failures.incrementAndGet();
        places.decrementAndGet();
    }

    @Override
    public void unused(Origin origin) {
        places.decrementAndGet();
    }

    @Override
    public void refused(Origin origin) {
        failures.incrementAndGet();
    }

    @Override
    public boolean keeps(Origin origin) {
        if (broken) {
            throw new IllegalStateException("a bug");
        }
        return !gone.contains(origin);
    }
}
