package io.skerry.edge.follow;

/// Hears how long applying took.
public interface ApplyWatcher {
    /// @param nanos from the decision to the last rule opened or refused
    void applied(long nanos);
}
