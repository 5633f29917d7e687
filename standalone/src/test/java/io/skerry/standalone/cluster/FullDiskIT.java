package io.skerry.standalone.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.standalone.fixture.Tool;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// An edge node whose folder has no room left.
@ExtendWith(SharedCluster.class)
final class FullDiskIT {
    private static final int SIZE_KIB = 256;
    private static final String ADDRESS = "127.0.0.15";

    /// It costs the memory of the next start and nothing else, and comes back with the room.
    @Test
    void servesEveryChangeSaysSoAndStoresAgainWhenThereIsRoom(Cluster cluster) throws Exception {
        Tool.root("small file systems");
        Path folder = Files.createDirectories(cluster.folder().resolve("full"));
        run("mount", "-t", "tmpfs", "-o", "size=" + SIZE_KIB + "k", "tmpfs", folder.toString());
        try (WordOrigin origin = new WordOrigin("no room");
                ServiceProcess edge = cluster.edge("full", "edge-full", ADDRESS)) {
            String instance = cluster.door().instance("full-disk");
            edge.start();
            edge.awaitReady();
            awaitServed(cluster, instance, origin);
            Path stored = folder.resolve("contents/" + instance + ".json");
            assertThat(stored).exists();
            String before = Files.readString(stored);

            Path filler = folder.resolve("filler");
            fill(filler);
            awaitServed(cluster, instance, origin);
            Waiting.until(
                    "it says so",
                    Cluster.CONVERGE,
                    () -> edge.said().contains("could not be kept on disk"),
                    edge::said);
            assertThat(Files.readString(stored)).isEqualTo(before);
            assertThat(edge.isReady()).isTrue();

            Files.delete(filler);
            int port = awaitServed(cluster, instance, origin);
            Waiting.until(
                    "it stores again",
                    Cluster.CONVERGE,
                    () -> text(stored).contains("\"" + port + "\""),
                    edge::said);
            edge.kill();
            edge.start();
            edge.awaitReady();
            assertThat(WordOrigin.heard(ADDRESS, port)).contains("no room");
            assertThat(edge.stop()).isZero();
        } finally {
            forget(cluster);
            run("umount", "--lazy", folder.toString());
        }
    }

    /// The other tests know of three nodes.
    private static void forget(Cluster cluster) {
        Waiting.until(
                "the node is forgotten",
                Cluster.CONVERGE,
                () -> cluster.door().call("DELETE", "/v1/nodes/edge-full").status() != 409,
                () -> cluster.door().nodes());
    }

    private static int awaitServed(Cluster cluster, String instance, WordOrigin origin) {
        int port = Cluster.port();
        cluster.door().rule(instance, Door.tcp(port, origin.port()));
        Waiting.until(
                "the node forwards " + port,
                Cluster.CONVERGE,
                () -> WordOrigin.heard(ADDRESS, port).isPresent(),
                () -> cluster.door().nodes());
        return port;
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException changing) {
            return "";
        }
    }

    private static void fill(Path file) throws IOException {
        try (OutputStream out = Files.newOutputStream(file)) {
            byte[] block = new byte[1024];
            for (int i = 0; i <= SIZE_KIB; i++) {
                out.write(block);
            }
        } catch (IOException full) {
            assertThat(full).hasMessageContaining("No space left");
            return;
        }
        throw new AssertionError("more than " + SIZE_KIB + " KiB fit");
    }

    private static void run(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).inheritIO().start();
        assertThat(process.waitFor()).as(String.join(" ", List.of(command))).isZero();
    }
}
