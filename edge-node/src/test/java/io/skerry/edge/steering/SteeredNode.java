package io.skerry.edge.steering;

import io.skerry.edge.bpf.BpfObject;
import io.skerry.edge.listener.DescriptorBudget;
import io.skerry.edge.listener.InheritedSockets;
import io.skerry.edge.listener.ListenerFactories;
import io.skerry.edge.listener.ListenerKey;
import io.skerry.edge.listener.Listeners;
import io.skerry.edge.listener.OwnPorts;
import io.skerry.edge.listener.Refusal;
import io.skerry.edge.listener.RouteSource;
import io.skerry.edge.listener.RuleKey;
import io.skerry.edge.listener.Rules;
import io.skerry.edge.listener.Slot;
import io.skerry.edge.listener.Steering;
import io.skerry.edge.listener.WantedListener;
import io.skerry.edge.metrics.RuleCounters;
import io.skerry.edge.metrics.SessionMetrics;
import io.skerry.edge.origin.Choice;
import io.skerry.edge.origin.Origin;
import io.skerry.edge.origin.OriginPool;
import io.skerry.edge.origin.OriginState;
import io.skerry.edge.session.SessionLimits;
import io.skerry.edge.tcp.TcpListeners;
import io.skerry.edge.tcp.TcpSettings;
import io.skerry.edge.transport.EventLoops;
import io.skerry.edge.transport.OutgoingPorts;
import io.skerry.edge.transport.Transport;
import io.skerry.edge.udp.UdpListeners;
import io.skerry.edge.udp.UdpSettings;
import io.skerry.shared.content.InstanceContent;
import io.skerry.shared.net.IpText;
import io.skerry.shared.net.Protocol;
import io.skerry.shared.rule.ClientIp;
import io.skerry.shared.rule.Rule;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.StandardSocketOptions;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/// A process of a test, in a network namespace of its own: the listeners of a node on two event
/// loops, an echo origin, and clients. Takes a command a line, answers each with a line.
public final class SteeredNode {
    /// In the environment: a file with the program to load in place of the product's.
    static final String PROGRAM = "STEERED_NODE_PROGRAM";

    private static final InetAddress HOME = IpText.parse("127.0.0.1").orElseThrow();

    private final Vertx vertx = Vertx.vertx();
    private final EventLoops loops = EventLoops.start(Transport.EPOLL, 2);
    private final SessionMetrics metrics = new SessionMetrics();
    private final SessionLimits limits = new SessionLimits(1_000_000);
    private final OwnPorts own = new OwnPorts();
    private final OutgoingPorts outgoing = new OutgoingPorts();
    private final ServerSocket tcpOrigin = new ServerSocket();
    private final DatagramSocket udpOrigin = new DatagramSocket(null);
    private final TreeMap<String, Rule> rules = new TreeMap<>();
    private final Map<String, Socket> kept = new TreeMap<>();
    private final Map<String, DatagramSocket> peers = new TreeMap<>();

    /// Ports from which the node has reached the origins.
    private final Set<Integer> callers = ConcurrentHashMap.newKeySet();

    private int drainSeconds;
    private final TcpListeners tcp;
    private final UdpListeners udp;
    private final Steering steering;
    private final Listeners listeners;

