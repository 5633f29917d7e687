package io.skerry.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.standalone.fixture.Api;
import io.skerry.standalone.fixture.Ports;
import io.skerry.standalone.fixture.Product;
import io.skerry.standalone.fixture.Program;
import io.skerry.standalone.fixture.Rules;
import io.skerry.standalone.fixture.Tool;
import io.skerry.standalone.fixture.Workspace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/// OpenSSH, whose server speaks first.
final class OpenSshIT {
    private static final int MEGABYTE = 1 << 20;

    @RegisterExtension static final Product product = new Product("--listen", "127.0.0.1");

    @Test
    void aLoginAndACopyOfHundredMegabytesWork() throws Exception {
        Workspace work = product.work();
        int port = Ports.free();
        Api api = product.api();
        String instance = api.createInstance("ssh");
        api.serve(instance, Rules.tcp(port, "127.0.0.1", startSshd(work)));
        Path sent = randomFile(work.path("sent"));
        Path received = work.path("received");
        Path back = work.path("back");

        Program.Ended login = run(work, "ssh", "-p", port, "127.0.0.1", "echo logged in");
        run(work, "scp", "-P", port, sent.toString(), "127.0.0.1:" + received);
        run(work, "scp", "-P", port, "127.0.0.1:" + received, back.toString());

        assertThat(login.text()).contains("logged in");
        assertThat(Files.mismatch(sent, received)).isEqualTo(-1);
        assertThat(Files.mismatch(sent, back)).isEqualTo(-1);
    }

    private static Path randomFile(Path file) throws IOException {
        byte[] block = new byte[MEGABYTE];
        Random random = new Random(100);
        try (var out = Files.newOutputStream(file)) {
            for (int i = 0; i < 100; i++) {
                random.nextBytes(block);
                out.write(block);
            }
        }
        return file;
    }

    private static Program.Ended run(
            Workspace work, String program, String portOption, int port, String... rest) {
        List<String> command = new ArrayList<>();
        command.add(Tool.path(program, "openssh-client"));
        command.addAll(List.of("-F", "none", "-i", work.path("user_key").toString()));
        command.addAll(List.of("-o", "StrictHostKeyChecking=no", "-o", "LogLevel=ERROR"));
        command.addAll(List.of("-o", "UserKnownHostsFile=/dev/null", "-o", "BatchMode=yes"));
        command.addAll(List.of(portOption, Integer.toString(port)));
        command.addAll(List.of(rest));
        Program.Ended ended =
                work.start(command.toArray(String[]::new)).await(Duration.ofSeconds(60));
        assertThat(ended.status()).as(ended.text()).isZero();
        return ended;
    }

    private static int startSshd(Workspace work) throws IOException {
        String sshd = Tool.path("sshd", "openssh-server");
        String keygen = Tool.path("ssh-keygen", "openssh-client");
        for (String name : List.of("host_key", "user_key")) {
            String file = work.path(name).toString();
            work.start(keygen, "-q", "-t", "ed25519", "-N", "", "-f", file)
                    .await(Duration.ofSeconds(20));
        }
        // sshd insists on this empty folder; its service unit usually makes it.
        if (Files.isWritable(Path.of("/run"))) {
            Files.createDirectories(Path.of("/run/sshd"));
        }
        int port = Ports.free();
        Path config =
                work.write(
                        "sshd_config",
                        """
                        ListenAddress 127.0.0.1:%d
                        HostKey %s
                        AuthorizedKeysFile %s
                        PidFile none
                        StrictModes no
                        UsePAM no
                        PermitRootLogin prohibit-password
                        PasswordAuthentication no
                        Subsystem sftp internal-sftp
                        """
                                .formatted(port, work.path("host_key"), work.path("user_key.pub")));
        work.start(sshd, "-D", "-e", "-f", config.toString())
                .awaitText("Server listening on 127.0.0.1 port " + port);
        return port;
    }
}
