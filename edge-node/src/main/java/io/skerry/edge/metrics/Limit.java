package io.skerry.edge.metrics;

import java.util.function.LongSupplier;

/// A limit of the node as metrics show it.
///
/// @param name its setting, or what it bounds; the label of `skerry_limit`
/// @param value how much is allowed
/// @param hits how often it turned something away
public record Limit(String name, LongSupplier value, LongSupplier hits) {}