    private SteeredNode(Steering.Mode mode, int portsMax, Path folder) throws IOException {
        // Outside the ports that the system gives out, and outside the rules of the tests. Two
        // nodes
        // of a test have the same origin.
        tcpOrigin.setReuseAddress(true);
        tcpOrigin.setOption(StandardSocketOptions.SO_REUSEPORT, true);
        tcpOrigin.bind(new InetSocketAddress(HOME, 10_001), 4_096);
        udpOrigin.setOption(StandardSocketOptions.SO_REUSEPORT, true);
        udpOrigin.bind(new InetSocketAddress(HOME, 10_002));
        tcp =
                new TcpListeners(
                        loops,
                        TcpSettings.DEFAULT,
                        (route, client, dialled, origin) -> null,
                        (fd, route, client) -> {
                            outgoing.keep(fd);
                            return true;
                        },
                        limits,
                        metrics,
                        own,
                        System::nanoTime);
        udp = new UdpListeners(loops.group(), own, limits, metrics, UdpSettings.DEFAULTS, outgoing);
        SteeringSettings settings = new SteeringSettings(mode, portsMax);
        ReservedPorts reserved = new ReservedPorts(folder);
        String program = System.getenv(PROGRAM);
        steering =
                program == null
                        ? KernelSteering.of(settings, reserved, outgoing)
                        : KernelSteering.of(
                                settings,
                                reserved,
                                outgoing,
                                OptionalInt.empty(),
                                () -> BpfObject.open("steer", bytes(Path.of(program))));
        listeners =
                new Listeners(
                        vertx,
                        new ListenerFactories(
                                tcp,
                                udp,
                                List.of(Slot.parse("0.0.0.0+[::]").orElseThrow()),
                                2,
                                DescriptorBudget.ofProcess(1_000, 0),
                                steering,
                                Optional.empty()),
                        new Source(),
                        own,
                        System::nanoTime,
                        new InheritedSockets(List.of()),
                        () -> {});
    }

    private static byte[] bytes(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }

