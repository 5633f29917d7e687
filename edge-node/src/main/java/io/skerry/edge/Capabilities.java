package io.skerry.edge;

import java.util.List;
import java.util.Map;

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
    public static Capabilities detect() {
        return new Capabilities(
                List.of(),
                Map.of(
                        "toa",
                        "this version of Skerry does not write the TCP option yet; use ppv1 or"
                                + " ppv2",
                        "steering",
                        "this version of Skerry opens one socket per port; ports are bounded by the"
                                + " file descriptors of the process"));
    }
}
