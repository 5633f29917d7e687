package io.skerry.standalone.postgres;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/// The two system calls that Java does not offer: who we are, and signals other than SIGTERM.
final class Posix {
    /// PostgreSQL: roll back what is open, write everything, end.
    static final int SIGINT = 2;

    /// PostgreSQL: end at once; the next start recovers.
    static final int SIGQUIT = 3;

    static final int SIGKILL = 9;

    private static final MethodHandle KILL =
            libc("kill", ValueLayout.JAVA_INT, ValueLayout.JAVA_INT);
    private static final MethodHandle GETEUID = libc("geteuid");

    private Posix() {}

    /// Sends a signal; false when there is no such process or it is not ours to signal.
    static boolean signal(long pid, int signal) {
        if (pid <= 1) {
            throw new IllegalArgumentException("not a process to signal: " + pid);
        }
        return call(KILL, Math.toIntExact(pid), signal) == 0;
    }

    /// The user this process acts as; 0 is root.
    static int effectiveUser() {
        return call(GETEUID);
    }

    @SuppressWarnings("restricted") // Both signatures are those of POSIX; jvm.options allows it.
    private static MethodHandle libc(String name, ValueLayout... parameters) {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(
                linker.defaultLookup().findOrThrow(name),
                FunctionDescriptor.of(ValueLayout.JAVA_INT, parameters));
    }

    private static int call(MethodHandle function, Object... arguments) {
        try {
            return (int) function.invokeWithArguments(arguments);
        } catch (Throwable impossible) {
            throw new IllegalStateException("a C function cannot throw", impossible);
        }
    }
}
