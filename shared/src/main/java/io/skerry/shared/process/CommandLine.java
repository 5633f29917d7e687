package io.skerry.shared.process;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// `--key value`, `--key=value` and `--flag` arguments.
///
/// @param values keys without dashes; a flag has the value `true`
/// @param help whether `--help` or `-h` was given
/// @param mistake the first thing that is wrong, as one sentence
public record CommandLine(Map<String, String> values, boolean help, Optional<String> mistake) {
    public CommandLine {
        values = Map.copyOf(values);
    }

    /// @param flags options that take no value
    public static CommandLine parse(String[] args, Set<String> flags) {
        Map<String, String> values = new LinkedHashMap<>();
        boolean help = false;
        for (int i = 0; i < args.length; i++) {
            String arg = args[i];
            if (arg.equals("--help") || arg.equals("-h")) {
                help = true;
            } else if (!arg.startsWith("--") || arg.length() == 2) {
                return failed("unknown argument '" + arg + "'");
            } else if (arg.indexOf('=') > 0) {
                values.put(arg.substring(2, arg.indexOf('=')), arg.substring(arg.indexOf('=') + 1));
            } else if (flags.contains(arg.substring(2))) {
                values.put(arg.substring(2), "true");
            } else if (i + 1 == args.length || args[i + 1].startsWith("--")) {
                return failed("option " + arg + " needs a value");
            } else {
                values.put(arg.substring(2), args[++i]);
            }
        }
        return new CommandLine(values, help, Optional.empty());
    }

    private static CommandLine failed(String sentence) {
        return new CommandLine(Map.of(), false, Optional.of(sentence));
    }
}
