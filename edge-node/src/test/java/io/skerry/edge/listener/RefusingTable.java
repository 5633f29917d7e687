package io.skerry.edge.listener;

import java.io.IOException;
import java.util.BitSet;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Steering of a kernel that has no memory for another table while it is told so; then nothing of a
/// change is in effect.
final class RefusingTable implements Steering {
    private final Steering kernel;
    private volatile boolean refuses;

    RefusingTable(Steering kernel) {
        this.kernel = kernel;
    }

    void refuse(boolean now) {
        refuses = now;
    }

    @Override
    public void change(
            List<Front> fronts, Collection<ListenerKey> closed, Collection<ListenerKey> opened)
            throws IOException {
        if (refuses) {
            throw new IOException("create steer_table: Cannot allocate memory (12)");
        }
        kernel.change(fronts, closed, opened);
    }

    @Override
    public Mode mode() {
        return kernel.mode();
    }

    @Override
    public Optional<String> missing() {
        return kernel.missing();
    }

    @Override
    public int node() {
        return kernel.node();
    }

    @Override
    public int portsMax() {
        return kernel.portsMax();
    }

    @Override
    public Map<ListenerKey, String> elsewhere() {
        return kernel.elsewhere();
    }

    @Override
    public void reserve(BitSet ports) {
        kernel.reserve(ports);
    }

    @Override
    public void letGo() {
        kernel.letGo();
    }

    @Override
    public void close() {
        kernel.close();
    }
}
