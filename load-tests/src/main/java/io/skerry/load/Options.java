package io.skerry.load;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/// What the bench was asked for.
///
/// @param areas what to measure, at least one
/// @param runs counted runs of each contender and scenario, 1 to 100, default 7
/// @param seconds length of a counted run, 0.1 to 60 s, default 2
/// @param warmUp length of the uncounted run of Skerry before a scenario, 0 to 300 s, default 10;
///   the other contenders get one of `seconds`; with 0 nobody gets one
/// @param idle idle connections held for the memory scenario, 10 to 8,500, default 5,000
/// @param contenders names of those that take part; empty: all
/// @param write whether the results go to `docs/benchmarks/`
record Options(
        Set<Area> areas,
        int runs,
        double seconds,
        double warmUp,
        int idle,
        Set<String> contenders,
        boolean quick,
        boolean write) {
    private static final int RUNS_DEFAULT = 7;
    private static final double SECONDS_DEFAULT = 2;
    private static final double WARM_UP_DEFAULT = 10;
    private static final int IDLE_DEFAULT = 5_000;
    private static final double QUICK_SECONDS = 0.5;
    private static final int QUICK_IDLE = 200;

    /// What can be asked for by name.
    enum Area {
        CONNECTIONS,
        REQUESTS,
        BULK,
        LATENCY,
        UDP,
        MEMORY,
        /// From a change to every edge node; of Skerry alone.
        PROPAGATION,
        /// Only where it is asked for by name.
        PORTS;

        String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /// A mistake of the caller, in one line.
    static final class Mistake extends Exception {
        private static final long serialVersionUID = 1;

        Mistake(String message) {
            super(message);
        }
    }

    static Options parse(List<String> arguments) throws Mistake {
        Deque<String> rest = new ArrayDeque<>(arguments);
        // --quick changes the defaults of the others, wherever it stands.
        boolean quick = rest.removeIf("--quick"::equals);
        boolean write = rest.removeIf("--write"::equals);
        Set<Area> areas = EnumSet.noneOf(Area.class);
        double runs = quick ? 1 : RUNS_DEFAULT;
        double seconds = quick ? QUICK_SECONDS : SECONDS_DEFAULT;
        double warmUp = quick ? QUICK_SECONDS : WARM_UP_DEFAULT;
        double idle = quick ? QUICK_IDLE : IDLE_DEFAULT;
        Set<String> contenders = Set.of();
        while (!rest.isEmpty()) {
            String each = rest.removeFirst();
            switch (each) {
                case "--runs" -> runs = number(each, rest, 1, 100);
                case "--seconds" -> seconds = number(each, rest, 0.1, 60);
                case "--warm-up" -> warmUp = number(each, rest, 0, 300);
                case "--idle" -> idle = number(each, rest, 10, 8_500);
                case "--only" -> contenders = names(value(each, rest));
                default -> areas.addAll(areas(each));
            }
        }
        if (areas.isEmpty()) {
            areas = all();
        }
        return new Options(
                areas, (int) runs, seconds, warmUp, (int) idle, contenders, quick, write);
    }

    private static Set<Area> all() {
        return EnumSet.complementOf(EnumSet.of(Area.PORTS));
    }

    /// Whether anything is compared with peers, run by run.
    boolean compares() {
        return areas.stream().anyMatch(area -> area != Area.PROPAGATION && area != Area.PORTS);
    }

    boolean takesPart(String contender) {
        return contenders.isEmpty() || contenders.contains(contender);
    }

    private static Set<Area> areas(String word) throws Mistake {
        if (word.equals("all")) {
            return all();
        }
        for (Area area : Area.values()) {
            if (area.word().equals(word)) {
                return EnumSet.of(area);
            }
        }
        throw new Mistake("bench does not know " + word + " (see ./skerry bench --help)");
    }

    private static Set<String> names(String text) throws Mistake {
        Set<String> names = Set.of(text.split(","));
        for (String name : names) {
            if (!Contender.NAMES.contains(name)) {
                throw new Mistake("bench: --only does not know " + name);
            }
        }
        return names;
    }

    private static String value(String option, Deque<String> rest) throws Mistake {
        String value = rest.pollFirst();
        if (value == null) {
            throw new Mistake("bench: " + option + " needs a value (see ./skerry bench --help)");
        }
        return value;
    }

    private static double number(String option, Deque<String> rest, double min, double max)
            throws Mistake {
        String text = value(option, rest);
        try {
            double number = Double.parseDouble(text);
            if (number >= min && number <= max) {
                return number;
            }
        } catch (NumberFormatException notOne) {
            // said below
        }
        throw new Mistake("bench: " + option + " is a number from " + min + " to " + max);
    }
}
