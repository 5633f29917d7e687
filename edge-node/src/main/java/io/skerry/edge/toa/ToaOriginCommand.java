package io.skerry.edge.toa;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// What `./skerry toa-origin` was asked for.
public sealed interface ToaOriginCommand {
    /// Options by command.
    Map<String, Set<String>> TAKEN =
            Map.of(
                    "attach",
                    Set.of("--pin", "--cgroup", "--trust", "--kind-ipv4", "--kind-ipv6"),
                    "detach",
                    Set.of("--pin"),
                    "status",
                    Set.of("--pin", "--watch"));

    Path pins();

    /// Attach, in the place of what is attached.
    record Attach(Path pins, ToaReader.Wanted wanted) implements ToaOriginCommand {}

    /// Detach.
    record Detach(Path pins) implements ToaOriginCommand {}

    /// Say what is attached and what it has counted.
    ///
    /// @param watch once a second, until interrupted
    record Status(Path pins, boolean watch) implements ToaOriginCommand {}

    /// The command line is wrong.
    final class Mistaken extends Exception {
        private static final long serialVersionUID = 1;

        Mistaken(String message) {
            super(message);
        }
    }

    /// Reads a command line; tells all its mistakes together.
    static ToaOriginCommand read(List<String> arguments) throws Mistaken {
        if (arguments.isEmpty()) {
            throw new Mistaken("attach, detach or status is missing");
        }
        String word = arguments.getFirst();
        Set<String> taken = TAKEN.get(word);
        if (taken == null) {
            throw new Mistaken("'" + word + "' is none of attach, detach, status");
        }
        Options options = Options.read(arguments.subList(1, arguments.size()));
        options.misplaced(word, taken);
        if (word.equals("attach")) {
            options.missing();
        }
        if (!options.mistakes.isEmpty()) {
            throw new Mistaken(String.join("; ", options.mistakes));
        }
        return switch (word) {
            case "attach" -> new Attach(options.pins, options.wanted());
            case "detach" -> new Detach(options.pins);
            default -> new Status(options.pins, options.watch);
        };
    }

    /// Options as they are read.
    final class Options {
        private final Set<String> given = new LinkedHashSet<>();
        private final List<String> mistakes = new ArrayList<>();
        private Path pins = ToaOrigin.PINS_DEFAULT;
        private Path cgroup = Path.of("");
        private List<Network> trusted = List.of();
        private Set<Integer> ipv4 = Set.of(ToaKinds.DEFAULT.ipv4());
        private Set<Integer> ipv6 = Set.of(ToaKinds.DEFAULT.ipv6());
        private boolean watch;

        private Options() {}

        static Options read(List<String> arguments) {
            Options options = new Options();
            for (int i = 0; i < arguments.size(); i++) {
                String argument = arguments.get(i);
                int equals = argument.indexOf('=');
                String name = equals < 0 ? argument : argument.substring(0, equals);
                options.given.add(name);
                if (name.equals("--watch") && equals < 0) {
                    options.watch = true;
                } else if (equals >= 0) {
                    options.take(name, argument.substring(equals + 1));
                } else if (i + 1 < arguments.size()) {
                    options.take(name, arguments.get(++i));
                } else {
                    options.take(name, "");
                }
            }
            return options;
        }

        private void take(String name, String value) {
            switch (name) {
                case "--pin" -> pins = path(name, value, pins);
                case "--cgroup" -> cgroup = path(name, value, cgroup);
                case "--trust" -> trusted = networks(value);
                case "--kind-ipv4" -> ipv4 = kinds(name, value);
                case "--kind-ipv6" -> ipv6 = kinds(name, value);
                default -> {
                    given.remove(name);
                    mistakes.add("there is no option " + name);
                }
            }
        }

        private Path path(String name, String value, Path fallback) {
            try {
                if (!value.isEmpty()) {
                    return Path.of(value).toAbsolutePath().normalize();
                }
                mistakes.add(name + " needs a folder");
            } catch (InvalidPathException refused) {
                mistakes.add(name + ": '" + value + "' is no path of this system");
            }
            return fallback;
        }

        private List<Network> networks(String value) {
            List<Network> networks = new ArrayList<>();
            for (String text : value.split(",")) {
                Network.parse(text.strip())
                        .ifPresentOrElse(
                                networks::add,
                                () ->
                                        mistakes.add(
                                                "--trust: '"
                                                        + text
                                                        + "' is no network such as 192.0.2.0/24 or"
                                                        + " 2001:db8::/32"));
            }
            if (networks.size() > ToaReader.TRUSTED_MAX) {
                mistakes.add(
                        "--trust: at most "
                                + ToaReader.TRUSTED_MAX
                                + " networks, these are "
                                + networks.size());
                return networks.subList(0, ToaReader.TRUSTED_MAX);
            }
            return networks;
        }

        private Set<Integer> kinds(String name, String value) {
            Set<Integer> kinds = new LinkedHashSet<>();
            for (String text : value.split(",")) {
                String digits = text.strip();
                boolean number = digits.matches("\\d{1,3}");
                if (number && ToaKinds.isFree(Integer.parseInt(digits))) {
                    kinds.add(Integer.parseInt(digits));
                } else {
                    mistakes.add(
                            name
                                    + ": '"
                                    + text
                                    + "' is no kind from 2 to 255 that TCP leaves free");
                }
            }
            return kinds;
        }

        private void misplaced(String word, Set<String> taken) {
            for (String option : given) {
                if (!taken.contains(option)) {
                    mistakes.add(word + " takes no " + option);
                }
            }
        }

        private void missing() {
            if (!given.contains("--cgroup")) {
                mistakes.add("--cgroup is missing: the cgroup v2 folder of the origin's programs");
            }
            if (!given.contains("--trust")) {
                mistakes.add("--trust is missing: the networks of the edge nodes");
            }
        }

        private ToaReader.Wanted wanted() {
            return new ToaReader.Wanted(cgroup, trusted, ipv4, ipv6);
        }
    }
}
