package io.skerry.edge.udp;

/// What tells the sessions of one event loop apart: client, dialled address and listening port.
/// Mutable, so that looking up a datagram's session allocates nothing.
final class SessionKey {
    long clientHigh;
    long clientLow;
    long clientPort;
    long dialledHigh;
    long dialledLow;
    int port;

    void copy(SessionKey from) {
        clientHigh = from.clientHigh;
        clientLow = from.clientLow;
        clientPort = from.clientPort;
        dialledHigh = from.dialledHigh;
        dialledLow = from.dialledLow;
        port = from.port;
    }

    boolean same(SessionKey other) {
        return clientLow == other.clientLow
                && clientPort == other.clientPort
                && clientHigh == other.clientHigh
                && dialledLow == other.dialledLow
                && dialledHigh == other.dialledHigh
                && port == other.port;
    }

    /// Spreads keys that an attacker chose; `secret` is random and odd.
    int hash(long secret) {
        long hash = secret;
        hash = mix(hash ^ clientLow, secret);
        hash = mix(hash ^ clientHigh, secret);
        hash = mix(hash ^ clientPort ^ (long) port << 48, secret);
        hash = mix(hash ^ dialledLow, secret);
        hash = mix(hash ^ dialledHigh, secret);
        return (int) (hash >>> 32);
    }

    private static long mix(long value, long secret) {
        return Math.multiplyHigh(value, secret) ^ value * 0x9e3779b97f4a7c15L;
    }
}
