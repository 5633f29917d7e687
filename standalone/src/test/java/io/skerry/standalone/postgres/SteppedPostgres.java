package io.skerry.standalone.postgres;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// The server of an embedded database that was stopped, run again with an environment of its own.
public final class SteppedPostgres implements AutoCloseable {
    private final Process process;

    private SteppedPostgres(Process process) {
        this.process = process;
    }

    /// Same folder, same port, same password. The thread that calls this has to outlive the server.
    ///
    /// @param dataDir what {@link EmbeddedPostgres#start} was given
    /// @param environment what is added to the server's, which is nearly empty
    public static SteppedPostgres start(Path dataDir, int port, Map<String, String> environment)
            throws IOException, InterruptedException {
        DatabaseFolder database = DatabaseFolder.open(dataDir.toRealPath().resolve("postgres"));
        ProcessBuilder server = database.server(port);
        // Only the server itself: what goes before it runs as another user, who shares no clock.
        List<String> command = new ArrayList<>(server.command());
        int program = 0;
        while (!command.get(program).endsWith("/bin/postgres")) {
            program++;
        }
        List<String> added = new ArrayList<>(List.of("env"));
        environment.forEach((key, value) -> added.add(key + "=" + value));
        command.addAll(program, added);
        server.command(command);
        return new SteppedPostgres(server.start());
    }

    @Override
    public void close() {
        try {
            Orphan.end(process.toHandle());
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
