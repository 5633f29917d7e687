package io.skerry.edge.handover;

import io.vertx.core.json.JsonObject;

/// An open socket on its way from one process to the next.
///
/// @param name what it is for, such as `tcp:0.0.0.0:443/0`, the first socket of a listener; the
///   sockets of a listener's sessions go by the name of the socket that their client dialled
/// @param about what else the next process has to know; empty for listeners
/// @param descriptor its number in this process
public record OpenSocket(String name, JsonObject about, int descriptor) {
    /// Longest name, in characters.
    static final int NAME_MAX = 200;

    public OpenSocket {
        if (name.isEmpty() || name.length() > NAME_MAX) {
            throw new IllegalArgumentException("a name has 1 to " + NAME_MAX + " characters");
        }
    }
}