    /// @param args mode, most ports, folder
    public static void main(String[] args) throws Exception {
        SteeredNode node =
                new SteeredNode(
                        Steering.Mode.valueOf(args[0]),
                        Integer.parseInt(args[1]),
                        Path.of(args[2]));
        Thread.ofPlatform().daemon().start(node::echoStreams);
        Thread.ofPlatform().daemon().start(node::echoDatagrams);
        BufferedReader in =
                new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            System.out.println(node.answer(line.split(" ")));
            System.out.flush();
        }
        System.exit(0);
    }

    private String answer(String[] words) {
        try {
            return switch (words[0]) {
                case "missing" -> steering.missing().orElse("nothing");
                case "apply" -> apply();
                case "rule" -> rule(words);
                case "drop" -> "" + (rules.remove(words[1]) != null);
                case "probe" ->
                        probe(words[1], Integer.parseInt(words[2]), Integer.parseInt(words[3]));
                case "refused" -> "" + listeners.refused("sid-1");
                case "full" -> "" + listeners.refusals(Refusal.Code.STEERING_FULL);
                case "ports" -> listeners.steeredPorts() + " steered";
                case "dial" -> dial(Integer.parseInt(words[1]), Integer.parseInt(words[2]));
                case "ask" -> ask(words);
                case "closed" -> closed(words[1], Integer.parseInt(words[2]));
                case "keep" -> keep(words[1], Integer.parseInt(words[2]));
                case "use" -> use(words[1]);
                case "talk" -> talk(words[1], Integer.parseInt(words[2]));
                case "descriptors" -> descriptors();
                case "leave" -> leave(words);
                case "serve" -> serve(words);
                case "drain" -> drain(Integer.parseInt(words[1]));
                case "stop" -> stop();
                default -> "what is " + words[0] + "?";
            };
        } catch (Exception failed) {
            return "failed: " + failed;
        }
    }

    private static String descriptors() throws IOException {
        try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
            return "" + open.count();
        }
    }

    /// rule ID PROTOCOL PORTS...
    private String rule(String[] words) {
        Protocol protocol = Protocol.valueOf(words[2]);
        int origin = protocol == Protocol.TCP ? tcpOrigin.getLocalPort() : udpOrigin.getLocalPort();
        String[] ports = java.util.Arrays.copyOfRange(words, 3, words.length);
        Rule rule = Rules.rule(words[1], rules.size() + 1, protocol, origin, ClientIp.OFF, ports);
        rules.put(words[1], Rules.draining(rule, drainSeconds));
        return "noted";
    }

    /// Rules noted from now on drain so long.
    private String drain(int seconds) {
        drainSeconds = seconds;
        return "noted";
    }

    private String apply() throws Exception {
        InstanceContent content = Rules.content(0, true, rules.values().toArray(Rule[]::new));
        long began = System.nanoTime();
        await(listeners.apply(List.of(content)));
        return "" + TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - began);
    }

    /// How many of the ports could not be opened, and why the first of them could not.
    private String probe(String protocol, int first, int last) throws Exception {
        List<ListenerKey> keys = new ArrayList<>();
        for (int port = first; port <= last; port++) {
            InetAddress everywhere = IpText.parse("0.0.0.0").orElseThrow();
            keys.add(new ListenerKey(Protocol.valueOf(protocol), everywhere, port));
        }
        Map<ListenerKey, Refusal> refusals = await(listeners.probe(keys));
        return refusals.size()
                + keys.stream()
                        .filter(refusals::containsKey)
                        .findFirst()
                        .map(key -> " " + refusals.get(key))
                        .orElse("");
    }

    private String dial(int first, int last) {
        int good = 0;
        String failure = "";
        for (int port = first; port <= last; port++) {
            InetAddress address =
                    IpText.parse(port % 7 == 0 ? "[::1]" : "127.0.0." + (1 + port % 200))
                            .orElseThrow();
            try (Socket socket = new Socket()) {
                socket.setSoTimeout(10_000);
                socket.connect(new InetSocketAddress(address, port), 10_000);
                socket.setSoLinger(true, 0);
                socket.getOutputStream().write(port & 0xff);
                good += socket.getInputStream().read() == (port & 0xff) ? 1 : 0;
            } catch (IOException failed) {
                failure = " " + port + ": " + failed.getMessage();
            }
        }
        return good + failure;
    }

    /// ask FIRST LAST STEP: a datagram to each port; an answer from elsewhere never arrives, for
    /// the sockets are connected.
    private String ask(String[] words) throws IOException {
        int good = 0;
        int step = Integer.parseInt(words[3]);
        for (int port = Integer.parseInt(words[1]);
                port <= Integer.parseInt(words[2]);
                port += step) {
            InetAddress address =
                    IpText.parse(port % 7 == 0 ? "[::1]" : "127.0.0." + (1 + port % 200))
                            .orElseThrow();
            try (DatagramSocket socket = new DatagramSocket()) {
                socket.connect(new InetSocketAddress(address, port));
                good += echoes(socket) ? 1 : 0;
            }
        }
        return "" + good;
    }

    private static boolean echoes(DatagramSocket socket) throws IOException {
        socket.setSoTimeout(5_000);
        byte[] bytes = {1, 2, 3};
        socket.send(new DatagramPacket(bytes, bytes.length));
        DatagramPacket back = new DatagramPacket(new byte[16], 16);
        socket.receive(back);
        return back.getLength() == bytes.length;
    }

    private static String closed(String protocol, int port) throws IOException {
        InetSocketAddress at = new InetSocketAddress(HOME, port);
        if (protocol.equals("TCP")) {
            try (Socket socket = new Socket()) {
                socket.connect(at, 5_000);
                // The system may give the very port that is dialled, and a socket meets itself.
                return socket.getLocalPort() == port ? "closed" : "open";
            } catch (java.net.ConnectException refused) {
                return "closed";
            }
        }
        try (DatagramSocket socket = new DatagramSocket()) {
            socket.connect(at);
            return "" + echoes(socket);
        } catch (java.net.PortUnreachableException refused) {
            return "closed";
        } catch (java.net.SocketTimeoutException silent) {
            return "silent";
        }
    }

    private String keep(String name, int port) throws IOException {
        Socket socket = new Socket(HOME, port);
        socket.setSoTimeout(10_000);
        kept.put(name, socket);
        return use(name);
    }

    private String use(String name) throws IOException {
        Socket socket = kept.get(name);
        if (socket != null) {
            socket.getOutputStream().write('x');
            return socket.getInputStream().read() == 'x' ? "alive" : "over";
        }
        DatagramSocket peer = peers.get(name);
        return peer != null && echoes(peer) ? "alive" : "over";
    }

    private String talk(String name, int port) throws IOException {
        DatagramSocket socket = new DatagramSocket();
        socket.connect(new InetSocketAddress(HOME, port));
        peers.put(name, socket);
        return use(name);
    }

    /// leave COUNT FIRST LAST: how many of so many sockets that ask for any port get one of these.
    private String leave(String[] words) throws IOException {
        int first = Integer.parseInt(words[2]);
        int last = Integer.parseInt(words[3]);
        int within = 0;
        for (int i = 0; i < Integer.parseInt(words[1]); i++) {
            try (DatagramSocket socket = new DatagramSocket(0, HOME)) {
                int port = socket.getLocalPort();
                within += first <= port && port <= last ? 1 : 0;
            }
        }
        return "" + within;
    }

    /// serve PROTOCOL COUNT PORT FIRST LAST: so many sessions, one after the other, and how many of
    /// the ports that they reached the origin from are among these.
    private String serve(String[] words) throws IOException {
        callers.clear();
        int count = Integer.parseInt(words[2]);
        int port = Integer.parseInt(words[3]);
        int good = 0;
        for (int i = 0; i < count; i++) {
            good += words[1].equals("TCP") ? dialOnce(port) : askOnce(port);
        }
        int first = Integer.parseInt(words[4]);
        int last = Integer.parseInt(words[5]);
        long within = callers.stream().filter(each -> first <= each && each <= last).count();
        return good + " served, from rule ports " + within;
    }

    /// Ends with a reset, as then does the connection to the origin: none keeps its port a while.
    private static int dialOnce(int port) throws IOException {
        try (Socket socket = new Socket(HOME, port)) {
            socket.setSoTimeout(10_000);
            socket.setSoLinger(true, 0);
            socket.getOutputStream().write('x');
            return socket.getInputStream().read() == 'x' ? 1 : 0;
        }
    }

    private static int askOnce(int port) throws IOException {
        try (DatagramSocket socket = new DatagramSocket()) {
            socket.connect(new InetSocketAddress(HOME, port));
            return echoes(socket) ? 1 : 0;
        }
    }

    private String stop() throws Exception {
        await(listeners.stop(Duration.ZERO, Future.succeededFuture()));
        tcp.close();
        udp.close();
        return "stopped";
    }

    private void echoStreams() {
        while (!tcpOrigin.isClosed()) {
            try {
                Socket socket = tcpOrigin.accept();
                callers.add(socket.getPort());
                Thread.ofVirtual().start(() -> echo(socket));
            } catch (IOException closed) {
                return;
            }
        }
    }

    private static void echo(Socket socket) {
        try (socket) {
            socket.getInputStream().transferTo(socket.getOutputStream());
        } catch (IOException over) {
            // The client has gone.
        }
    }

    private void echoDatagrams() {
        DatagramPacket packet = new DatagramPacket(new byte[2_000], 2_000);
        while (!udpOrigin.isClosed()) {
            try {
                packet.setLength(2_000);
                udpOrigin.receive(packet);
                callers.add(packet.getPort());
                udpOrigin.send(packet);
            } catch (IOException closed) {
                return;
            }
        }
    }

    private static <T> T await(Future<T> future) throws Exception {
        return future.toCompletionStage().toCompletableFuture().get(60, TimeUnit.SECONDS);
    }

    private static final class Source implements RouteSource {
        private final Map<RuleKey, RuleCounters> counters = new ConcurrentHashMap<>();

        @Override
        public OriginPool origins(WantedListener wanted) {
            Origin origin = new Origin(HOME, new OriginState());
            return new OriginPool() {
                @Override
                public Choice choose(InetAddress client, Set<Origin> tried) {
                    return tried.isEmpty() ? new Choice.Chosen(origin) : new Choice.None();
                }

                @Override
                public void opened(InetAddress client, Origin chosen) {}

                @Override
                public void closed(InetAddress client, Origin chosen) {}

                @Override
                public void failed(Origin failed) {}

                @Override
                public boolean keeps(Origin kept) {
                    return true;
                }
            };
        }

        @Override
        public RuleCounters counters(RuleKey rule) {
            return counters.computeIfAbsent(rule, r -> new RuleCounters());
        }

        @Override
        public void forget(RuleKey rule) {
            counters.remove(rule);
        }
    }
}
