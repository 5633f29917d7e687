package io.skerry.shared.bus;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.shared.content.ContentChange;
import io.skerry.shared.content.Hint;
import io.skerry.shared.content.InstanceContent;
import io.skerry.shared.content.NodeReport;
import io.skerry.shared.content.PortProbe;
import io.skerry.shared.content.PullAnswer;
import io.skerry.shared.content.RuleCounts;
import io.skerry.shared.content.Targets;
import io.skerry.shared.instance.NodeArea;
import io.skerry.shared.net.PortRange;
import io.skerry.shared.net.Protocol;
import io.skerry.shared.origin.OriginGroup;
import io.skerry.shared.origin.OriginGroupJson;
import io.skerry.shared.problem.Code;
import io.skerry.shared.problem.Mistake;
import io.skerry.shared.problem.Problem;
import io.skerry.shared.rule.Rule;
import io.skerry.shared.rule.RuleReader;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The wire forms, fixed in `src/test/resources/bus/v1`: a changed file is a decision about what
/// running peers of the last version understand. `-Dskerry.golden=write` writes them anew.
final class GoldenFilesTest {
    private static final Path FOLDER =
            Path.of(System.getProperty("skerry.root"), "shared/src/test/resources/bus/v1");

    /// A message with its file.
    ///
    /// @param value what the file says
    /// @param json its printed form
    /// @param reader reads the printed form
    record Golden(String file, Object value, JsonObject json, Reader reader) {
        @Override
        public String toString() {
            return file;
        }
    }

    interface Reader {
        Object read(JsonObject json);
    }

    static List<Golden> messages() {
        InstanceContent content = content();
        ContentChange change = ContentChange.between(Optional.empty(), content);
        ContentChange removal =
                ContentChange.between(
                        Optional.of(content),
                        new InstanceContent(
                                content.instance(), 8, true, 1, new TreeMap<>(), new TreeMap<>()));
        NodeReport report = report();
        Targets targets =
                new Targets(
                        9,
                        Map.of(
                                "sid-000000000002", new Targets.Target(9, "ab", true),
                                "sid-000000000001", new Targets.Target(7, "cd")));
        PortProbe probe =
                new PortProbe(
                        1, true, List.of(new PortProbe.Ports(Protocol.UDP, new PortRange(80, 90))));
        PortProbe.Answer free =
                new PortProbe.Answer(
                        List.of(new PortProbe.Taken(Protocol.TCP, 80, "port_in_use: by sshd")));
        PullAnswer whole = new PullAnswer.Whole(content.print(), content.digest());
        PullAnswer steps =
                new PullAnswer.Steps(new JsonArray().add(change.print()).add(removal.print()));
        PullAnswer unchanged = new PullAnswer.Steps(new JsonArray());
        Targets drain = new Targets(9, true, Map.of());
        Event event = new Event("rule-status", new JsonObject().put("rule", "rule-1"));
        return List.of(
                new Golden("content", content, content.print(), j -> okContent(j)),
                new Golden("change", change, change.print(), j -> okChange(j)),
                new Golden("change-removal", removal, removal.print(), j -> okChange(j)),
                new Golden("hint-small", new Hint.Step(change), hint(change, false), Hint::read),
                new Golden("hint-held", new Hint.Ask(), hint(change, true), Hint::read),
                new Golden("hint-large", new Hint.Ask(), hint(large(), false), Hint::read),
                new Golden("hint-targets", new Hint.Ask(), Hint.print(), Hint::read),
                new Golden("pull-snapshot", whole, whole.print(), j -> okPull(j)),
                new Golden("pull-delta", steps, steps.print(), j -> okPull(j)),
                new Golden("pull-unchanged", unchanged, unchanged.print(), j -> okPull(j)),
                new Golden("node-report", report, report.print(), NodeReport::read),
                new Golden("targets", targets, targets.print(), Targets::read),
                new Golden("port-probe", probe, probe.print(), PortProbe::read),
                new Golden("port-probe-answer", free, free.print(), PortProbe.Answer::read),
                new Golden("targets-drain", drain, drain.print(), Targets::read),
                request("request-object", create(new JsonObject().put("name", "a"))),
                request("request-array", create(new JsonArray().add(1))),
                request("request-text", create("tcp:1 a.test 1 off off")),
                request("request-bare", RuleRequest.of(Operation.PING, Map.of(), null)),
                reply("reply-list", RuleReply.ok(new JsonObject().put("total", 0))),
                reply("reply-object", RuleReply.ok(new JsonObject().put("id", "og-1"), 17)),
                reply("reply-created", created()),
                reply("reply-gone", RuleReply.noContent()),
                reply("reply-refused", refused()),
                new Golden("event", event, event.print(), Event::read));
    }

    private static Object okContent(JsonObject json) {
        return InstanceContent.read(json).orThrow();
    }

    private static Object okPull(JsonObject json) {
        return PullAnswer.read(json).orElseThrow();
    }

    private static JsonObject hint(ContentChange step, boolean held) {
        return Hint.print(step, held);
    }

