package io.skerry.edge.transport;

/// A socket that may be open in another process too. The system keeps such a socket in the epoll
/// set beyond its being closed here, so it has to be taken out first.
public interface Shareable {
    boolean isShared();
}
