package io.skerry.shared.rule;

/// A rule as stored and as nodes run it.
///
/// @param id identity, `rule-…`; never reused
/// @param spec what it says; its origin is resolved
/// @param revision the revision that changed it last
public record Rule(String id, RuleSpec spec, long revision) {}
