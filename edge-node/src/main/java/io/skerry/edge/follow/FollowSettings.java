package io.skerry.edge.follow;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/// How a node follows the configuration.
///
/// @param rules rule services, tried in turn; none: the one of this process, over its bus
/// @param token shared secret of the pulls; empty: none
/// @param data folder of the last applied content
/// @param interval time between reports, 2 s, each ±10 %
/// @param connectDeadline time for a rule service to accept a connection, 2 s
/// @param answerDeadline time for its whole answer, 5 s
/// @param answerBytesMax longest answer in bytes, 64 MiB
/// @param crashWindow how long a content has to run until the end of the process is not its fault
public record FollowSettings(
        List<URI> rules,
        String token,
        Path data,
        Duration interval,
        Duration connectDeadline,
        Duration answerDeadline,
        int answerBytesMax,
        Duration crashWindow) {
    public static final Duration INTERVAL = Duration.ofSeconds(2);
    public static final int ANSWER_BYTES_MAX = 64 * 1024 * 1024;

    public FollowSettings {
        rules = List.copyOf(rules);
    }

    public static FollowSettings of(
            List<URI> rules, String token, Path data, Duration crashWindow) {
        return new FollowSettings(
                rules,
                token,
                data,
                INTERVAL,
                Duration.ofSeconds(2),
                Duration.ofSeconds(5),
                ANSWER_BYTES_MAX,
                crashWindow);
    }
}
