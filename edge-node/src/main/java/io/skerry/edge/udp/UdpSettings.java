package io.skerry.edge.udp;

import io.skerry.shared.process.SettingsReader;

/// What an operator may set about UDP.
///
/// @param sessionsPerClient sessions one client address may have per rule and node, 1 to 65,535,
///   default 1,000
/// @param receiveBufferBytes receive buffer of each socket, 65,536 to 67,108,864, default
///   4,194,304; without the right to exceed it, the system's `rmem_max` caps it; the memory is used
///   only while datagrams wait
public record UdpSettings(int sessionsPerClient, int receiveBufferBytes) {
    public static final int SESSIONS_PER_CLIENT_MAX = 65_535;
    public static final int RECEIVE_BUFFER_MIN = 65_536;
    public static final int RECEIVE_BUFFER_MAX = 67_108_864;
    public static final UdpSettings DEFAULTS = new UdpSettings(1_000, 4_194_304);

    public UdpSettings {
        if (sessionsPerClient < 1 || sessionsPerClient > SESSIONS_PER_CLIENT_MAX) {
            throw new IllegalArgumentException("sessions per client: " + sessionsPerClient);
        }
        if (receiveBufferBytes < RECEIVE_BUFFER_MIN || receiveBufferBytes > RECEIVE_BUFFER_MAX) {
            throw new IllegalArgumentException("receive buffer: " + receiveBufferBytes);
        }
    }

    /// Reads `udp.sessions-per-client` and `udp.receive-buffer` (bytes).
    public static UdpSettings read(SettingsReader settings) {
        return new UdpSettings(
                settings.integer(
                        "udp.sessions-per-client",
                        DEFAULTS.sessionsPerClient,
                        1,
                        SESSIONS_PER_CLIENT_MAX),
                settings.integer(
                        "udp.receive-buffer",
                        DEFAULTS.receiveBufferBytes,
                        RECEIVE_BUFFER_MIN,
                        RECEIVE_BUFFER_MAX));
    }
}
