package io.skerry.rules.limit;

/// Hears each time a limit turns something away, cuts it off or makes it forgotten.
@FunctionalInterface
public interface LimitHits {
    void hit(Limit limit);
}
