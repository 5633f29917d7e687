package io.skerry.shared.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.skerry.shared.fixture.Said;
import io.skerry.shared.problem.ProblemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What is said of key, certificate and authority at the start.
final class BusTlsTest {
    private static final String OFF_LOOPBACK = "10.0.0.1:15701";

    @TempDir private Path folder = Path.of("");

    private static ClusterSettings read(Map<String, String> values) {
        SettingsReader reader = SettingsReader.of(values);
        ClusterSettings settings = ClusterSettings.read(reader, true);
        reader.finish();
        return settings;
    }

    private static List<String> said(Map<String, String> values) {
        ProblemException refused = catchThrowableOfType(ProblemException.class, () -> read(values));
        assertThat(refused).as("something must be wrong").isNotNull();
        return Said.by(refused.problem().mistakes());
    }

    private Certificates ours() {
        return Certificates.make(folder.resolve("ours"), "one", "two");
    }

    private static Map<String, String> with(Map<String, String> values, String key, Object value) {
        Map<String, String> changed = new HashMap<>(values);
        changed.put(key, value.toString());
        return changed;
    }

    @Test
    void takesWhatTheScriptMakesAsFilesAndAsText() throws Exception {
        Map<String, String> files = ours().settings("one");
        Map<String, String> texts = new HashMap<>();
        for (Map.Entry<String, String> each : files.entrySet()) {
            texts.put(each.getKey(), Files.readString(Path.of(each.getValue())));
        }
        assertThat(read(files).tls()).isPresent();
        assertThat(read(texts).tls().map(BusTls::certificate).map(Object::toString))
                .hasValue(Objects.requireNonNull(texts.get(BusTls.CERTIFICATE)).strip());
        assertThat(read(Map.of()).tls()).isEmpty();
    }

    @Test
    void offLoopbackTlsIsEnough() {
        Map<String, String> tls = ours().settings("one");
        assertThat(read(with(tls, "cluster-bind", OFF_LOOPBACK)).tls()).isPresent();
        assertThat(said(Map.of("cluster-bind", OFF_LOOPBACK)))
                .containsExactly("cluster-bind FORBIDDEN");
    }

    @Test
    void allThreeAreNeeded() {
        assertThat(said(Map.of(BusTls.AUTHORITY, ours().file("ca.pem").toString())))
                .containsExactlyInAnyOrder("bus-tls.key MISSING", "bus-tls.certificate MISSING");
    }

    @Test
    void everyFileThatCannotBeReadIsNamedAtOnce() throws Exception {
        Path garbage = Files.write(folder.resolve("garbage"), new byte[] {-1, 0, 1, -128});
        assertThat(
                        said(
                                Map.of(
                                        BusTls.KEY,
                                        "/nonexistent/key",
                                        BusTls.CERTIFICATE,
                                        folder.toString(),
                                        BusTls.AUTHORITY,
                                        garbage.toString(),
                                        "cluster-members",
                                        "nowhere")))
                .containsExactlyInAnyOrder(
                        "cluster-members BAD_FORMAT",
                        "bus-tls.key UNREADABLE",
                        "bus-tls.certificate UNREADABLE",
                        "bus-tls.ca BAD_FORMAT");
    }

    @Test
    void whatDoesNotBelongTogetherIsRefused() throws Exception {
        Certificates ours = ours();
        Certificates theirs = Certificates.make(folder.resolve("theirs"), "one");
        Map<String, String> good = ours.settings("one");
        assertThat(said(with(good, BusTls.KEY, ours.file("two.key"))))
                .containsExactly("bus-tls.key INCOMPATIBLE");
        assertThat(said(with(good, BusTls.AUTHORITY, theirs.file("ca.pem"))))
                .containsExactly("bus-tls.certificate INCOMPATIBLE");
        assertThat(said(with(good, BusTls.CERTIFICATE, theirs.file("one.pem"))))
                .containsExactlyInAnyOrder(
                        "bus-tls.key INCOMPATIBLE", "bus-tls.certificate INCOMPATIBLE");
        assertThat(said(with(good, BusTls.AUTHORITY, ours.file("one.pem"))))
                .contains("bus-tls.ca NOT_ALLOWED");
        Path sec1 =
                Files.writeString(
                        folder.resolve("sec1"),
                        "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n");
        assertThat(said(with(good, BusTls.KEY, sec1))).containsExactly("bus-tls.key BAD_FORMAT");
    }

    @Test
    void aCertificateForServersAloneIsRefusedAndOneOutOfDateIsNot() {
        Certificates late = Certificates.make(folder.resolve("late"), Map.of("DAYS", "-1"), "one");
        assertThat(read(late.settings("one")).tls()).isPresent();
        Certificates servers =
                Certificates.make(folder.resolve("servers"), Map.of("USAGE", "serverAuth"), "one");
        assertThat(said(servers.settings("one")))
                .containsExactly("bus-tls.certificate NOT_ALLOWED");
    }
}
