package io.skerry.edge;

import io.skerry.edge.listener.DescriptorBudget;
import io.skerry.edge.listener.Slot;
import io.skerry.edge.listener.Steering;
import io.skerry.edge.metrics.EdgeMetrics;
import io.skerry.edge.name.NameSettings;
import io.skerry.edge.origin.OriginSettings;
import io.skerry.edge.steering.KernelSteering;
import io.skerry.edge.steering.ReservedPorts;
import io.skerry.edge.steering.SteeringSettings;
import io.skerry.edge.tcp.TcpSettings;
import io.skerry.edge.toa.ToaSettings;
import io.skerry.edge.transport.OutgoingPorts;
import io.skerry.edge.transport.Transport;
import io.skerry.edge.udp.UdpSettings;
import io.skerry.shared.instance.NodeArea;
import io.skerry.shared.instance.RolloutStrategy;
import io.skerry.shared.net.HostPort;
import io.skerry.shared.net.IpText;
import io.skerry.shared.problem.Code;
import io.skerry.shared.process.SettingsReader;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Pattern;

/// What an edge node can be told (`docs/reference/settings-edge.md`).
///
/// @param node `node`: its name, 1 to 63 of `A-Z a-z 0-9 . _ -`, unique; default the host name
/// @param area `area`: `mainland`, `overseas` (default) or `every`
/// @param labels `labels`: words by which people choose nodes, such as `canary`, at most 16, each 1
///   to 63 of `A-Z a-z 0-9 . _ -`; default none
/// @param slots `listen`: where rules listen, default `0.0.0.0+[::]`
/// @param rules `rules`: rule services, tried in turn, default `http://127.0.0.1:8081`; `local` and
///   so none: the one of the same process
/// @param token `node-token`: shared secret of the pulls; empty: none
/// @param data `data`: folder of the last applied content, default `.skerry-edge`
/// @param admin `admin`: address of health and metrics, default 127.0.0.1:0
/// @param drain `drain`: how long sessions may go on when the node stops, 0 to 3,600 s, default 10
///   s
/// @param crashWindow `edge.crash-window`: how long a revision has to run until the end of the
///   process is not its fault, 0 to 600 s, default 10 s; 0: never is
/// @param takeOver `take-over`: take over from the process that has the data folder, if there is
///   one; default false
/// @param handOverDrain `edge.hand-over-drain`: how long TCP sessions may go on in a process whose
///   sockets another one took over, 0 to 24 h, default 1 h
/// @param transport `edge.transport`: how sockets are waited for, default `auto`
/// @param loops `edge.loops`: event loops, 0 to 256, default 0: one per core
/// @param sessionsMax `edge.sessions-max`: open sessions of the node, TCP and UDP together, 1 to
///   10,000,000, default 1,000,000
/// @param sessionReserve `edge.session-reserve`: sessions for which file descriptors are kept free
///   of listeners, 0 to 1,000,000, default 1,000
/// @param rulesMax `metrics.rules-max`: above so many rules metrics do not tell them apart, 0 to
///   100,000, default 2,000
/// @param origins settings that begin with `origin.`
/// @param names how names are resolved
/// @param steering settings that begin with `edge.steering`
/// @param tcp settings that begin with `tcp.`
/// @param udp settings that begin with `udp.`
/// @param toa settings that begin with `toa.`
public record EdgeSettings(
        String node,
        NodeArea area,
        List<String> labels,
        List<Slot> slots,
        List<URI> rules,
        String token,
        Path data,
        HostPort admin,
        Duration drain,
        Duration crashWindow,
        boolean takeOver,
        Duration handOverDrain,
        TransportChoice transport,
        int loops,
        int sessionsMax,
        int sessionReserve,
        int rulesMax,
        OriginSettings origins,
        NameSettings names,
        SteeringSettings steering,
        TcpSettings tcp,
        UdpSettings udp,
        ToaSettings toa) {
    /// How sockets are waited for.
    public enum TransportChoice {
        /// The fastest that has proved itself on the machine.
        AUTO,
        EPOLL,
        IO_URING,
        NIO;

        /// What it comes to on this machine.
        public Transport transport() {
            return switch (this) {
                case AUTO -> Transport.best();
                case EPOLL -> Transport.EPOLL;
                case IO_URING -> Transport.IO_URING;
                case NIO -> Transport.NIO;
            };
        }
    }

    public static final int LOOPS_MAX = 256;
    public static final int LABELS_MAX = 16;
    public static final int SESSIONS_MAX = 10_000_000;
    public static final int SESSIONS_DEFAULT = 1_000_000;
    public static final Duration DRAIN_DEFAULT = Duration.ofSeconds(10);
    public static final Duration DRAIN_MAX = Duration.ofHours(1);
    public static final Duration CRASH_WINDOW_DEFAULT = Duration.ofSeconds(10);
    public static final Duration CRASH_WINDOW_MAX = Duration.ofMinutes(10);

    public static final Duration HAND_OVER_DRAIN_DEFAULT = Duration.ofHours(1);
    public static final Duration HAND_OVER_DRAIN_MAX = Duration.ofHours(24);

    private static final Pattern NODE = Pattern.compile("[A-Za-z0-9._-]{1,63}");
    private static final String LOCAL = "local";
    private static final String RULES_DEFAULT = "http://127.0.0.1:8081";

    public EdgeSettings {
        labels = List.copyOf(labels);
        slots = List.copyOf(slots);
        rules = List.copyOf(rules);
    }

    /// Reads everything and refuses what is wrong, all of it at once.
    public static EdgeSettings read(SettingsReader settings) {
        EdgeSettings read =
                new EdgeSettings(
                        node(settings),
                        settings.oneOf("area", NodeArea.class, NodeArea.OVERSEAS),
                        labels(settings),
                        SlotReader.read(settings),
                        rules(settings),
                        settings.secret("node-token", ""),
                        data(settings),
                        settings.hostPort("admin", "127.0.0.1:0"),
                        settings.duration("drain", DRAIN_DEFAULT, Duration.ZERO, DRAIN_MAX),
                        settings.duration(
                                "edge.crash-window",
                                CRASH_WINDOW_DEFAULT,
                                Duration.ZERO,
                                CRASH_WINDOW_MAX),
                        settings.flag("take-over", false),
                        settings.duration(
                                "edge.hand-over-drain",
                                HAND_OVER_DRAIN_DEFAULT,
                                Duration.ZERO,
                                HAND_OVER_DRAIN_MAX),
                        transport(settings),
                        settings.integer("edge.loops", 0, 0, LOOPS_MAX),
                        settings.integer("edge.sessions-max", SESSIONS_DEFAULT, 1, SESSIONS_MAX),
                        settings.integer(
                                "edge.session-reserve",
                                DescriptorBudget.SESSION_RESERVE_DEFAULT,
                                0,
                                1_000_000),
                        settings.integer(
                                "metrics.rules-max", EdgeMetrics.RULES_MAX_DEFAULT, 0, 100_000),
                        OriginSettings.read(settings),
                        NameSettings.read(settings),
                        steering(settings),
                        TcpSettings.read(settings),
                        UdpSettings.read(settings),
                        ToaSettings.read(settings));
        if (read.token.isEmpty() && !read.rules.stream().allMatch(EdgeSettings::isLoopback)) {
            settings.mistake(
                    "node-token",
                    Code.MISSING,
                    "off loopback the rule services ask for a token: set the same one there");
        }
        settings.finish();
        return read;
    }

    private static TransportChoice transport(SettingsReader settings) {
        TransportChoice choice =
                settings.oneOf("edge.transport", TransportChoice.class, TransportChoice.AUTO);
        choice.transport()
                .unavailability()
                .ifPresent(why ->
                        settings.mistake(
                                "edge.transport",
                                Code.NOT_ALLOWED,
                                "cannot be used on this machine: " + why));
        return choice;
    }

    private static SteeringSettings steering(SettingsReader settings) {
        SteeringSettings read = SteeringSettings.read(settings);
        if (read.mode() == Steering.Mode.ON) {
            KernelSteering.unavailability()
                    .ifPresent(why ->
                            settings.mistake(
                                    "edge.steering",
                                    Code.NOT_ALLOWED,
                                    "cannot be used on this machine: " + why));
        }
        return read;
    }

    private static boolean isLoopback(URI service) {
        return service.getHost().equals("localhost")
                || IpText.parse(service.getHost())
                        .filter(InetAddress::isLoopbackAddress)
                        .isPresent();
    }

    /// Event loops to start.
    public int loopCount() {
        return loops == 0 ? Math.min(LOOPS_MAX, Runtime.getRuntime().availableProcessors()) : loops;
    }

    /// Steering as these settings and this machine allow.
    ///
    /// @param node {@link Steering#node} of the process that is taken over from, if it steers
    Steering steers(OutgoingPorts outgoing, OptionalInt node) {
        return transport.transport() == Transport.EPOLL
                ? KernelSteering.of(steering, new ReservedPorts(data), outgoing, node)
                : Steering.none(steering.mode(), "it needs edge.transport=epoll");
    }

    private static String node(SettingsReader settings) {
        String name = settings.optional("node").orElseGet(EdgeSettings::hostName);
        if (!NODE.matcher(name).matches()) {
            settings.mistake(
                    "node",
                    Code.BAD_FORMAT,
                    "'" + name + "' must be 1 to 63 letters, digits, '.', '_' or '-'");
        }
        return name;
    }

    private static List<String> labels(SettingsReader settings) {
        List<String> labels = settings.list("labels", "");
        if (labels.size() > LABELS_MAX) {
            settings.mistake("labels", Code.TOO_MANY, "may be " + LABELS_MAX + " at most");
        }
        for (String label : labels) {
            if (!RolloutStrategy.isLabel(label)) {
                settings.mistake(
                        "labels",
                        Code.BAD_FORMAT,
                        "'" + label + "' must be 1 to 63 letters, digits, '.', '_' or '-'");
            }
        }
        return labels;
    }

    private static String hostName() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException unknown) {
            return Optional.ofNullable(System.getenv("HOSTNAME")).orElse("edge");
        }
    }

    private static List<URI> rules(SettingsReader settings) {
        List<URI> services = new ArrayList<>();
        List<String> texts = settings.list("rules", RULES_DEFAULT);
        if (texts.equals(List.of(LOCAL))) {
            return services;
        }
        for (String text : texts) {
            service(text)
                    .ifPresentOrElse(
                            services::add,
                            () ->
                                    settings.mistake(
                                            "rules",
                                            Code.BAD_FORMAT,
                                            "'" + text + "' must be like " + RULES_DEFAULT));
        }
        if (texts.isEmpty()) {
            settings.mistake("rules", Code.MISSING, "must name a rule service");
        }
        return services;
    }

    /// An HTTP URL of host and port and nothing else.
    private static Optional<URI> service(String text) {
        try {
            URI uri = URI.create(text);
            boolean good =
                    "http".equals(lower(uri.getScheme()))
                            && uri.getHost() != null
                            && uri.getUserInfo() == null
                            && uri.getQuery() == null
                            && uri.getFragment() == null
                            && (uri.getPath().isEmpty() || uri.getPath().equals("/"))
                            && uri.getPort() <= 65535
                            && uri.getPort() != 0;
            return good ? Optional.of(uri) : Optional.empty();
        } catch (IllegalArgumentException noUri) {
            return Optional.empty();
        }
    }

    private static String lower(@org.jspecify.annotations.Nullable String text) {
        return text == null ? "" : text.toLowerCase(Locale.ROOT);
    }

    private static Path data(SettingsReader settings) {
        String text = settings.string("data", ".skerry-edge");
        try {
            return Path.of(text).toAbsolutePath().normalize();
        } catch (InvalidPathException refused) {
            settings.mistake("data", Code.BAD_FORMAT, "'" + text + "' is no path of this system");
            return Path.of(".skerry-edge").toAbsolutePath();
        }
    }
}
