package io.skerry.edge;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// What this node can do beyond forwarding, and what it cannot, with the reason.
///
/// @param present words such as `toa`, `steering`
/// @param missing words with the reason, for people
public record Capabilities(List<String> present, Map<String, String> missing) {
    private static final String STEERING = "steering";

    public Capabilities {
        present = List.copyOf(present);
        missing = Map.copyOf(missing);
    }

    /// What this version can do on this machine.
    ///
    /// @param noSteering why it cannot steer; empty where it can
    public static Capabilities of(Optional<String> noSteering) {
        Map<String, String> missing = new HashMap<>();
        missing.put(
                "toa",
                "this version of Skerry does not write the TCP option yet; use ppv1 or ppv2");
        noSteering.ifPresent(why -> missing.put(STEERING, why));
        return new Capabilities(noSteering.isEmpty() ? List.of(STEERING) : List.of(), missing);
    }
}
