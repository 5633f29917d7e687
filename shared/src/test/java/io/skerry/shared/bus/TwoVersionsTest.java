package io.skerry.shared.bus;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.shared.content.ContentChange;
import io.skerry.shared.content.Hint;
import io.skerry.shared.content.InstanceContent;
import io.skerry.shared.content.NodeReport;
import io.skerry.shared.content.PortProbe;
import io.skerry.shared.content.PullAnswer;
import io.skerry.shared.content.Targets;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Peers of two versions side by side: the newer one's fields are ignored wherever they stand, and
/// fields that the older one does not know yet have their defaults.
final class TwoVersionsTest {
    private static final Path FOLDER =
            Path.of(System.getProperty("skerry.root"), "shared/src/test/resources/bus/v1");

    /// @param file golden file of the message
    record Message(String file, Function<JsonObject, Object> reader) {
        @Override
        public String toString() {
            return file;
        }
    }

    static List<Message> messages() {
        return List.of(
                new Message("content", json -> InstanceContent.read(json).orThrow()),
                new Message("change", json -> ContentChange.read(json).orThrow()),
                new Message("change-removal", json -> ContentChange.read(json).orThrow()),
                new Message("hint-small", Hint::read),
                new Message("hint-held", Hint::read),
                new Message("hint-targets", Hint::read),
                new Message("pull-snapshot", json -> contentOf(json)),
                new Message("pull-delta", json -> stepsOf(json)),
                new Message("pull-unchanged", json -> stepsOf(json)),
                new Message("node-report", NodeReport::read),
                new Message("targets", Targets::read),
                new Message("targets-drain", Targets::read),
                new Message("port-probe", PortProbe::read),
                new Message("port-probe-answer", PortProbe.Answer::read),
                new Message("reply-refused", RuleReply::read));
    }

    /// As a node reads it.
    private static Object contentOf(JsonObject json) {
        return PullAnswer.read(json).orElseThrow() instanceof PullAnswer.Whole whole
                ? InstanceContent.read(whole.content()).orThrow()
                : "no content";
    }

    private static Object stepsOf(JsonObject json) {
        return PullAnswer.read(json).orElseThrow() instanceof PullAnswer.Steps(JsonArray changes)
                ? changes.stream()
                        .map(each -> ContentChange.read((JsonObject) each).orThrow())
                        .toList()
                : "no steps";
    }

    private static JsonObject file(String name) throws IOException {
        return new JsonObject(Files.readString(FOLDER.resolve(name + ".json")));
    }

    @ParameterizedTest
    @MethodSource("messages")
    void fieldsOfANewerPeerAreIgnoredWhereverTheyStand(Message message) throws IOException {
        JsonObject newer = file(message.file());
        addEverywhere(newer);
        assertThat(message.reader().apply(newer))
                .isEqualTo(message.reader().apply(file(message.file())));
    }

    /// Objects that are maps, by identity or word, have no fields; all others get one more.
    private static void addEverywhere(JsonObject object) {
        boolean map = object.fieldNames().stream().anyMatch(TwoVersionsTest::isKey);
        object.forEach(each -> {
            if (!List.of("missing", "refused", "counts").contains(each.getKey())) {
                addBelow(each.getValue());
            }
        });
        if (!map && !object.isEmpty()) {
            object.put("ofANewerPeer", new JsonObject().put("x", 1));
        }
    }

    private static boolean isKey(String name) {
        return name.startsWith("sid-");
    }

    private static void addBelow(Object value) {
        if (value instanceof JsonObject inner) {
            addEverywhere(inner);
        } else if (value instanceof JsonArray array) {
            array.forEach(TwoVersionsTest::addBelow);
        }
    }

