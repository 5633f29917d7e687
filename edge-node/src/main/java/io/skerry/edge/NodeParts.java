package io.skerry.edge;

import io.skerry.edge.listener.InheritedSockets;
import io.skerry.edge.listener.OwnPorts;
import io.skerry.edge.listener.Steering;
import io.skerry.edge.metrics.RuleCounterRegistry;
import io.skerry.edge.metrics.SessionMetrics;
import io.skerry.edge.origin.OriginPools;
import io.skerry.edge.session.SessionLimits;
import io.skerry.edge.toa.Toa;
import io.skerry.edge.transport.OutgoingPorts;
import io.vertx.core.Context;
import io.vertx.core.Vertx;

/// What the parts of one node share.
///
/// @param vertx runs control work
/// @param control the context that changes are applied on
/// @param settings the node's
/// @param pools chooses origins; a pool per rule
/// @param rules counters by rule
/// @param sessions counters of the node
/// @param limits the node's limit of sessions
/// @param own ports that must not be an origin
/// @param inherited listening sockets of the process that the node takes over from
/// @param steering leads many ports to a few sockets, where it can
/// @param outgoing from which local ports connections of the node may leave
/// @param toa whether the node writes TOA, and what does
/// @param drained to be run when a rule that was closed has lost its last session
public record NodeParts(
        Vertx vertx,
        Context control,
        EdgeSettings settings,
        OriginPools pools,
        RuleCounterRegistry rules,
        SessionMetrics sessions,
        SessionLimits limits,
        OwnPorts own,
        InheritedSockets inherited,
        Steering steering,
        OutgoingPorts outgoing,
        Toa toa,
        Runnable drained) {}
