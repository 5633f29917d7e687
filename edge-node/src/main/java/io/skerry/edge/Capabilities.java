package io.skerry.edge;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// What this node can do beyond forwarding, and what it cannot, with the reason.
///
/// @param present words such as `toa`, `steering`
/// @param missing words with the reason, for people
public record Capabilities(List<String> present, Map<String, String> missing) {
    public Capabilities {
        present = List.copyOf(present);
        missing = Map.copyOf(missing);
    }

    /// What this version can do on this machine.
    ///
    /// @param toaMissing why the node cannot write the TOA option; empty where it can
    /// @param steeringMissing why it cannot steer; empty where it can
    public static Capabilities of(Optional<String> toaMissing, Optional<String> steeringMissing) {
        List<String> present = new ArrayList<>();
        Map<String, String> missing = new TreeMap<>();
        toaMissing.ifPresentOrElse(why -> missing.put("toa", why), () -> present.add("toa"));
        steeringMissing.ifPresentOrElse(
                why -> missing.put("steering", why), () -> present.add("steering"));
        return new Capabilities(present, missing);
    }
}
