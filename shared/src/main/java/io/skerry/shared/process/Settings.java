package io.skerry.shared.process;

import io.skerry.shared.problem.Code;
import io.skerry.shared.problem.Problem;
import io.vertx.config.ConfigRetriever;
import io.vertx.config.ConfigRetrieverOptions;
import io.vertx.config.ConfigStoreOptions;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
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

    private Settings() {}

    /// The name by which a setting is known whatever its source: capitals, with `_` for `.` and
    /// `-`.
    static String canonical(String key) {
        return key.toUpperCase(Locale.ROOT).replace('.', '_').replace('-', '_');
    }

    /// Reads all sources.
    ///
    /// @param commandLine `--key value` pairs, without dashes; the key `config` names the file
    static Future<Map<String, Value>> load(Vertx vertx, Map<String, String> commandLine) {
        Map<String, Value> values = new LinkedHashMap<>();
        return file(vertx, commandLine.get("config"))
                .compose(fromFile -> {
                    flatten("", fromFile, values);
                    return environment(vertx);
                })
                .compose(env -> {
                    env.forEach(each -> fromEnvironment(each, values));
                    return Future.<Void>succeededFuture();
                })
                .map(v -> {
                    commandLine.forEach((key, text) -> {
                        if (!key.equals("config")) {
                            values.put(canonical(key), new Value(text, "command line", "--" + key));
                        }
                    });
                    return values;
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

    private static Future<JsonObject> environment(Vertx vertx) {
        return read(
                vertx,
                new ConfigStoreOptions()
                        .setType("env")
                        .setConfig(new JsonObject().put("raw-data", true)));
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
            Map.Entry<String, Object> variable, Map<String, Value> values) {
        String name = variable.getKey();
        if (!name.startsWith(PREFIX)) {
            return;
        }
        String text = String.valueOf(variable.getValue());
        String key = name.substring(PREFIX.length());
        if (key.endsWith(FILE_SUFFIX)) {
            key = key.substring(0, key.length() - FILE_SUFFIX.length());
            text = contentOf(name, text);
        }
        values.put(key, new Value(text, "environment", name));
    }

    private static String contentOf(String variable, String path) {
        try {
            return Files.readString(Path.of(path)).strip();
        } catch (IOException unreadable) {
            throw Problem.of(
                            variable,
                            Code.UNREADABLE,
                            "cannot read the file " + path + ": " + unreadable.getMessage())
                    .toException();
        }
    }
}
