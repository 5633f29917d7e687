package io.skerry.edge.listener;

/// One step of a plan.
public sealed interface ListenerChange {
    ListenerKey key();

    /// The port stops accepting; its sessions drain.
    record Close(ListenerKey key, WantedListener was) implements ListenerChange {}

    /// New sessions take another route; the socket and open sessions stay.
    record Reroute(ListenerKey key, WantedListener wanted) implements ListenerChange {}

    /// The port is opened.
    record Open(ListenerKey key, WantedListener wanted) implements ListenerChange {}
}
