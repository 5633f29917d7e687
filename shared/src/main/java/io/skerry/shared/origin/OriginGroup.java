package io.skerry.shared.origin;

import java.util.List;
import java.util.regex.Pattern;

/// A named set of origins that rules share.
///
/// @param id identity, `og-…`
/// @param name 1 to 200 of `A-Z a-z 0-9 _ -`, unique in the deployment
/// @param origins 1 to 20, at most one domain, no mix of addresses and domains
/// @param healthCheck how nodes check the origins
public record OriginGroup(
        String id, String name, List<WeightedOrigin> origins, HealthCheck healthCheck) {
    public static final int ORIGINS_MAX = 20;
    public static final int NAME_MAX = 200;

    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_-]+");

    public OriginGroup {
        origins = List.copyOf(origins);
        if (origins.isEmpty() || origins.size() > ORIGINS_MAX) {
            throw new IllegalArgumentException("origins: " + origins.size());
        }
    }

    /// Whether a text can be the name of a group.
    public static boolean isName(String text) {
        return text.length() <= NAME_MAX && NAME.matcher(text).matches();
    }
}
