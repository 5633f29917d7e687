package io.skerry.edge.clientaddress;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import io.skerry.edge.clientaddress.Vectors.Vector;
import io.skerry.shared.net.IpText;
import io.skerry.shared.net.Protocol;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The programs of the manual pages, as a user would run them.
@Timeout(120)
class ReceiversTest {
    private static final Path EXAMPLES =
            Path.of(System.getProperty("skerry.root", ".."), "docs/examples/client-address");
    private static final InetSocketAddress CLIENT = endpoint("192.0.2.9", 4711);
    private static final InetSocketAddress DIALLED = endpoint("198.51.100.1", 80);

    @TempDir private Path folder;

    private final List<Process> started = new ArrayList<>();

    enum Language {
        C,
        JAVA,
        PYTHON
    }

    @AfterEach
    void end() throws InterruptedException {
        for (Process process : started) {
            process.destroyForcibly().waitFor();
        }
    }

    @ParameterizedTest
    @EnumSource
    void readsEveryVectorAsWeDo(Language language) throws Exception {
        long seed = Long.getLong("skerry.seed", System.nanoTime());
        System.out.println("seed " + seed);
        Random random = new Random(seed);
        List<String> questions = new ArrayList<>();
        List<String> answers = new ArrayList<>();
        for (Vector vector : Vectors.of("ppv1", "ppv2", "spp", "negative")) {
            if (vector.id().contains("toa") || vector.id().endsWith("frame")) {
                continue;
            }
            ask(vector, vector.bytes(), questions, answers);
            for (int i = 0; i < 20; i++) {
                byte[] bytes = vector.bytes();
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
                if (!vector.id().contains("v1")) {
                    ask(vector, bytes, questions, answers);
                }
            }
            byte[] start = Arrays.copyOf(vector.bytes(), random.nextInt(vector.bytes().length));
            ask(vector, start, questions, answers);
        }
        Process check = start(language, "check");
        Thread.ofVirtual().start(() -> write(check.getOutputStream(), questions));
        BufferedReader out = check.inputReader();
        for (int i = 0; i < questions.size(); i++) {
            assertThat(canonical(out.readLine()))
                    .as("seed %d, %s", seed, questions.get(i))
                    .isEqualTo(answers.get(i));
        }
    }

