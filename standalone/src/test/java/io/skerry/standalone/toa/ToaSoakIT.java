package io.skerry.standalone.toa;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.standalone.fixture.Await;
import io.skerry.standalone.fixture.EchoOrigin;
import io.skerry.standalone.fixture.Metrics;
import io.skerry.standalone.fixture.Namespace;
import io.skerry.standalone.fixture.Ports;
import io.skerry.standalone.fixture.Product;
import io.skerry.standalone.fixture.Rules;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/// Many short connections with TOA leave nothing behind: no storage in the kernel, no descriptor,
/// no memory. For five seconds in the suite; `./skerry soak toa --minutes N` for longer.
final class ToaSoakIT {
    private static final int RATE = 1_000;
    private static final int SLICES = 100;
    private static final int OPEN_MAX = 500;
    private static final Duration SETTLE = Duration.ofSeconds(30);

    @RegisterExtension static final Product product = new Product("--listen", "127.0.0.1");

    private final AtomicLong done = new AtomicLong();
    private final AtomicLong failed = new AtomicLong();

    @BeforeAll
    static void needTheKernel() {
        Namespace.needRoot();
    }

    private static Duration duration() {
        int minutes = Integer.getInteger("skerry.soak.minutes", 0);
        return minutes > 0 ? Duration.ofMinutes(minutes) : Duration.ofSeconds(5);
    }

    @Test
    void manyShortConnectionsLeaveNothingBehind() throws Exception {
        try (EchoOrigin origin = new EchoOrigin()) {
            int port = Ports.free();
            String instance = product.api().createInstance("soak");
            product.api()
                    .serve(
                            instance,
                            Rules.tcp(port, "127.0.0.1", origin.port()).put("clientIp", "toa"));
            run(port, Duration.ofSeconds(2));
            awaitQuiet();
            long descriptors = descriptors();
            long memory = residentKib();
            long before = done.get();
            long begun = System.nanoTime();

            run(port, duration());

            double seconds = (System.nanoTime() - begun) / 1e9;
            awaitQuiet();
            System.out.printf(
                    "toa: %d connections in %.1f s, %.0f a second; descriptors %d -> %d; memory"
                            + " %d -> %d KiB%n",
                    done.get() - before,
                    seconds,
                    (done.get() - before) / seconds,
                    descriptors,
                    descriptors(),
                    memory,
                    residentKib());
            assertThat(failed.get()).isZero();
            assertThat(connections("begun")).isEqualTo((double) done.get());
            assertThat(connections("refused")).isZero();
            assertThat(descriptors()).isLessThanOrEqualTo(descriptors + 20);
            assertThat(residentKib()).isLessThan(memory + 300 * 1024);
        }
    }

    /// Every connection has ended, and the kernel has seen the end of each that carried the option.
    private static void awaitQuiet() {
        Await.until(
                "all connections have ended",
                SETTLE,
                () ->
                        product.metrics().sum("skerry_sessions_open") == 0
                                && connections("begun")
                                        == connections("confirmed") + connections("unconfirmed"),
                () ->
                        connections("begun")
                                + " begun, "
                                + connections("confirmed")
                                + " confirmed, "
                                + connections("unconfirmed")
                                + " unconfirmed");
    }

    private static double connections(String state) {
        Metrics metrics = product.metrics();
        return metrics.sum("skerry_toa_connections_total", "state=\"" + state + "\"");
    }

    /// Opens connections at the rate, as far as the machine goes along.
    private void run(int port, Duration duration) throws InterruptedException {
        Semaphore open = new Semaphore(OPEN_MAX);
        long begun = System.nanoTime();
        try (ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
            for (long slice = 0; slice < duration.toMillis() * SLICES / 1_000; slice++) {
                for (int i = 0; i < RATE / SLICES; i++) {
                    open.acquire();
                    clients.execute(() -> converse(port, open));
                }
                long next = begun + (slice + 1) * TimeUnit.SECONDS.toNanos(1) / SLICES;
                LockSupport.parkNanos(next - System.nanoTime());
            }
        }
    }

    private void converse(int port, Semaphore open) {
        try (Socket socket = new Socket()) {
            socket.setSoTimeout(20_000);
            // A reset at the end: the ports of a minute would not last for a minute.
            socket.setSoLinger(true, 0);
            socket.connect(new InetSocketAddress("127.0.0.1", port), 20_000);
            socket.getOutputStream().write(1);
            if (socket.getInputStream().read() == 1) {
                done.incrementAndGet();
            } else {
                failed.incrementAndGet();
            }
        } catch (IOException broken) {
            failed.incrementAndGet();
        } finally {
            open.release();
        }
    }

    private static long descriptors() {
        try (Stream<Path> all = Files.list(process("fd"))) {
            return all.count();
        } catch (IOException gone) {
            throw new UncheckedIOException(gone);
        }
    }

    private static long residentKib() throws IOException {
        try (Stream<String> lines = Files.lines(process("status"))) {
            return lines.filter(line -> line.startsWith("VmRSS:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                    .findFirst()
                    .orElseThrow();
        }
    }

    private static Path process(String file) {
        return Path.of("/proc", Long.toString(product.skerry().pid()), file);
    }
}
