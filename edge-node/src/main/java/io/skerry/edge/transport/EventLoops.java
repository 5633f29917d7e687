package io.skerry.edge.transport;

import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.FastThreadLocalThread;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;

/// The event loops of an edge node: a group of their own, on which nothing but bytes is handled.
/// Threads are called `edge-0`, `edge-1` and so on.
public final class EventLoops {
    private final Transport transport;
    private final EventLoopGroup group;
    private final List<EventLoop> all;

    private EventLoops(Transport transport, EventLoopGroup group) {
        this.transport = transport;
        this.group = group;
        List<EventLoop> loops = new ArrayList<>();
        for (EventExecutor each : group) {
            loops.add((EventLoop) each);
        }
        this.all = List.copyOf(loops);
    }

    /// Starts as many loops, each with a thread of its own.
    ///
    /// @param loops 1 to 256; by default the number of cores
    public static EventLoops start(Transport transport, int loops) {
        AtomicInteger next = new AtomicInteger();
        ThreadFactory threads =
                task -> new FastThreadLocalThread(task, "edge-" + next.getAndIncrement());
        return new EventLoops(
                transport, new MultiThreadIoEventLoopGroup(loops, threads, transport.handlers()));
    }

    public Transport transport() {
        return transport;
    }

    public EventLoopGroup group() {
        return group;
    }

    public List<EventLoop> all() {
        return all;
    }
}
