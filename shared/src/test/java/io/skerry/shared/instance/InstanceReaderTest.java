package io.skerry.shared.instance;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.shared.fixture.Said;
import io.skerry.shared.problem.Checked;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class InstanceReaderTest {
    /// The ticks of the manual's table, written out.
    private static final Set<String> MANUAL =
            Set.of(
                    "default overseas fixedIp",
                    "default overseas ipv6",
                    "default mainland ipv6",
                    "default global ipv6",
                    "default overseas crossBorder",
                    "exclusive overseas fixedIp",
                    "exclusive overseas ipv6",
                    "exclusive overseas crossBorder");

    private static JsonObject named(String name) {
        return new JsonObject().put("name", name);
    }

    private static List<String> said(JsonObject body) {
        return Said.by(InstanceReader.read(body, true));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "a",
                "0",
                "a-b",
                "a-b-c9",
                "12345678901234567890123456789012345678901234567890"
            })
    void takesNamesOfTheManual(String name) {
        assertThat(InstanceReader.read(named(name), true))
                .isEqualTo(
                        new Checked.Ok<>(
                                new InstanceSpec(
                                        name,
                                        Area.GLOBAL,
                                        false,
                                        false,
                                        false,
                                        Protection.DEFAULT)));
    }

    @ParameterizedTest
    @CsvSource({
        "'', OUT_OF_RANGE",
        "123456789012345678901234567890123456789012345678901, OUT_OF_RANGE",
        "-a, BAD_FORMAT",
        "a-, BAD_FORMAT",
        "a--b, BAD_FORMAT",
        "-, BAD_FORMAT",
        "A, BAD_FORMAT",
        "a_b, BAD_FORMAT",
        "a b, BAD_FORMAT",
        "é, BAD_FORMAT",
        "'a\n', BAD_FORMAT"
    })
    void refusesOtherNames(String name, String code) {
        assertThat(said(named(name))).containsExactly("name " + code);
    }

    @Test
    void allowsExactlyWhatTheManualsTableAllows() {
        for (Area area : Area.values()) {
            for (Protection protection : Protection.values()) {
                for (int features = 0; features < 8; features++) {
                    check(area, protection, features);
                }
            }
        }
    }

    private static void check(Area area, Protection protection, int features) {
        JsonObject body =
                named("a")
                        .put("area", area.word())
                        .put("protection", protection.word())
                        .put("fixedIp", (features & 1) != 0)
                        .put("ipv6", (features & 2) != 0)
                        .put("crossBorder", (features & 4) != 0);
        String ground = protection.word() + " " + area.word() + " ";
        boolean allowed =
                Integer.bitCount(features) <= 1
                        && ((features & 1) == 0 || MANUAL.contains(ground + "fixedIp"))
                        && ((features & 2) == 0 || MANUAL.contains(ground + "ipv6"))
                        && ((features & 4) == 0 || MANUAL.contains(ground + "crossBorder"));
        List<String> said = said(body);
        assertThat(said.isEmpty()).as(body.encode()).isEqualTo(allowed);
        assertThat(said).allMatch(each -> each.endsWith(" INCOMPATIBLE"));
        assertThat(said).allMatch(each -> body.getBoolean(each.substring(0, each.indexOf(' '))));
        assertThat(InstanceReader.read(body, false).mistakes()).isEmpty();
    }

    @Test
    void saysEverythingThatIsWrongAtOnce() {
        JsonObject body =
                new JsonObject(
                        """
                        {"name":"A","area":"moon","ipv6":"yes","fixedIp":1,"crossBorder":[],
                         "protection":"none","nmae":"x"}
                        """);
        assertThat(said(body))
                .containsExactly(
                        "name BAD_FORMAT",
                        "area NOT_ALLOWED",
                        "ipv6 WRONG_TYPE",
                        "fixedIp WRONG_TYPE",
                        "crossBorder WRONG_TYPE",
                        "protection NOT_ALLOWED",
                        "nmae UNKNOWN_FIELD");
        assertThat(said(new JsonObject())).containsExactly("name MISSING");
        assertThat(said(new JsonObject().put("name", 5))).containsExactly("name WRONG_TYPE");
        assertThat(said(new JsonObject().putNull("name"))).containsExactly("name MISSING");
    }

    @Test
    void patchesTwoFieldsAndNoOther() {
        InstanceSpec spec =
                new InstanceSpec("a", Area.OVERSEAS, false, false, false, Protection.DEFAULT);
        JsonObject both = new JsonObject().put("ipv6", true);
        assertThat(InstanceReader.patch(spec, both, true).orThrow().ipv6()).isTrue();
        assertThat(Said.by(InstanceReader.patch(spec, both.put("crossBorder", true), true)))
                .containsExactly("crossBorder INCOMPATIBLE");
        JsonObject fixed =
                new JsonObject()
                        .put("name", "b")
                        .put("area", "global")
                        .put("fixedIp", true)
                        .put("protection", "exclusive")
                        .put("slot", 1);
        assertThat(Said.by(InstanceReader.patch(spec, fixed, true)))
                .containsExactly(
                        "name NOT_CHANGEABLE",
                        "area NOT_CHANGEABLE",
                        "fixedIp NOT_CHANGEABLE",
                        "protection NOT_CHANGEABLE",
                        "slot UNKNOWN_FIELD");
        assertThat(InstanceReader.patch(spec, new JsonObject(), true).orThrow()).isEqualTo(spec);
    }

    @ParameterizedTest
    @CsvSource({
        "EVERY, true, true, true",
        "MAINLAND, true, true, false",
        "OVERSEAS, true, false, true"
    })
    void servesTheAreasOfANode(NodeArea node, boolean global, boolean mainland, boolean overseas) {
        assertThat(node.serves(Area.GLOBAL)).isEqualTo(global);
        assertThat(node.serves(Area.MAINLAND)).isEqualTo(mainland);
        assertThat(node.serves(Area.OVERSEAS)).isEqualTo(overseas);
        assertThat(NodeArea.of(node.word())).isEqualTo(node);
    }
}