    @Test
    void aReportOfAnOlderNodeHasNoLabelsAndCountsNothing() {
        NodeReport report =
                NodeReport.read(
                        new JsonObject(
                                """
                                {"v":1,"node":"edge-1","boot":"b","area":"overseas","state":"up",
                                 "slots":[["192.0.2.1"]],"capabilities":["toa"],"missing":{},
                                 "listeners":1,"sessions":2,"instances":{"sid-000000000001":
                                 {"revision":7,"digest":"cd","refused":{},"draining":[]}}}
                                """));
        assertThat(report.labels()).isEmpty();
        assertThat(report.instances())
                .isEqualTo(
                        Map.of(
                                "sid-000000000001",
                                new NodeReport.Applied(7, "cd", Map.of(), List.of())));
    }

    @Test
    void aHintOfAnOlderRuleServiceSaysNothingOfItsSizeAndIsAppliedWhereItHoldsAStep()
            throws IOException {
        JsonObject older = file("hint-small");
        older.remove("small");
        assertThat(Hint.read(older)).isEqualTo(Hint.read(file("hint-small")));
        assertThat(Hint.read(new JsonObject())).isEqualTo(new Hint.Ask());
    }

    @Test
    void aHintThatThisVersionCannotReadMakesANodeAsk() throws IOException {
        JsonObject newer = file("hint-small");
        newer.getJsonArray("rules").getJsonObject(0).put("protocol", "SCTP");
        assertThat(Hint.read(newer)).isEqualTo(new Hint.Ask());
        newer = file("hint-small").put("rules", "by another way");
        assertThat(Hint.read(newer)).isEqualTo(new Hint.Ask());
    }

    @Test
    void aSnapshotOfAnOlderRuleServiceDoesNotSayItsDigest() throws IOException {
        JsonObject older = file("pull-snapshot");
        older.remove("digest");
        PullAnswer read = PullAnswer.read(older).orElseThrow();
        assertThat(read).isEqualTo(new PullAnswer.Whole(older.getJsonObject("content"), null));
        assertThat(read.print()).isEqualTo(older);
    }

    @Test
    void aPullAnsweredInAnotherWayIsNoAnswer() {
        assertThat(PullAnswer.read(new JsonObject().put("v", 2).put("packed", "x"))).isEmpty();
    }

    @Test
    void stepsThatANewerRuleServicePrintsLeadToTheSameContent() throws IOException {
        JsonObject newer = file("pull-delta");
        addEverywhere(newer);
        Optional<InstanceContent> at = Optional.empty();
        for (Object each : (List<?>) stepsOf(newer)) {
            at = ((ContentChange) each).applyTo(at);
            assertThat(at).isPresent();
        }
        assertThat(at.orElseThrow().revision()).isEqualTo(8);
    }

    @Test
    void targetsOfAnOlderRuleServiceAskForNoDrainAndWatchNothing() {
        Targets targets =
                Targets.read(
                        new JsonObject(
                                """
                                {"v":1,"head":9,"instances":{"sid-000000000001":
                                 {"revision":7,"digest":"cd"}}}
                                """));
        assertThat(targets)
                .isEqualTo(
                        new Targets(
                                9,
                                false,
                                Map.of("sid-000000000001", new Targets.Target(7, "cd", false))));
        assertThat(targets.watched()).isEmpty();
    }

    @Test
    void whatDoesNotDrainAndIsNotWatchedIsPrintedAsBefore() {
        Targets targets = new Targets(9, Map.of("sid-1", new Targets.Target(7, "cd")));
        assertThat(targets.print().encode())
                .isEqualTo(
                        "{\"v\":1,\"head\":9,\"instances\":{\"sid-1\":{\"revision\":7,"
                                + "\"digest\":\"cd\"}}}");
        assertThat(new NodeReport.Applied(7, "cd", Map.of(), List.of()).counts()).isNull();
    }

    @Test
    void aFieldThatThisVersionDoesNotKnowIsNoPartOfItsDigest() throws IOException {
        JsonObject newer = file("content");
        addEverywhere(newer);
        InstanceContent read = InstanceContent.read(newer).orThrow();
        assertThat(read.digest())
                .isEqualTo(InstanceContent.read(file("content")).orThrow().digest());
        assertThat(read.print().encode()).doesNotContain("ofANewerPeer");
    }
}