    /// A step with one rule more than travels on the bus.
    private static ContentChange large() {
        InstanceContent content = content();
        Rule rule = Objects.requireNonNull(content.rules().get("rule-1"));
        TreeMap<String, Rule> rules = new TreeMap<>();
        for (int i = 0; i <= ContentChange.BUS_RULES_MAX; i++) {
            rules.put("rule-" + i, new Rule("rule-" + i, rule.spec(), 9));
        }
        return ContentChange.between(
                Optional.of(content),
                new InstanceContent(content.instance(), 9, false, 0, rules, new TreeMap<>()));
    }

    private static Object okChange(JsonObject json) {
        return ContentChange.read(json).orThrow();
    }

    private static Golden request(String file, RuleRequest request) {
        return new Golden(file, request, request.print(), RuleRequest::read);
    }

    private static Golden reply(String file, RuleReply reply) {
        return new Golden(file, reply, reply.print(), RuleReply::read);
    }

    private static RuleRequest create(Object body) {
        return new RuleRequest(
                Operation.CREATE_RULES,
                Map.of("instance", "sid-000000000001", "dryRun", "true"),
                body,
                "key:ops",
                "127.0.0.1",
                "key-1",
                "\"17\"");
    }

    private static RuleReply created() {
        return new RuleReply.Done(201, new JsonObject().put("id", "x"), 18L, "/instances/x");
    }

    private static RuleReply refused() {
        return new RuleReply.Refused(
                new Problem(
                        List.of(
                                new Mistake("ports[1]", Code.PORT_TAKEN, "rule-1 has it"),
                                new Mistake("", Code.INTERNAL, "a bug"))));
    }

    private static NodeReport report() {
        return new NodeReport(
                "edge-1",
                "boot-1",
                NodeArea.OVERSEAS,
                NodeReport.State.DRAINING,
                List.of(List.of("192.0.2.1", "2001:db8::1"), List.of()),
                List.of("canary", "eu-1"),
                List.of("toa", "steering"),
                Map.of("io_uring", "no permission"),
                40_000,
                5_000_000_000L,
                Map.of(
                        "sid-000000000001",
                        new NodeReport.Applied(
                                7,
                                "cd",
                                Map.of("rule-1", "port_taken: sshd has it"),
                                List.of("rule-2"),
                                Map.of("rule-3", new RuleCounts(5_000_000_000L, 7, 1))),
                        "sid-000000000002",
                        new NodeReport.Applied(9, "ab", Map.of(), List.of())));
    }

    private static InstanceContent content() {
        JsonObject single =
                new JsonObject(
                        """
                        {"protocol":"TCP","ports":["80","8000-8010"],"originPort":"80",
                         "origin":{"type":"single","address":"2001:db8::5"},"clientIp":"ppv1"}
                        """);
        JsonObject group =
                new JsonObject(
                        """
                        {"protocol":"UDP","ports":["53"],"originPort":"5353","tag":"\u6f22 😀",
                         "origin":{"type":"group","id":"og-000000000001"},"clientIp":"spp",
                         "sessionPersistence":true,"sessionPersistenceSeconds":30,
                         "idleSeconds":5,"drainSeconds":0,"ppv2Udp":"every",
                         "headerDestination":"origin","maxConnections":9}
                        """);
        JsonObject origins =
                new JsonObject(
                        """
                        {"name":"main","origins":[{"address":"10.0.0.5","weight":100},
                         {"address":"10.0.0.6","weight":0}],
                         "healthCheck":{"type":"udp","port":53}}
                        """);
        TreeMap<String, Rule> rules = new TreeMap<>();
        rules.put("rule-1", new Rule("rule-1", RuleReader.read(single).orThrow(), 3));
        rules.put("rule-2", new Rule("rule-2", RuleReader.read(group).orThrow(), 7));
        TreeMap<String, OriginGroup> groups = new TreeMap<>();
        String id = "og-000000000001";
        groups.put(id, OriginGroupJson.read(id, origins).orThrow());
        return new InstanceContent("sid-000000000001", 7, false, 0, rules, groups);
    }

    @ParameterizedTest
    @MethodSource("messages")
    void printsWhatItsFileSays(Golden golden) throws IOException {
        Path file = FOLDER.resolve(golden.file() + ".json");
        String printed = golden.json().encodePrettily() + "\n";
        if ("write".equals(System.getProperty("skerry.golden"))) {
            Files.createDirectories(FOLDER);
            Files.writeString(file, printed);
        }
        assertThat(printed).isEqualTo(Files.readString(file));
    }

    @ParameterizedTest
    @MethodSource("messages")
    void readsItsFile(Golden golden) throws IOException {
        assertThat(golden.reader().read(stored(golden))).isEqualTo(golden.value());
    }

    @ParameterizedTest
    @MethodSource("messages")
    void ignoresFieldsOfANewerPeer(Golden golden) throws IOException {
        JsonObject newer = stored(golden).put("ofANewerPeer", new JsonObject().put("x", 1));
        assertThat(golden.reader().read(newer)).isEqualTo(golden.value());
    }

    private static JsonObject stored(Golden golden) throws IOException {
        return new JsonObject(Files.readString(FOLDER.resolve(golden.file() + ".json")));
    }
}
