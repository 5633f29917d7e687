package io.skerry.edge.origin;

import io.skerry.edge.health.CheckTarget;
import io.skerry.shared.net.Protocol;
import io.skerry.shared.origin.HealthCheck;
import io.skerry.shared.origin.OriginGroup;
import io.skerry.shared.rule.ClientIp;
import io.skerry.shared.rule.RuleSpec;
import java.net.InetAddress;
import java.time.Duration;
import java.util.Optional;

/// How the origins of one rule are checked: what its group says, applied to its protocol and port.
///
/// @param protocol what is tried
/// @param port port that is tried
/// @param header the header the origin expects there
/// @param plan how often, and what counts
record CheckPlan(Protocol protocol, int port, ClientIp header, CheckTarget.Plan plan) {
    /// Empty where nothing is to be checked: by the group's word, or because the check would go to
    /// the rule's port by the other protocol, which says nothing about the rule's origin.
    static Optional<CheckPlan> of(RuleSpec spec, OriginGroup group) {
        HealthCheck check = group.healthCheck();
        return switch (check.type()) {
            case NONE -> Optional.empty();
            case TCP -> of(spec, check, Protocol.TCP);
            case UDP -> of(spec, check, Protocol.UDP);
        };
    }

    private static Optional<CheckPlan> of(RuleSpec spec, HealthCheck check, Protocol protocol) {
        boolean same = spec.protocol() == protocol;
        if (check.port().isEmpty() && !same) {
            return Optional.empty();
        }
        int first = spec.originPort().first();
        int port = check.port().orElse(first);
        boolean isOrigin = same && port >= first && port <= spec.originPort().last();
        return Optional.of(
                new CheckPlan(
                        protocol,
                        port,
                        isOrigin ? written(spec.clientIp()) : ClientIp.OFF,
                        new CheckTarget.Plan(
                                Duration.ofSeconds(check.intervalSeconds()),
                                Duration.ofSeconds(check.timeoutSeconds()),
                                check.failures(),
                                check.successes(),
                                check.send(),
                                check.expect())));
    }

    private static ClientIp written(ClientIp mode) {
        return switch (mode) {
            case OFF, TOA -> ClientIp.OFF;
            case PPV1, PPV2, SPP -> mode;
        };
    }

    CheckTarget target(InetAddress address) {
        return new CheckTarget(protocol, address, port, header, plan);
    }
}
