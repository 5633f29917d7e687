package io.skerry.shared.instance;

import java.util.Locale;

/// The DDoS protection of an instance; kept, with no effect yet.
public enum Protection {
    DEFAULT,
    EXCLUSIVE;

    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    public static Protection of(String word) {
        return valueOf(word.toUpperCase(Locale.ROOT));
    }
}
