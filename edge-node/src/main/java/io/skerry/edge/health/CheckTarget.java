package io.skerry.edge.health;

import io.skerry.shared.net.IpText;
import io.skerry.shared.net.Protocol;
import io.skerry.shared.rule.ClientIp;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;

/// What is checked, and how. Equal targets are checked once, however many rules ask.
///
/// @param protocol TCP: a connection is opened and closed; UDP: a datagram is sent and answered
/// @param address where the origin is
/// @param port port that is tried
/// @param header the header the origin expects on that port; `off` for none
/// @param plan how often, and what counts
public record CheckTarget(
        Protocol protocol, InetAddress address, int port, ClientIp header, Plan plan) {
    /// How often a target is checked, and what counts.
    ///
    /// @param interval time from one check to the next, less up to 10 %
    /// @param timeout time to wait for an answer
    /// @param failures failed checks in a row that make it down, at least 1
    /// @param successes good checks in a row that make it up again, at least 1
    /// @param send UDP: payload in hexadecimal; empty: the word `skerry`
    /// @param expect UDP: what an answer must begin with, in hexadecimal
    public record Plan(
            Duration interval,
            Duration timeout,
            int failures,
            int successes,
            String send,
            String expect) {}

    InetSocketAddress socketAddress() {
        return new InetSocketAddress(address, port);
    }

    @Override
    public String toString() {
        String host = IpText.print(address);
        return protocol.word()
                + ":"
                + (host.indexOf(':') < 0 ? host : "[" + host + "]")
                + ":"
                + port;
    }
}
