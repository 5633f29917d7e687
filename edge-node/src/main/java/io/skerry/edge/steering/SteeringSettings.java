package io.skerry.edge.steering;

import io.skerry.edge.listener.Steering;
import io.skerry.shared.process.SettingsReader;

/// What an operator may set about steering.
///
/// @param mode `edge.steering`: when ports are steered, default `auto`
/// @param portsMax `edge.steering-ports-max`: ports (address and port, each protocol) that may be
///   steered, 1 to 1,000,000, default 262,144; each takes about 80 bytes of the kernel's memory
public record SteeringSettings(Steering.Mode mode, int portsMax) {
    public static final int PORTS_MAX_MAX = 1_000_000;
    public static final SteeringSettings DEFAULTS =
            new SteeringSettings(Steering.Mode.AUTO, 262_144);

    /// Reads `edge.steering` and `edge.steering-ports-max`.
    public static SteeringSettings read(SettingsReader settings) {
        return new SteeringSettings(
                settings.oneOf("edge.steering", Steering.Mode.class, DEFAULTS.mode),
                settings.integer("edge.steering-ports-max", DEFAULTS.portsMax, 1, PORTS_MAX_MAX));
    }
}
