package io.skerry.shared.bus;

import io.vertx.core.json.JsonObject;

/// Something that people who watch the deployment want to see; the payload of `GET /v1/events`.
///
/// @param type `instance-status`, `rule-status`, `rollout`, `wave`, `node` or `revision`
/// @param data the object's identity and what is new, as JSON
public record Event(String type, JsonObject data) {
    public JsonObject print() {
        return new JsonObject().put("type", type).put("data", data);
    }

    public static Event read(JsonObject json) {
        return new Event(json.getString("type"), json.getJsonObject("data"));
    }
}
