package io.skerry.edge.bpf;

import java.util.Optional;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Assumptions;

/// Whether tests may load programs here. Where not, they are skipped with the reason; with
/// `CI=true` in the environment they fail.
public final class Kernel {
    private Kernel() {}

    /// Skips or fails the test where the kernel would not take a program.
    public static void required() {
        reason().ifPresent(Kernel::missing);
    }

    private static Optional<String> reason() {
        Optional<String> library = LibBpf.unavailability();
        if (library.isPresent()) {
            return library;
        }
        if (!"root".equals(System.getProperty("user.name"))) {
            return Optional.of("loading kernel programs needs root");
        }
        return Optional.empty();
    }

    /// Skips the test; with `CI=true` fails it.
    public static void missing(String sentence) {
        if ("true".equals(System.getenv("CI"))) {
            Assertions.fail(sentence);
        }
        Assumptions.abort(sentence);
    }
}
