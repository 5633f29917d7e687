package io.skerry.shared.instance;

import java.util.Locale;

/// Where an instance is served.
public enum Area {
    /// Everywhere.
    GLOBAL,
    /// By nodes in the Chinese mainland.
    MAINLAND,
    /// By nodes elsewhere ("Global (MLC excluded)" in the manual).
    OVERSEAS;

    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    public static Area of(String word) {
        return valueOf(word.toUpperCase(Locale.ROOT));
    }
}
