package io.skerry.shared.origin;

import java.util.List;

/// A named set of origins that rules share.
///
/// @param id identity, `og-…`
/// @param name 1 to 200 of `A-Z a-z 0-9 _ -`, unique in the deployment
/// @param origins 1 to 20, at most one domain, no mix of addresses and domains
/// @param healthCheck how nodes check the origins
public record OriginGroup(
        String id, String name, List<WeightedOrigin> origins, HealthCheck healthCheck) {
    public static final int ORIGINS_MAX = 20;

    public OriginGroup {
        origins = List.copyOf(origins);
        if (origins.isEmpty() || origins.size() > ORIGINS_MAX) {
            throw new IllegalArgumentException("origins: " + origins.size());
        }
    }
}
