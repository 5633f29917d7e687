package io.skerry.edge.name;

import io.skerry.shared.net.HostPort;
import io.skerry.shared.problem.Code;
import io.skerry.shared.process.SettingsReader;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/// How a node resolves the names of origins.
///
/// @param servers `origin.name-servers`: name servers as `host:port`; empty (default): those of
///   `/etc/resolv.conf`
/// @param hosts the file of names, `/etc/hosts`
/// @param lifetimeMin `origin.name-ttl-min`: answers are kept at least so long, 1 s to 60 s,
///   default 1 s
/// @param lifetimeMax `origin.name-ttl-max`: and at most so long, 1 s to 3,600 s, default 300 s
/// @param retry a name without an answer is asked for again after this, 2 s
public record NameSettings(
        List<HostPort> servers,
        Path hosts,
        Duration lifetimeMin,
        Duration lifetimeMax,
        Duration retry) {
    public static final NameSettings DEFAULT =
            new NameSettings(
                    List.of(),
                    HostsFile.SYSTEM,
                    Duration.ofSeconds(1),
                    Duration.ofSeconds(300),
                    Duration.ofSeconds(2));

    public NameSettings {
        servers = List.copyOf(servers);
    }

    public static NameSettings read(SettingsReader settings) {
        List<HostPort> servers = new ArrayList<>();
        for (String text : settings.list("origin.name-servers", "")) {
            HostPort.parse(text)
                    .filter(server -> server.port() > 0)
                    .ifPresentOrElse(
                            servers::add,
                            () ->
                                    settings.mistake(
                                            "origin.name-servers",
                                            Code.BAD_FORMAT,
                                            "'" + text + "' is not like 127.0.0.1:53 or [::1]:53"));
        }
        Duration min =
                settings.duration(
                        "origin.name-ttl-min",
                        DEFAULT.lifetimeMin,
                        Duration.ofSeconds(1),
                        Duration.ofSeconds(60));
        Duration max =
                settings.duration(
                        "origin.name-ttl-max",
                        DEFAULT.lifetimeMax,
                        Duration.ofSeconds(1),
                        Duration.ofSeconds(3600));
        if (min.compareTo(max) > 0) {
            settings.mistake(
                    "origin.name-ttl-min", Code.INCOMPATIBLE, "is longer than origin.name-ttl-max");
        }
        return new NameSettings(servers, DEFAULT.hosts, min, max, DEFAULT.retry);
    }
}
