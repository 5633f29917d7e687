package io.skerry.edge.toa;

import io.skerry.shared.problem.Code;
import io.skerry.shared.process.SettingsReader;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;

/// How a node writes TOA.
///
/// @param kinds `toa.kind-ipv4` and `toa.kind-ipv6`: 2 to 255 but none that TCP uses, default 200
///   and 253
/// @param cgroup `toa.cgroup`: folder of the cgroup v2 to attach to, this process's or one above;
///   default the one of this process
public record ToaSettings(ToaKinds kinds, Optional<Path> cgroup) {
    public static ToaSettings read(SettingsReader settings) {
        int ipv4 = kind(settings, "toa.kind-ipv4", ToaKinds.DEFAULT.ipv4());
        int ipv6 = kind(settings, "toa.kind-ipv6", ToaKinds.DEFAULT.ipv6());
        return new ToaSettings(new ToaKinds(ipv4, ipv6), cgroup(settings));
    }

    private static int kind(SettingsReader settings, String key, int fallback) {
        int kind = settings.integer(key, fallback, 2, ToaKinds.MAX);
        if (ToaKinds.isFree(kind)) {
            return kind;
        }
        settings.mistake(key, Code.NOT_ALLOWED, "TCP itself uses option " + kind);
        return fallback;
    }

    private static Optional<Path> cgroup(SettingsReader settings) {
        return settings.optional("toa.cgroup")
                .flatMap(text -> {
                    try {
                        return Optional.of(Path.of(text));
                    } catch (InvalidPathException refused) {
                        settings.mistake(
                                "toa.cgroup",
                                Code.BAD_FORMAT,
                                "'" + text + "' is no path of this system");
                        return Optional.empty();
                    }
                });
    }
}
