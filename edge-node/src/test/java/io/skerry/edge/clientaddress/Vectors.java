package io.skerry.edge.clientaddress;

import io.skerry.shared.net.IpText;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;

/// The byte-exact vectors of `client-address/vectors.json`.
final class Vectors {
    private Vectors() {}

    /// One entry.
    record Vector(String id, String group, String hex, String expect, JsonObject json) {
        byte[] bytes() {
            return HexFormat.of().parseHex(hex);
        }

        InetSocketAddress client() {
            return endpoint(group.equals("spp") ? "client" : "src");
        }

        InetSocketAddress destination() {
            return endpoint(group.equals("spp") ? "proxy" : "dst");
        }

        private InetSocketAddress endpoint(String field) {
            JsonObject input = json.getJsonObject("input");
            return new InetSocketAddress(
                    IpText.parse(input.getString(field)).orElseThrow(),
                    input.getInteger(field + "Port"));
        }

        int headerLength() {
            int payload = json.getString("payload", "").length() / 2;
            return hex.length() / 2 - payload;
        }

        boolean isUdp() {
            JsonObject input = json.getJsonObject("input");
            return input != null && "UDP".equals(input.getString("transport"));
        }

        @Override
        public String toString() {
            return id;
        }
    }

    static List<Vector> of(String... groups) {
        List<String> wanted = List.of(groups);
        return all().stream().filter(v -> wanted.contains(v.group())).toList();
    }

    static Vector byId(String id) {
        return all().stream().filter(v -> v.id().equals(id)).findFirst().orElseThrow();
    }

    static List<Vector> all() {
        try (InputStream in = Vectors.class.getResourceAsStream("/client-address/vectors.json")) {
            if (in == null) {
                throw new IllegalStateException("no vectors");
            }
            String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            return new JsonObject(text)
                    .getJsonArray("vectors").stream()
                            .map(JsonObject.class::cast)
                            .map(v ->
                                    new Vector(
                                            v.getString("id"),
                                            v.getString("group"),
                                            v.getString("hex"),
                                            v.getString("expect"),
                                            v))
                            .toList();
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }
}
