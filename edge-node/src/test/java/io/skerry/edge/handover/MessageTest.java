package io.skerry.edge.handover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vertx.core.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MessageTest {
    /// What version 2 has on the wire. A change here needs another version.
    private static final Map<Message, String> GOLDEN =
            Map.of(
                    new Message.Hello(2, 4711, "edge-1"),
                    "{\"v\":2,\"say\":\"hello\",\"pid\":4711,\"node\":\"edge-1\"}",
                    new Message.Welcome(4710, "b-1"),
                    "{\"v\":2,\"say\":\"welcome\",\"pid\":4710,\"boot\":\"b-1\"}",
                    new Message.Refused("no"),
                    "{\"v\":2,\"say\":\"refused\",\"why\":\"no\"}",
                    new Message.Begin(),
                    "{\"v\":2,\"say\":\"begin\"}",
                    new Message.Next(),
                    "{\"v\":2,\"say\":\"next\"}",
                    new Message.Pause(),
                    "{\"v\":2,\"say\":\"pause\"}",
                    new Message.Serving(),
                    "{\"v\":2,\"say\":\"serving\"}",
                    new Message.Done(),
                    "{\"v\":2,\"say\":\"done\"}",
                    new Message.Sockets(
                            List.of(
                                    new Message.Item("tcp:[::]:443/1", new JsonObject(), true),
                                    new Message.Item(
                                            "udp:0.0.0.0:53/0",
                                            new JsonObject().put("clientPort", 9),
                                            true),
                                    new Message.Item(
                                            "rule", new JsonObject().put("rule", "r-1"), false)),
                            true),
                    "{\"v\":2,\"say\":\"sockets\",\"sockets\":[{\"name\":\"tcp:[::]:443/1\"},"
                            + "{\"clientPort\":9,\"name\":\"udp:0.0.0.0:53/0\"},"
                            + "{\"rule\":\"r-1\",\"name\":\"rule\",\"open\":false}],\"more\":true}");

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @Test
    void isTheSameBytesInEveryRelease() {
        GOLDEN.forEach((message, text) -> {
            assertThat(new String(message.print(), StandardCharsets.UTF_8)).isEqualTo(text);
            assertThat(Message.read(bytes(text))).isEqualTo(message);
        });
    }

    @Test
    void aNewerFieldIsLeftAlone() {
        assertThat(Message.read(bytes("{\"v\":2,\"say\":\"done\",\"later\":{\"a\":1}}")))
                .isEqualTo(new Message.Done());
    }

    @Test
    void anotherVersionIsReadOnlyAsFarAsItMustBeRefused() {
        assertThat(Message.read(bytes("{\"v\":7,\"say\":\"hello\",\"pid\":1,\"node\":\"n\"}")))
                .isEqualTo(new Message.Hello(7, 1, "n"));
        assertThatThrownBy(() -> Message.read(bytes("{\"v\":7,\"say\":\"serving\"}")))
                .isInstanceOf(Message.Unreadable.class)
                .hasMessageContaining("version 7");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "x",
                "[]",
                "null",
                "{}",
                "{\"v\":2}",
                "{\"say\":\"done\"}",
                "{\"v\":\"1\",\"say\":\"done\"}",
                "{\"v\":-1,\"say\":\"done\"}",
                "{\"v\":2,\"say\":\"obey\"}",
                "{\"v\":2,\"say\":\"hello\",\"pid\":1}",
                "{\"v\":2,\"say\":\"hello\",\"pid\":1,\"node\":\"\"}",
                "{\"v\":2,\"say\":\"hello\",\"pid\":1.5,\"node\":\"n\"}",
                "{\"v\":2,\"say\":\"welcome\",\"pid\":1,\"boot\":7}",
                "{\"v\":2,\"say\":\"sockets\"}",
                "{\"v\":2,\"say\":\"sockets\",\"sockets\":{}}",
                "{\"v\":2,\"say\":\"sockets\",\"sockets\":[7]}",
                "{\"v\":2,\"say\":\"sockets\",\"sockets\":[{}]}",
                "{\"v\":2,\"say\":\"sockets\",\"sockets\":[{\"name\":1}]}",
                "{\"v\":2,\"say\":\"sockets\",\"sockets\":[{\"name\":\"a\",\"open\":1}]}"
            })
    void garbageIsRefused(String text) {
        assertThatThrownBy(() -> Message.read(bytes(text))).isInstanceOf(Message.Unreadable.class);
    }

    @Test
    void noByteMakesItBreakOtherwiseThanByRefusing() {
        Random random = new Random(13);
        for (String text : GOLDEN.values()) {
            for (int i = 0; i < 300; i++) {
                byte[] bytes = bytes(text);
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
                try {
                    Message.read(bytes);
                } catch (Message.Unreadable refused) {
                    assertThat(refused).hasMessageStartingWith("not a message");
                }
            }
        }
    }
}
