package io.skerry.edge.tcp;

/// One of the two ends of a session.
enum Side {
    CLIENT,
    ORIGIN;

    Side other() {
        return switch (this) {
            case CLIENT -> ORIGIN;
            case ORIGIN -> CLIENT;
        };
    }
}
