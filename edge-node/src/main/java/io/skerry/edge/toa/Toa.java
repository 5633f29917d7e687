package io.skerry.edge.toa;

import io.skerry.edge.bpf.BpfException;
import io.skerry.edge.bpf.Cgroup;
import io.skerry.edge.transport.Transport;
import java.nio.file.Path;
import java.util.Optional;

/// Whether this node writes TOA. Found out by doing it, once, at the start.
public sealed interface Toa {
    /// It does.
    record Ready(ToaWriter writer) implements Toa {}

    /// It does not.
    ///
    /// @param reason for people, with the cure
    record Missing(String reason) implements Toa {}

    /// Attaches, or says why not. Nothing is refused because of it but rules that ask for TOA.
    static Toa start(ToaSettings settings, Transport transport) {
        Optional<String> hindrance = ToaNeeds.hindrance(transport);
        if (hindrance.isPresent()) {
            return new Missing(hindrance.get());
        }
        Optional<Path> cgroup = settings.cgroup().or(Cgroup::ofThisProcess);
        if (cgroup.isEmpty()) {
            return new Missing(
                    "no cgroup v2 of this process is mounted; mount one (mount -t cgroup2 none"
                            + " /sys/fs/cgroup/unified) or name it (toa.cgroup)");
        }
        try {
            return new Ready(ToaWriter.attach(settings.kinds(), cgroup.get()));
        } catch (BpfException refused) {
            return new Missing(ToaNeeds.reason(refused));
        }
    }

    /// Why it is missing; empty where it is there.
    default Optional<String> missing() {
        return switch (this) {
            case Ready ready -> Optional.empty();
            case Missing(String reason) -> Optional.of(reason);
        };
    }

    /// Detaches.
    default void stop() {
        switch (this) {
            case Ready(ToaWriter writer) -> writer.close();
            case Missing missing -> {}
        }
    }
}
