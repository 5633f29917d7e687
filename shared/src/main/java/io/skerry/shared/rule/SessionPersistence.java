package io.skerry.shared.rule;

/// Whether sessions of one client address stay on one origin.
///
/// @param enabled whether they do
/// @param seconds how long after a client's last session a node keeps it on its origin, 30 to 3600,
///   default 3600; kept and answered also while not enabled
public record SessionPersistence(boolean enabled, int seconds) {
    public static final int SECONDS_MIN = 30;
    public static final int SECONDS_MAX = 3600;
    public static final SessionPersistence OFF = new SessionPersistence(false, SECONDS_MAX);

    public SessionPersistence {
        if (seconds < SECONDS_MIN || seconds > SECONDS_MAX) {
            throw new IllegalArgumentException("persistence seconds: " + seconds);
        }
    }
}
