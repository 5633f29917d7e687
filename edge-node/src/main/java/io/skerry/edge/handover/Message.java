package io.skerry.edge.handover;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/// What the two processes of a hot restart say to each other: the new one asks, the running one
/// answers, one message each in turn. JSON with a version and a word; fields that are not known are
/// a newer version's and left alone.
///
/// | the new one | the running one | what it means |
/// | --- | --- | --- |
/// | `hello` | `welcome` | who is there; nothing is touched |
/// | `begin` | `sockets` | changes nothing from now on; its listening sockets, the first of them |
/// | `next` | `sockets` | more of them |
/// | `pause` | `sockets` | reads nothing from now on; the sockets of sessions that go over |
/// | `serving` | `done` | the new one has them; from here on there is no way back |
///
/// In place of any answer: `refused`, with the reason.
public sealed interface Message {
    /// The version of this conversation; another is refused.
    int VERSION = 2;

    /// @param version of the conversation
    /// @param pid of the new process
    /// @param node the name it goes by
    record Hello(int version, long pid, String node) implements Message {}

    /// @param pid of the running process
    /// @param boot the id of its node's life, which the new one carries on
    record Welcome(long pid, String boot) implements Message {}

    record Refused(String why) implements Message {}

    record Begin() implements Message {}

    record Next() implements Message {}

    /// @param items what the descriptors are that come with the message, in their order, and words
    ///   between them
    /// @param more whether others follow
    record Sockets(List<Item> items, boolean more) implements Message {
        public Sockets {
            items = List.copyOf(items);
        }
    }

    record Pause() implements Message {}

    record Serving() implements Message {}

    record Done() implements Message {}

    /// An {@link OpenSocket} without its number, which means nothing elsewhere.
    ///
    /// @param open whether a descriptor comes with it
    record Item(String name, JsonObject about, boolean open) {}

    /// A message that cannot be understood.
    final class Unreadable extends RuntimeException {
        private static final long serialVersionUID = 1;

        Unreadable(String why) {
            super("not a message of a hot restart: " + why);
        }
    }

    default byte[] print() {
        JsonObject json = new JsonObject().put("v", VERSION);
        switch (this) {
            case Hello(int version, long pid, String node) ->
                    json.put("v", version).put("say", "hello").put("pid", pid).put("node", node);
            case Welcome(long pid, String boot) ->
                    json.put("say", "welcome").put("pid", pid).put("boot", boot);
            case Refused(String why) -> json.put("say", "refused").put("why", why);
            case Begin() -> json.put("say", "begin");
            case Next() -> json.put("say", "next");
            case Sockets(List<Item> items, boolean more) -> {
                JsonArray list = new JsonArray();
                for (Item item : items) {
                    JsonObject about = item.about();
                    JsonObject printed = about.copy().put("name", item.name());
                    list.add(item.open() ? printed : printed.put("open", false));
                }
                json.put("say", "sockets").put("sockets", list).put("more", more);
            }
            case Pause() -> json.put("say", "pause");
            case Serving() -> json.put("say", "serving");
            case Done() -> json.put("say", "done");
        }
        return json.encode().getBytes(StandardCharsets.UTF_8);
    }

    /// @throws Unreadable for anything else than what {@link #print} makes, newer fields apart
    static Message read(byte[] bytes) {
        try {
            JsonObject json = new JsonObject(new String(bytes, StandardCharsets.UTF_8));
            int version = whole(json, "v");
            String say = text(json, "say");
            if (version != VERSION && !say.equals("hello") && !say.equals("refused")) {
                throw new Unreadable("version " + version);
            }
            return read(say, version, json);
        } catch (Unreadable known) {
            throw known;
        } catch (RuntimeException wrong) {
            throw new Unreadable(String.valueOf(wrong.getMessage()));
        }
    }

    private static Message read(String say, int version, JsonObject json) {
        return switch (say) {
            case "hello" -> new Hello(version, whole(json, "pid"), text(json, "node"));
            case "welcome" -> new Welcome(whole(json, "pid"), text(json, "boot"));
            case "refused" -> new Refused(text(json, "why"));
            case "begin" -> new Begin();
            case "next" -> new Next();
            case "sockets" -> {
                List<Item> items = new ArrayList<>();
                for (Object each :
                        Objects.requireNonNull(json.getJsonArray("sockets"), "sockets")) {
                    JsonObject item = ((JsonObject) each).copy();
                    String name = text(item, "name");
                    boolean open = item.getBoolean("open", true);
                    item.remove("name");
                    item.remove("open");
                    items.add(new Item(name, item, open));
                }
                yield new Sockets(items, Boolean.TRUE.equals(json.getBoolean("more")));
            }
            case "pause" -> new Pause();
            case "serving" -> new Serving();
            case "done" -> new Done();
            default -> throw new Unreadable("the word '" + say + "'");
        };
    }

    private static int whole(JsonObject json, String field) {
        if (json.getValue(field) instanceof Integer number && number >= 0) {
            return number;
        }
        throw new Unreadable(field + " must be a whole number");
    }

    private static String text(JsonObject json, String field) {
        if (json.getValue(field) instanceof String text && !text.isEmpty()) {
            return text;
        }
        throw new Unreadable(field + " must be a text");
    }
}
