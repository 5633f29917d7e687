package io.skerry.edge.bpf;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BOOLEAN;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// Functions of one C library, called by name. The types follow from the arguments: `Integer`,
/// `Long`, `Boolean`, `MemorySegment` for a pointer, `String` for text. For control work; what is
/// called for every connection has a handle of its own ({@link #handle}).
final class C {
    /// The C library itself.
    static final C LIBC = new C(Linker.nativeLinker().defaultLookup());

    private static final StructState STATE = new StructState();
    private static final long TEXT_MAX = 4_096;

    private final SymbolLookup library;
    private final Map<String, MethodHandle> handles = new ConcurrentHashMap<>();

    C(SymbolLookup library) {
        this.library = library;
    }

    /// What errno is read from after a call.
    private static final class StructState {
        private final MemoryLayout layout = Linker.Option.captureStateLayout();
        private final VarHandle errno = layout.varHandle(PathElement.groupElement("errno"));
    }

    /// What a call answered.
    ///
    /// @param value of the function, an `int` or a pointer
    /// @param errno after it
    record Answer(long value, int errno) {}

    /// Calls a function that answers an `int`.
    Answer number(String function, Object... arguments) {
        return call(function, JAVA_INT, arguments);
    }

    /// Calls a function that answers a pointer.
    Answer pointer(String function, Object... arguments) {
        return call(function, JAVA_LONG, arguments);
    }

    private Answer call(String function, MemoryLayout answer, Object... arguments) {
        MethodHandle handle =
                handles.computeIfAbsent(
                        function,
                        name -> {
                            MemoryLayout[] types = new MemoryLayout[arguments.length];
                            for (int i = 0; i < types.length; i++) {
                                types[i] = type(arguments[i]);
                            }
                            return handle(
                                    name,
                                    FunctionDescriptor.of(answer, types),
                                    Linker.Option.captureCallState("errno"));
                        });
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(STATE.layout);
            Object[] all = new Object[arguments.length + 1];
            all[0] = state;
            for (int i = 0; i < arguments.length; i++) {
                all[i + 1] =
                        arguments[i] instanceof String text
                                ? arena.allocateFrom(text)
                                : arguments[i];
            }
            Number value = (Number) handle.invokeWithArguments(all);
            return new Answer(value.longValue(), (int) STATE.errno.get(state, 0L));
        } catch (Throwable impossible) {
            throw new IllegalStateException(function + " could not be called", impossible);
        }
    }

    private static MemoryLayout type(Object argument) {
        return switch (argument) {
            case Integer number -> JAVA_INT;
            case Long number -> JAVA_LONG;
            case Boolean flag -> JAVA_BOOLEAN;
            case MemorySegment pointer -> ADDRESS;
            case String text -> ADDRESS;
            default -> throw new IllegalArgumentException(argument.getClass().getName());
        };
    }

    @SuppressWarnings("restricted") // restricted: this file is where the package calls into C
    MethodHandle handle(String name, FunctionDescriptor type, Linker.Option... options) {
        return Linker.nativeLinker().downcallHandle(library.findOrThrow(name), type, options);
    }

    /// A C text, as far as its first 4 KiB.
    @SuppressWarnings("restricted") // restricted: the C library ends its texts with a zero
    static String text(long pointer) {
        return MemorySegment.ofAddress(pointer).reinterpret(TEXT_MAX).getString(0);
    }

    static String describe(int errno) {
        return text(LIBC.pointer("strerror", errno).value());
    }
}
