package io.skerry.edge;

import java.util.Optional;

/// Which build runs.
final class Build {
    private Build() {}

    /// The version of the jar; `unpackaged` where classes run without one.
    static String version() {
        return Optional.ofNullable(Build.class.getPackage().getImplementationVersion())
                .orElse("unpackaged");
    }
}
