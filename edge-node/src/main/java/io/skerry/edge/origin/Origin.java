package io.skerry.edge.origin;

import java.net.InetAddress;

/// One address of an origin, with what this node knows about it. Shared by all rules that use the
/// address; safe for all threads.
///
/// @param address where it is
/// @param state open sessions, failures and health, updated by sessions and checks
public record Origin(InetAddress address, OriginState state) {}