    @ParameterizedTest
    @EnumSource
    void servesTcpWithBothVersions(Language language) throws Exception {
        Process server = start(language, "tcp", "127.0.0.1", "0");
        BufferedReader log = server.inputReader();
        int port = port(log);
        for (byte[] header :
                List.of(
                        ProxyV1.encode(CLIENT, DIALLED),
                        ProxyV2.encode(Protocol.TCP, CLIENT, DIALLED))) {
            try (Socket socket = new Socket("127.0.0.1", port)) {
                OutputStream out = socket.getOutputStream();
                out.write(header, 0, 9);
                out.flush();
                out.write(header, 9, header.length - 9);
                out.write("hello".getBytes(StandardCharsets.UTF_8));
                assertThat(socket.getInputStream().readNBytes(5))
                        .isEqualTo("hello".getBytes(StandardCharsets.UTF_8));
            }
            assertThat(log.readLine()).isEqualTo("client 192.0.2.9 4711 hello");
        }
        try (Socket socket = new Socket("127.0.0.1", port)) {
            socket.getOutputStream()
                    .write("GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.UTF_8));
            assertThat(endsWithoutAnAnswer(socket)).isTrue();
        }
    }

    @ParameterizedTest
    @EnumSource
    void servesUdpWithTheHeaderFirst(Language language) throws Exception {
        Process server = start(language, "ppv2", "127.0.0.1", "0");
        BufferedReader log = server.inputReader();
        InetSocketAddress port = endpoint("127.0.0.1", port(log));
        byte[] header = ProxyV2.encode(Protocol.UDP, CLIENT, DIALLED);
        try (DatagramSocket socket = socket()) {
            send(socket, port, join(header, "one"));
            assertThat(receive(socket)).isEqualTo(bytes("one"));
            send(socket, port, bytes("two"));
            assertThat(receive(socket)).isEqualTo(bytes("two"));
            send(socket, port, join(ProxyV2.encode(Protocol.TCP, CLIENT, DIALLED), "bad"));
            send(socket, port, join(header, ""));
            assertThat(receive(socket)).isEmpty();
        }
        assertThat(log.readLine()).isEqualTo("client 192.0.2.9 4711 one");
        assertThat(log.readLine()).isEqualTo("client 192.0.2.9 4711 two");
        assertThat(log.readLine()).isEqualTo("client 192.0.2.9 4711 ");
    }

    @ParameterizedTest
    @EnumSource
    void servesUdpWithSpp(Language language) throws Exception {
        Process server = start(language, "spp", "127.0.0.1", "0");
        BufferedReader log = server.inputReader();
        InetSocketAddress port = endpoint("127.0.0.1", port(log));
        byte[] header = Spp.encode(CLIENT, DIALLED);
        try (DatagramSocket socket = socket()) {
            send(socket, port, bytes("bad"));
            send(socket, port, join(header, "one"));
            assertThat(receive(socket)).isEqualTo(join(header, "one"));
        }
        assertThat(log.readLine()).isEqualTo("client 192.0.2.9 4711 one");
    }

    /// The same line with its address in the one text form we compare.
    private static String canonical(String line) {
        String[] words = line.split(" ");
        return words.length == 3
                ? IpText.print(IpText.parse(words[0]).orElseThrow())
                        + line.substring(line.indexOf(' '))
                : line;
    }

    private static void ask(
            Vector vector, byte[] bytes, List<String> questions, List<String> answers) {
        String hex = HexFormat.of().formatHex(bytes);
        var in = Unpooled.wrappedBuffer(bytes);
        if (vector.id().contains("v1")) {
            questions.add("v1 " + hex);
            answers.add(word(ProxyV1.decode(in)));
        } else if (vector.id().contains("spp")) {
            questions.add("spp " + hex);
            answers.add(Spp.decode(in).map(spp -> text(spp.client()) + " 38").orElse("bad"));
        } else {
            questions.add("v2udp " + hex);
            answers.add(word(ProxyV2.decodeDatagram(in)));
            Decoded decoded = ProxyV2.decode(in);
            boolean udp = decoded instanceof Decoded.Proxied p && p.protocol() == Protocol.UDP;
            questions.add("v2 " + hex);
            answers.add(udp ? "bad" : word(decoded));
        }
    }

    private static String word(Decoded decoded) {
        return switch (decoded) {
            case Decoded.Proxied named -> text(named.client()) + " " + named.length();
            case Decoded.Unnamed(int length) -> "unnamed " + length;
            case Decoded.Incomplete() -> "more";
            case Decoded.Malformed(_) -> "bad";
        };
    }

    private static String text(InetSocketAddress endpoint) {
        return IpText.print(endpoint.getAddress()) + " " + endpoint.getPort();
    }

    private Process start(Language language, String... arguments) throws Exception {
        Path java = Path.of(System.getProperty("java.home"), "bin");
        List<String> command =
                switch (language) {
                    case C -> {
                        Path program = folder.resolve("receiver");
                        run("gcc", "-Wall", "-Werror", "-o", program, EXAMPLES + "/receiver.c");
                        yield List.of(program.toString());
                    }
                    case JAVA -> {
                        run(java.resolve("javac"), "-d", folder, EXAMPLES + "/Receiver.java");
                        yield List.of(java.resolve("java") + "", "-cp", folder + "", "Receiver");
                    }
                    case PYTHON -> List.of("python3", EXAMPLES + "/receiver.py");
                };
        List<String> whole = Stream.concat(command.stream(), Stream.of(arguments)).toList();
        Process process =
                new ProcessBuilder(whole).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        started.add(process);
        return process;
    }

    private static void run(Object... command) throws Exception {
        List<String> words = Stream.of(command).map(Object::toString).toList();
        Process process = new ProcessBuilder(words).inheritIO().start();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isZero();
    }

    private static int port(BufferedReader log) throws IOException {
        String line = log.readLine();
        assertThat(line).startsWith("listening ");
        return Integer.parseInt(line.substring(10));
    }

    private static void write(OutputStream to, List<String> lines) {
        try (OutputStream out = to) {
            out.write((String.join("\n", lines) + "\n").getBytes(StandardCharsets.UTF_8));
        } catch (IOException ended) {
            // The answers that are missing say so.
        }
    }

    private static boolean endsWithoutAnAnswer(Socket socket) {
        try {
            return socket.getInputStream().read() < 0;
        } catch (IOException reset) {
            return true;
        }
    }

    private static DatagramSocket socket() throws IOException {
        DatagramSocket socket = new DatagramSocket(endpoint("127.0.0.1", 0));
        socket.setSoTimeout(20_000);
        return socket;
    }

    private static void send(DatagramSocket socket, InetSocketAddress to, byte[] bytes)
            throws IOException {
        socket.send(new DatagramPacket(bytes, bytes.length, to));
    }

    private static byte[] receive(DatagramSocket socket) throws IOException {
        DatagramPacket packet = new DatagramPacket(new byte[2_000], 2_000);
        socket.receive(packet);
        return Arrays.copyOf(packet.getData(), packet.getLength());
    }

    private static byte[] join(byte[] header, String payload) {
        byte[] whole = Arrays.copyOf(header, header.length + payload.length());
        System.arraycopy(bytes(payload), 0, whole, header.length, payload.length());
        return whole;
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static InetSocketAddress endpoint(String ip, int port) {
        return new InetSocketAddress(IpText.parse(ip).orElseThrow(), port);
    }
}
