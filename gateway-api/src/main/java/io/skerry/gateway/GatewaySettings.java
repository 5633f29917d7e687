package io.skerry.gateway;

import io.skerry.shared.net.HostPort;
import io.skerry.shared.problem.Code;
import io.skerry.shared.process.SettingsReader;

/// What a gateway can be told.
///
/// @param api address of the HTTP API; key `api`, default `127.0.0.1:8080`
/// @param insecure whether the API may listen off loopback although it asks nobody for a key; key
///   `api.insecure`, default `false`
/// @param admin address of health and metrics; key `admin`, default `127.0.0.1:0`
/// @param connectionsMax open connections to the API; key `api.connections-max`, 1 to 100,000,
///   default 1,024; one more is closed at once
/// @param watchersMax open `GET /v1/events` streams; key `api.watchers-max`, 1 to 10,000, default
///   100; one more is answered 503
public record GatewaySettings(
        HostPort api, boolean insecure, HostPort admin, int connectionsMax, int watchersMax) {
    /// Reads the gateway's settings; mistakes stay in the reader until its `finish()`.
    public static GatewaySettings read(SettingsReader settings) {
        HostPort api = settings.hostPort("api", "127.0.0.1:8080");
        boolean insecure = settings.flag("api.insecure", false);
        if (!insecure && !api.address().isLoopbackAddress()) {
            settings.mistake(
                    "api",
                    Code.NOT_ALLOWED,
                    api.host()
                            + " is not a loopback address, and this API asks nobody for a key:"
                            + " whoever reaches it can change every rule. Use 127.0.0.1 or [::1],"
                            + " or set api.insecure=true if the network around it is closed");
        }
        return new GatewaySettings(
                api,
                insecure,
                settings.hostPort("admin", "127.0.0.1:0"),
                settings.integer("api.connections-max", 1_024, 1, 100_000),
                settings.integer("api.watchers-max", 100, 1, 10_000));
    }
}
