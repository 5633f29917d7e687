package io.skerry.edge.tcp;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.reflect.Method;
import java.nio.channels.SocketChannel;

/// Asks Linux how many segments with data a connection has received.
final class Segments {
    private static final int IPPROTO_TCP = 6;
    private static final int TCP_INFO = 11;
    private static final long DATA_SEGS_IN = 152;
    private static final long ROOM = 256;

    private Segments() {}

    @SuppressWarnings("restricted") // getsockopt(TCP_INFO) has no JDK form
    static int received(SocketChannel channel) {
        try (Arena arena = Arena.ofConfined()) {
            Method method = Class.forName("sun.nio.ch.SelChImpl").getMethod("getFDVal");
            method.setAccessible(true);
            int descriptor = (int) method.invoke(channel);
            Linker linker = Linker.nativeLinker();
            MethodHandle getsockopt =
                    linker.downcallHandle(
                            linker.defaultLookup().findOrThrow("getsockopt"),
                            FunctionDescriptor.of(
                                    ValueLayout.JAVA_INT,
                                    ValueLayout.JAVA_INT,
                                    ValueLayout.JAVA_INT,
                                    ValueLayout.JAVA_INT,
                                    ValueLayout.ADDRESS,
                                    ValueLayout.ADDRESS));
            MemorySegment info = arena.allocate(ROOM, 8);
            MemorySegment length = arena.allocateFrom(ValueLayout.JAVA_INT, (int) ROOM);
            int result =
                    (int) getsockopt.invokeExact(descriptor, IPPROTO_TCP, TCP_INFO, info, length);
            if (result != 0 || length.get(ValueLayout.JAVA_INT, 0) <= DATA_SEGS_IN) {
                throw new IllegalStateException("no TCP_INFO");
            }
            return info.get(ValueLayout.JAVA_INT, DATA_SEGS_IN);
        } catch (Throwable failed) {
            throw new IllegalStateException(failed);
        }
    }
}
