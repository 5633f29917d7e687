package io.skerry.edge.transport;

import io.netty.channel.ChannelException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.reflect.Method;
import java.net.StandardProtocolFamily;
import java.nio.channels.ServerSocketChannel;
import java.util.Locale;

/// Makes a JDK listening socket exact in its family: the JDK opens IPv6 sockets for both families
/// and has no option to say otherwise. Needs `--add-opens=java.base/sun.nio.ch`; without it the
/// socket is refused rather than opened for IPv4 clients too.
final class NioFamily {
    private static final int IPPROTO_IPV6 = 41;
    private static final int IPV6_V6ONLY_LINUX = 26;
    private static final int IPV6_V6ONLY_BSD = 27;

    private NioFamily() {}

    static ServerSocketChannel openV6Only() {
        ServerSocketChannel server = null;
        try {
            server = ServerSocketChannel.open(StandardProtocolFamily.INET6);
            restrict(descriptor(server));
            return server;
        } catch (IOException | ReflectiveOperationException | RuntimeException failed) {
            close(server, failed);
            throw new ChannelException("no IPv6-only socket: " + failed.getMessage(), failed);
        }
    }

    private static void close(
            @org.jspecify.annotations.Nullable ServerSocketChannel server, Exception failed) {
        if (server != null) {
            try {
                server.close();
            } catch (IOException second) {
                failed.addSuppressed(second);
            }
        }
    }

    private static int descriptor(ServerSocketChannel server) throws ReflectiveOperationException {
        Method method = Class.forName("sun.nio.ch.SelChImpl").getMethod("getFDVal");
        method.setAccessible(true);
        return (int) method.invoke(server);
    }

    @SuppressWarnings("restricted") // setsockopt has no JDK form; its signature stands below
    private static void restrict(int descriptor) throws IOException {
        Linker linker = Linker.nativeLinker();
        MethodHandle setsockopt =
                linker.downcallHandle(
                        linker.defaultLookup().findOrThrow("setsockopt"),
                        FunctionDescriptor.of(
                                ValueLayout.JAVA_INT,
                                ValueLayout.JAVA_INT,
                                ValueLayout.JAVA_INT,
                                ValueLayout.JAVA_INT,
                                ValueLayout.ADDRESS,
                                ValueLayout.JAVA_INT));
        boolean linux =
                System.getProperty("os.name", "").toLowerCase(Locale.ROOT).contains("linux");
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment on = arena.allocateFrom(ValueLayout.JAVA_INT, 1);
            int result =
                    (int)
                            setsockopt.invokeExact(
                                    descriptor,
                                    IPPROTO_IPV6,
                                    linux ? IPV6_V6ONLY_LINUX : IPV6_V6ONLY_BSD,
                                    on,
                                    4);
            if (result != 0) {
                throw new IOException("setsockopt IPV6_V6ONLY failed");
            }
        } catch (IOException | RuntimeException | Error known) {
            throw known;
        } catch (Throwable impossible) {
            throw new IllegalStateException("setsockopt throws nothing", impossible);
        }
    }
}
