package io.skerry.shared.process;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// Authorities and certificates made by the script that the documentation gives to people.
final class Certificates {
    private final Path folder;

    private Certificates(Path folder) {
        this.folder = folder;
    }

    /// A new authority in a folder, and certificates for some processes.
    static Certificates make(Path folder, String... processes) {
        return make(folder, Map.of(), processes);
    }

    /// @param environment for the script, such as `DAYS`
    static Certificates make(Path folder, Map<String, String> environment, String... processes) {
        List<String> command = new ArrayList<>();
        command.add(System.getProperty("skerry.root") + "/docs/examples/cluster/certificates");
        command.add(folder.toString());
        command.addAll(List.of(processes));
        try {
            ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
            builder.environment().putAll(environment);
            Process script = builder.start();
            String said =
                    new String(script.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (script.waitFor() != 0) {
                throw new AssertionError("no certificates: " + said);
            }
        } catch (IOException broken) {
            throw new UncheckedIOException(broken);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(interrupted);
        }
        return new Certificates(folder);
    }

    Path file(String name) {
        return folder.resolve(name);
    }

    /// The three settings of a process.
    Map<String, String> settings(String process) {
        return Map.of(
                BusTls.KEY, file(process + ".key").toString(),
                BusTls.CERTIFICATE, file(process + ".pem").toString(),
                BusTls.AUTHORITY, file("ca.pem").toString());
    }

    BusTls tls(String process) {
        return BusTls.read(SettingsReader.of(settings(process))).orElseThrow();
    }
}
