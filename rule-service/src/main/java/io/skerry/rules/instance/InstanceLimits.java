package io.skerry.rules.instance;

/// What this deployment allows its instances.
///
/// @param slots number of slots, 1 to 64; slot 0 is shared, the others are for fixed IPs
/// @param quota instances at most, 1 to 10,000
/// @param conflicts whether the manual's area × protection × access table is enforced
/// @param accessDomain suffix of access domains
public record InstanceLimits(int slots, int quota, boolean conflicts, String accessDomain) {}
