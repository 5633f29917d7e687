package io.skerry.edge.listener;

import io.skerry.shared.net.Protocol;
import java.net.InetAddress;

/// A socket of one event loop that steered traffic is led to. It is bound to loopback, where nobody
/// reaches it directly.
///
/// @param protocol TCP or UDP
/// @param loop its number among those of its protocol and family, from 0: one for each event loop
///   of the process that opened them
/// @param address where it is bound; its family is that of the clients
/// @param port where it is bound
/// @param fd its descriptor, which stays its owner's
public record Front(Protocol protocol, int loop, InetAddress address, int port, int fd) {}
