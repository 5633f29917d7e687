package io.skerry.edge.tcp;

import io.skerry.edge.listener.OwnPorts;
import io.skerry.edge.metrics.SessionMetrics;
import io.skerry.edge.session.SessionLimits;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;

/// What all TCP listeners of a node share.
///
/// @param settings how the node forwards TCP
/// @param headers tells origins who the client is
/// @param beforeConnect looks at sockets towards origins
/// @param limits the node's limit of sessions
/// @param metrics the node's counters
/// @param own ports that must not be an origin
/// @param nanoClock time that only goes forward, in nanoseconds
/// @param acceptPauses how often accepting paused for want of descriptors
record TcpParts(
        TcpSettings settings,
        ClientHeaders headers,
        BeforeConnect beforeConnect,
        SessionLimits limits,
        SessionMetrics metrics,
        OwnPorts own,
        LongSupplier nanoClock,
        LongAdder acceptPauses) {}
