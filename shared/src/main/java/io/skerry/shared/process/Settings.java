package io.skerry.shared.process;

import io.skerry.shared.problem.Code;
import io.skerry.shared.problem.Mistake;
import io.skerry.shared.problem.Problem;
import io.vertx.config.ConfigRetriever;
import io.vertx.config.ConfigRetrieverOptions;
import io.vertx.config.ConfigStoreOptions;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Where settings come from, in rising order: defaults, one file, environment, command line.
///
/// A key such as `tcp.connect-timeout` is that name in the YAML or JSON file (dots may be nesting),
/// `SKERRY_TCP_CONNECT_TIMEOUT` in the environment, `SKERRY_TCP_CONNECT_TIMEOUT_FILE` for a file
/// that holds the value, and `--tcp.connect-timeout` on the command line. Sources are read by
/// vertx-config.
final class Settings {
    private static final String PREFIX = "SKERRY_";
    private static final String FILE_SUFFIX = "_FILE";

    /// A value and where it was found.
    ///
    /// @param shown the name under which the person wrote it
    record Value(String text, String source, String shown) {}

    /// All that was found, and what could not be read.
    ///
    /// @param values by canonical name
    /// @param unreadable mistakes by canonical name
    record Found(Map<String, Value> values, Map<String, Mistake> unreadable) {}

    private Settings() {}

    /// The name by which a setting is known whatever its source: capitals, with `_` for `.` and
    /// `-`.
    static String canonical(String key) {
        return key.toUpperCase(Locale.ROOT).replace('.', '_').replace('-', '_');
    }

    /// Reads all sources.
    ///
    /// @param commandLine `--key value` pairs, without dashes; the key `config` names the file
    static Future<Found> load(Vertx vertx, Map<String, String> commandLine) {
        return load(
                vertx,
                commandLine,
                new ConfigStoreOptions()
                        .setType("env")
                        .setConfig(new JsonObject().put("raw-data", true)));
    }

    /// @param environment where the variables come from
    static Future<Found> load(
            Vertx vertx, Map<String, String> commandLine, ConfigStoreOptions environment) {
        Map<String, Value> values = new LinkedHashMap<>();
        Map<String, Mistake> unreadable = new LinkedHashMap<>();
        return file(vertx, commandLine.get("config"))
                .compose(fromFile -> {
                    flatten("", fromFile, values);
                    return read(vertx, environment);
                })
                .map(variables -> {
                    fromEnvironment(variables, values, unreadable);
                    fromCommandLine(commandLine, values, unreadable);
                    return new Found(values, unreadable);
                });
    }

    private static Future<JsonObject> file(Vertx vertx, @Nullable String path) {
        if (path == null) {
            return Future.succeededFuture(new JsonObject());
        }
        String format = path.endsWith(".json") ? "json" : "yaml";
        ConfigStoreOptions store =
                new ConfigStoreOptions()
                        .setType("file")
                        .setFormat(format)
                        .setConfig(new JsonObject().put("path", path));
        return read(vertx, store)
                .recover(failure ->
                        Future.failedFuture(
                                Problem.of(
                                                "config",
                                                Code.UNREADABLE,
                                                "cannot read "
                                                        + path
                                                        + " as "
                                                        + format
                                                        + ": "
                                                        + failure.getMessage())
                                        .toException()));
    }

    private static Future<JsonObject> read(Vertx vertx, ConfigStoreOptions store) {
        ConfigRetriever retriever =
                ConfigRetriever.create(
                        vertx,
                        new ConfigRetrieverOptions()
                                .setIncludeDefaultStores(false)
                                .setScanPeriod(-1)
                                .addStore(store));
        return retriever.getConfig().onComplete(done -> retriever.close());
    }

    private static void flatten(String prefix, JsonObject fields, Map<String, Value> values) {
        for (Map.Entry<String, Object> field : fields) {
            String key = prefix + field.getKey();
            switch (field.getValue()) {
                case null -> {}
                case JsonObject nested -> flatten(key + ".", nested, values);
                case JsonArray list ->
                        values.put(canonical(key), new Value(join(list), "file", key));
                default ->
                        values.put(
                                canonical(key),
                                new Value(String.valueOf(field.getValue()), "file", key));
            }
        }
    }

    private static String join(JsonArray list) {
        return list.stream().map(String::valueOf).collect(Collectors.joining(","));
    }

    private static void fromEnvironment(
            JsonObject variables, Map<String, Value> values, Map<String, Mistake> unreadable) {
        variables.forEach(variable -> {
            String name = variable.getKey();
            if (name.startsWith(PREFIX) && !name.endsWith(FILE_SUFFIX)) {
                String text = String.valueOf(variable.getValue());
                values.put(name.substring(PREFIX.length()), new Value(text, "environment", name));
            }
        });
        variables.forEach(variable -> {
            String name = variable.getKey();
            if (name.startsWith(PREFIX) && name.endsWith(FILE_SUFFIX)) {
                fromNamedFile(name, String.valueOf(variable.getValue()), variables, values)
                        .ifPresent(mistake -> unreadable.put(keyOfFile(name), mistake));
            }
        });
    }

    private static String keyOfFile(String variable) {
        return variable.substring(PREFIX.length(), variable.length() - FILE_SUFFIX.length());
    }

    private static Optional<Mistake> fromNamedFile(
            String variable, String path, JsonObject variables, Map<String, Value> values) {
        String plain = PREFIX + keyOfFile(variable);
        if (variables.containsKey(plain)) {
            return Optional.of(
                    new Mistake(
                            variable,
                            Code.INCOMPATIBLE,
                            "give either " + plain + " or " + variable + ", not both"));
        }
        try {
            String text = Files.readString(Path.of(path)).strip();
            values.put(keyOfFile(variable), new Value(text, "environment", variable));
            return Optional.empty();
        } catch (IOException | InvalidPathException failure) {
            return Optional.of(
                    new Mistake(
                            variable,
                            Code.UNREADABLE,
                            "cannot read the file '" + path + "': " + why(failure)));
        }
    }

    private static String why(Exception failure) {
        return switch (failure) {
            case NoSuchFileException none -> "there is no such file";
            case AccessDeniedException denied -> "no permission";
            case CharacterCodingException binary -> "it is not UTF-8 text";
            default -> String.valueOf(failure.getMessage());
        };
    }

    private static void fromCommandLine(
            Map<String, String> commandLine,
            Map<String, Value> values,
            Map<String, Mistake> unreadable) {
        commandLine.forEach((key, text) -> {
            if (!key.equals("config")) {
                values.put(canonical(key), new Value(text, "command line", "--" + key));
                unreadable.remove(canonical(key));
            }
        });
    }
}
