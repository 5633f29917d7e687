package io.skerry.edge.listener;

/// A rule of an instance.
///
/// @param instance `sid-…`
/// @param rule `rule-…`
public record RuleKey(String instance, String rule) {}
