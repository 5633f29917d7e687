package io.skerry.edge.listener;

import java.io.IOException;
import java.util.BitSet;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/// Leads what comes for many ports to a few sockets, the fronts. Implemented by `steering`.
///
/// Used from one thread at a time; what takes time says so.
public interface Steering extends AutoCloseable {
    /// Ports above which a node steers by itself.
    int ABOVE_PORTS = 1_000;

    /// When ports are steered (`edge.steering`).
    enum Mode {
        /// Above {@link #ABOVE_PORTS} ports, or where descriptors do not suffice otherwise; a port
        /// keeps the way it was opened.
        AUTO,
        /// Always.
        ON,
        /// Never: a socket for each port.
        OFF;

        public String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    Mode mode();

    /// Why ports cannot be steered here, in a sentence; empty where they can.
    Optional<String> missing();

    /// Tells this node from others that steer; the same in a process that takes over from another.
    int node();

    /// Ports it may hold at most.
    int portsMax();

    /// Ports that other programs steer in this network namespace, with who they are, as far as this
    /// process may look. Blocking.
    Map<ListenerKey, String> elsewhere();

    /// Keeps ports from being given out by the system to sockets that ask for any, as far as this
    /// process may; those of an earlier call that are missing here are given back. Blocking.
    ///
    /// @param ports of rules that are or will be steered
    void reserve(BitSet ports);

    /// Steers ports, and steers others no more: all at once where there are many. Blocking.
    ///
    /// @param fronts where to; the same each time
    /// @param closed a port that is also in `opened` stays
    /// @throws IOException where the kernel refuses: then none of `opened` is steered, and those
    ///   `closed` are tried again with the next change
    void change(List<Front> fronts, Collection<ListenerKey> closed, Collection<ListenerKey> opened)
            throws IOException;

    /// Another process steers the ports: steers nothing any more, and leaves what is reserved to
    /// that one. Blocking, for a moment.
    void letGo();

    /// Steers nothing any more and leaves nothing behind. Blocking.
    @Override
    void close();

    /// None at all, where nobody else steers either.
    ///
    /// @param why in a sentence
    static Steering none(Mode mode, String why) {
        return none(mode, why, Map::of);
    }

    /// None at all.
    ///
    /// @param why in a sentence
    /// @param elsewhere ports that others steer all the same, with who they are; blocking
    static Steering none(Mode mode, String why, Supplier<Map<ListenerKey, String>> elsewhere) {
        return new Steering() {
            @Override
            public Mode mode() {
                return mode;
            }

            @Override
            public Optional<String> missing() {
                return Optional.of(why);
            }

            @Override
            public int node() {
                return 0;
            }

            @Override
            public int portsMax() {
                return 0;
            }

            @Override
            public Map<ListenerKey, String> elsewhere() {
                return elsewhere.get();
            }

            @Override
            public void reserve(BitSet ports) {}

            @Override
            public void change(
                    List<Front> fronts,
                    Collection<ListenerKey> closed,
                    Collection<ListenerKey> opened)
                    throws IOException {
                throw new IOException(why);
            }

            @Override
            public void letGo() {}

            @Override
            public void close() {}
        };
    }
}
