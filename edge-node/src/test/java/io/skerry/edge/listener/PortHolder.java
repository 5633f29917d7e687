package io.skerry.edge.listener;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.DatagramChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;

/// Another program that holds a port until it is closed.
final class PortHolder implements AutoCloseable {
    private final Process process;
    private final int port;

    private PortHolder(Process process, int port) {
        this.process = process;
        this.port = port;
    }

    static PortHolder start(String protocol, String address, boolean sharing) throws IOException {
        Process process =
                new ProcessBuilder(
                                ProcessHandle.current().info().command().orElse("java"),
                                "-Xmx32m",
                                "-cp",
                                System.getProperty("java.class.path"),
                                PortHolder.class.getName(),
                                protocol,
                                address,
                                Boolean.toString(sharing))
                        .redirectError(ProcessBuilder.Redirect.INHERIT)
                        .start();
        BufferedReader out =
                new BufferedReader(
                        new InputStreamReader(process.getInputStream(), StandardCharsets.US_ASCII));
        return new PortHolder(process, Integer.parseInt(out.readLine()));
    }

    int port() {
        return port;
    }

    long pid() {
        return process.pid();
    }

    @Override
    public void close() {
        process.destroyForcibly();
        process.onExit().orTimeout(10, TimeUnit.SECONDS).join();
    }

    /// Holds a free port and prints it.
    public static void main(String[] args) throws Exception {
        InetSocketAddress at = new InetSocketAddress(InetAddress.getByName(args[1]), 0);
        boolean sharing = Boolean.parseBoolean(args[2]);
        if (args[0].equals("tcp")) {
            ServerSocketChannel server = ServerSocketChannel.open();
            server.setOption(StandardSocketOptions.SO_REUSEPORT, sharing);
            server.bind(at);
            System.out.println(server.socket().getLocalPort());
        } else {
            DatagramChannel socket = DatagramChannel.open();
            socket.setOption(StandardSocketOptions.SO_REUSEPORT, sharing);
            socket.bind(at);
            System.out.println(socket.socket().getLocalPort());
        }
        System.out.flush();
        // Ends with the pipe of its parent at the latest.
        if (System.in.read() < 0) {
            return;
        }
    }
}
