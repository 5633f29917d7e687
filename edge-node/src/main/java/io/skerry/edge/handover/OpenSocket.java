package io.skerry.edge.handover;

import io.vertx.core.json.JsonObject;

/// An open socket on its way from one process to the next, or a word about them.
///
/// @param name what it is for, such as `tcp:0.0.0.0:443/0`, the first socket of a listener; the
///   sockets of a listener's sessions go by the name of the socket that their client dialled
/// @param about what else the next process has to know; empty for sockets of listeners
/// @param descriptor its number in this process; {@link #NONE} for a word alone
public record OpenSocket(String name, JsonObject about, int descriptor) {
    /// Longest name, in characters.
    static final int NAME_MAX = 200;

    /// In place of a descriptor.
    private static final int NONE = -1;

    public OpenSocket {
        if (name.isEmpty() || name.length() > NAME_MAX) {
            throw new IllegalArgumentException("a name has 1 to " + NAME_MAX + " characters");
        }
    }

    /// Something that the next process has to know of no single socket.
    public static OpenSocket word(String name, JsonObject about) {
        return new OpenSocket(name, about, NONE);
    }

    /// Whether it is a socket rather than a word.
    public boolean isOpen() {
        return descriptor != NONE;
    }
}
