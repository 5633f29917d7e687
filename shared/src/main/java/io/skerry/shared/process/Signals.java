package io.skerry.shared.process;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;

/// SIGTERM and SIGINT. The JDK's own class for them is outside its documented API, hence
/// reflection; a shutdown hook would not do, since the exit status would be 143 and a second signal
/// unseen.
final class Signals {
    private Signals() {}

    /// Runs `handler` on each SIGTERM and SIGINT, instead of what the JVM would do.
    static void onTerminate(Runnable handler) {
        try {
            Class<?> signal = Class.forName("sun.misc.Signal");
            Class<?> signalHandler = Class.forName("sun.misc.SignalHandler");
            InvocationHandler run =
                    (proxy, method, args) ->
                            switch (method.getName()) {
                                case "handle" -> {
                                    handler.run();
                                    yield null;
                                }
                                case "equals" ->
                                        args != null
                                                && System.identityHashCode(proxy)
                                                        == System.identityHashCode(args[0]);
                                case "hashCode" -> System.identityHashCode(proxy);
                                default -> "signal handler";
                            };
            Object bridge =
                    Proxy.newProxyInstance(
                            Signals.class.getClassLoader(), new Class<?>[] {signalHandler}, run);
            Method handle = signal.getMethod("handle", signal, signalHandler);
            for (String name : new String[] {"TERM", "INT"}) {
                handle.invoke(null, signal.getConstructor(String.class).newInstance(name), bridge);
            }
        } catch (ReflectiveOperationException absent) {
            throw new IllegalStateException("this JVM has no signal handling", absent);
        }
    }
}
