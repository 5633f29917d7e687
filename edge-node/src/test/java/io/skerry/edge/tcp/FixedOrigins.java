package io.skerry.edge.tcp;

import io.skerry.edge.origin.Choice;
import io.skerry.edge.origin.Origin;
import io.skerry.edge.origin.OriginPool;
import io.skerry.edge.origin.OriginState;
import java.net.InetAddress;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/// Origins in the order given; counts what it is told.
final class FixedOrigins implements OriginPool {
    final List<Origin> origins = new CopyOnWriteArrayList<>();
    final List<Origin> failed = new CopyOnWriteArrayList<>();
    final AtomicInteger open = new AtomicInteger();

    /// Chosen and not given back.
    final AtomicInteger places = new AtomicInteger();

    final AtomicInteger opened = new AtomicInteger();
    volatile boolean resolving;

    /// Throws so many times.
    final AtomicInteger bugs = new AtomicInteger();

    volatile boolean unresolved;

    FixedOrigins(InetAddress... addresses) {
        for (InetAddress each : addresses) {
            origins.add(new Origin(each, new OriginState()));
        }
    }

    @Override
    public Choice choose(InetAddress client, Set<Origin> tried) {
        if (bugs.get() > 0 && bugs.getAndDecrement() > 0) {
            throw new IllegalStateException("a bug");
        }
        if (resolving) {
            return new Choice.Resolving();
        }
        if (unresolved) {
            return new Choice.Unresolved();
        }
        return origins.stream()
                .filter(each -> !tried.contains(each))
                .findFirst()
                .<Choice>map(this::place)
                .orElseGet(Choice.None::new);
    }

    private Choice place(Origin origin) {
        places.incrementAndGet();
        return new Choice.Chosen(origin);
    }

    @Override
    public void opened(InetAddress client, Origin origin) {
        open.incrementAndGet();
        opened.incrementAndGet();
    }

    @Override
    public void closed(InetAddress client, Origin origin) {
        open.decrementAndGet();
        places.decrementAndGet();
    }

    @Override
    public void failed(Origin origin) {
        failed.add(origin);
        places.decrementAndGet();
    }

    @Override
    public void unused(Origin origin) {
        places.decrementAndGet();
    }

    @Override
    public boolean keeps(Origin origin) {
        return origins.contains(origin);
    }
}
