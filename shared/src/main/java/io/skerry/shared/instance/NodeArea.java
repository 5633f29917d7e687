package io.skerry.shared.instance;

import java.util.Locale;

/// Where an edge node stands.
public enum NodeArea {
    MAINLAND,
    OVERSEAS,
    /// The single node of `./skerry up`, which serves instances of every area.
    EVERY;

    /// Whether a node here must serve an instance of that area.
    public boolean serves(Area area) {
        return switch (this) {
            case EVERY -> true;
            case MAINLAND -> area != Area.OVERSEAS;
            case OVERSEAS -> area != Area.MAINLAND;
        };
    }

    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    public static NodeArea of(String word) {
        return valueOf(word.toUpperCase(Locale.ROOT));
    }
}
