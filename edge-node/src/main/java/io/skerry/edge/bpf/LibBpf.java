package io.skerry.edge.bpf;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.skerry.edge.bpf.C.Answer;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The library `libbpf.so.1` and what it says. Functions answer below 0 or no pointer on failure;
/// here that becomes a {@link BpfException} that carries the end of what libbpf wrote meanwhile,
/// the verifier's words included.
public final class LibBpf {
    private static final Logger LOG = LoggerFactory.getLogger(LibBpf.class);

    private static final String FILE = "libbpf.so.1";

    /// libbpf's levels: 0 warning, 1 information, 2 debug.
    private static final int INFORMATION = 1;

    /// Bytes of one message; the verifier's log of a program is one message.
    private static final int MESSAGE_MAX = 1 << 18;

    /// Characters kept of all messages of a call: the end is where the reason stands.
    private static final int SAID_MAX = 3_000;

    private static final ThreadLocal<StringBuilder> said =
            ThreadLocal.withInitial(StringBuilder::new);

    private LibBpf() {}

    /// Loaded at first use, once; where that fails, with the reason.
    private static final class Library {
        static final @Nullable C functions;
        static final String reason;

        static {
            C loaded = null;
            String why = "";
            try {
                loaded = load();
            } catch (
                    IllegalArgumentException
                            missing) { // what libraryLookup throws for no such file
                LOG.debug("no {}", FILE, missing);
                why = FILE + " was not found: install libbpf1 (Debian, Ubuntu) or libbpf (Fedora)";
            }
            functions = loaded;
            reason = why;
        }

        @SuppressWarnings("restricted") // restricted: loading the library is what this is for
        private static C load() {
            C library = new C(SymbolLookup.libraryLookup(FILE, Arena.global()));
            MemorySegment print =
                    Linker.nativeLinker()
                            .upcallStub(
                                    printer(),
                                    FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, ADDRESS),
                                    Arena.global());
            library.pointer("libbpf_set_print", print);
            return library;
        }
    }

    private static MethodHandle printer() {
        try {
            return MethodHandles.lookup()
                    .findStatic(
                            LibBpf.class,
                            "print",
                            MethodType.methodType(
                                    int.class,
                                    int.class,
                                    MemorySegment.class,
                                    MemorySegment.class));
        } catch (NoSuchMethodException | IllegalAccessException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    private static final MethodHandle VSNPRINTF =
            C.LIBC.handle(
                    "vsnprintf",
                    FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG, ADDRESS, ADDRESS));

    /// Called by libbpf, on the thread that called it. A `va_list` is handed on as the pointer it
    /// is passed as, on x86-64 and aarch64 alike.
    @SuppressWarnings("UnusedMethod") // UnusedMethod: libbpf calls it
    private static int print(int level, MemorySegment format, MemorySegment arguments) {
        if (level > INFORMATION) {
            return 0;
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment text = arena.allocate(MESSAGE_MAX);
            int length = (int) VSNPRINTF.invokeExact(text, (long) MESSAGE_MAX, format, arguments);
            StringBuilder all = said.get().append(text.getString(0));
            all.delete(0, Math.max(0, all.length() - SAID_MAX));
            return length;
        } catch (Throwable lost) {
            LOG.debug("a message of libbpf is lost", lost); // nothing may be thrown into C
            return 0;
        }
    }

    /// Why the library cannot be used here; empty where it can.
    public static Optional<String> unavailability() {
        return Library.functions == null ? Optional.of(Library.reason) : Optional.empty();
    }

    private static C functions() throws BpfException {
        C functions = Library.functions;
        if (functions == null) {
            throw BpfException.of(Library.reason, Errno.ENOSYS);
        }
        return functions;
    }

    /// A handle of a function that is called often; only where the library is there.
    static MethodHandle handle(String name, FunctionDescriptor type) {
        C functions = Library.functions;
        if (functions == null) {
            throw new IllegalStateException(Library.reason);
        }
        return functions.handle(name, type);
    }

    /// Calls a function that answers a number.
    ///
    /// @param what is asked for, in words
    /// @return 0 or more
    static int number(String what, String function, Object... arguments) throws BpfException {
        C functions = functions();
        said.get().setLength(0);
        int answer = (int) functions.number(function, arguments).value();
        if (answer < 0) {
            throw BpfException.of(what, -answer, saidNow());
        }
        return answer;
    }

    /// Calls a function that answers a pointer.
    ///
    /// @param what is asked for, in words
    static MemorySegment pointer(String what, String function, Object... arguments)
            throws BpfException {
        C functions = functions();
        said.get().setLength(0);
        Answer answer = functions.pointer(function, arguments);
        if (answer.value() == 0) {
            throw BpfException.of(what, answer.errno(), saidNow());
        }
        return MemorySegment.ofAddress(answer.value());
    }

    /// Calls a function on a map; failure is an answer here, without the words of libbpf.
    ///
    /// @return 0, or the error number
    static int errno(String function, Object... arguments) throws BpfException {
        return -(int) functions().number(function, arguments).value();
    }

    /// Gives something back.
    static void free(String function, MemorySegment thing) {
        C functions = Library.functions;
        if (functions != null) {
            functions.number(function, thing);
        }
    }

    /// How many processors the system may ever have: values of per-processor maps come so many
    /// times.
    public static int processors() throws BpfException {
        return number("count processors", "libbpf_num_possible_cpus");
    }

    private static String saidNow() {
        return said.get().toString().strip().replace("\n", " | ");
    }
}
