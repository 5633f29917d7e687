package io.skerry.standalone.postgres;

import java.io.IOException;
import java.nio.file.Path;

/// The embedded PostgreSQL as a process of its own, for `./skerry bench propagation`, whose
/// services are processes too. Prints `ready` and the address with its password; ends when its
/// input does.
public final class DatabaseMain {
    private DatabaseMain() {}

    /// @param args the data folder
    public static void main(String[] args) throws IOException, InterruptedException {
        EmbeddedPostgres postgres = EmbeddedPostgres.start(Path.of(args[0]));
        try {
            System.out.println("ready " + postgres.uri());
            // Nothing is sent: the end of the input is the end of whoever started this.
            System.in.transferTo(System.err);
        } finally {
            postgres.stop();
        }
    }
}
