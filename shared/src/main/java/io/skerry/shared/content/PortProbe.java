package io.skerry.shared.content;

import io.skerry.shared.net.PortRange;
import io.skerry.shared.net.Protocol;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/// Asks a node whether it could open ports, without opening them.
///
/// @param slot the slot on whose addresses
/// @param ipv6 whether on IPv6 too
/// @param ports which
public record PortProbe(int slot, boolean ipv6, List<Ports> ports) {
    /// Ports of one protocol.
    public record Ports(Protocol protocol, PortRange range) {
        public Ports {
            Objects.requireNonNull(protocol, "protocol");
            Objects.requireNonNull(range, "range");
        }

        public JsonObject print() {
            return new JsonObject().put("protocol", protocol.name()).put("range", "" + range);
        }

        static Ports read(JsonObject json) {
            return new Ports(
                    Protocol.valueOf(json.getString("protocol")),
                    PortRange.parse(json.getString("range")).orElseThrow());
        }
    }

    public PortProbe {
        ports = List.copyOf(ports);
    }

    public JsonObject print() {
        JsonArray array = new JsonArray();
        ports.forEach(each -> array.add(each.print()));
        return new JsonObject().put("v", 1).put("slot", slot).put("ipv6", ipv6).put("ports", array);
    }

    /// Reads what {@link #print()} printed; throws a `RuntimeException` where it is something else.
    public static PortProbe read(JsonObject json) {
        List<Ports> ports = new ArrayList<>();
        json.getJsonArray("ports").forEach(each -> ports.add(Ports.read((JsonObject) each)));
        return new PortProbe(json.getInteger("slot"), json.getBoolean("ipv6", false), ports);
    }

    /// What a node answers.
    ///
    /// @param taken ports it could not open now, with the reason as `code: sentence`; at most
    ///   {@link #TAKEN_MAX}
    public record Answer(List<Taken> taken) {
        /// More ports than this are not named.
        public static final int TAKEN_MAX = 100;

        public Answer {
            taken = taken.stream().limit(TAKEN_MAX).toList();
        }

        public JsonObject print() {
            JsonArray array = new JsonArray();
            taken.forEach(each -> array.add(each.print()));
            return new JsonObject().put("v", 1).put("taken", array);
        }

        /// Reads what {@link #print()} printed; throws a `RuntimeException` where it is something
        /// else.
        public static Answer read(JsonObject json) {
            List<Taken> taken = new ArrayList<>();
            json.getJsonArray("taken").forEach(each -> taken.add(Taken.read((JsonObject) each)));
            return new Answer(taken);
        }
    }

    /// A port that a node could not open.
    public record Taken(Protocol protocol, int port, String reason) {
        public JsonObject print() {
            return new JsonObject()
                    .put("protocol", protocol.name())
                    .put("port", port)
                    .put("reason", reason);
        }

        static Taken read(JsonObject json) {
            return new Taken(
                    Protocol.valueOf(json.getString("protocol")),
                    json.getInteger("port"),
                    json.getString("reason"));
        }
    }
}
