package io.skerry.gateway;

import io.skerry.shared.problem.Code;
import io.skerry.shared.problem.Problem;
import io.skerry.shared.problem.ProblemException;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Reads the body of one request: its media type, its size, its bytes, and whether they are what
/// the call takes. Runs on the event loop of the connection.
final class RequestBody {
    /// Bytes of a body; one more is refused with 413.
    static final int BYTES_MAX = 4 * 1024 * 1024;

    /// Bytes of an over-long body that are read and thrown away, so that the caller sees the
    /// refusal; a longer one loses its connection.
    static final int DISCARD_MAX = 16 * 1024 * 1024;

    /// Bytes from which JSON is parsed on a worker thread, so that no other request waits.
    private static final int LARGE = 64 * 1024;

    private final Vertx vertx;
    private final HttpServerRequest request;
    private final Takes takes;
    private final Consumer<String> beyond;

    /// @param beyond hears the name of a limit of JSON that the body goes beyond
    RequestBody(Vertx vertx, HttpServerRequest request, Takes takes, Consumer<String> beyond) {
        this.beyond = beyond;
        this.vertx = vertx;
        this.request = request;
        this.takes = takes;
    }

    /// The body as JSON object, JSON array or text; `null` where the call takes none. Call it at
    /// once, before any byte can have been missed.
    Future<@Nullable Object> read() {
        Optional<String> mediaType = mediaType();
        return collect().compose(bytes -> convert(bytes, mediaType.orElse("")));
    }

    /// The media type, checked; empty where none is given.
    private Optional<String> mediaType() {
        String header = request.getHeader("Content-Type");
        if (takes == Takes.NOTHING) {
            return Optional.empty();
        }
        if (request.headers().contains("Content-Encoding")) {
            throw unsupported("Content-Encoding is not taken; send the body as it is");
        }
        if (header == null) {
            return Optional.empty();
        }
        String[] parts = header.toLowerCase(Locale.ROOT).split(";");
        String type = parts.length == 0 ? "" : parts[0].strip();
        if (!takes.mediaTypes().contains(type)) {
            throw unsupported(expected());
        }
        for (int i = 1; i < parts.length; i++) {
            String parameter = parts[i].strip().replace("\"", "");
            if (parameter.startsWith("charset=")
                    && !parameter.equals("charset=utf-8")
                    && !parameter.equals("charset=us-ascii")) {
                throw unsupported("the body must be UTF-8");
            }
        }
        return Optional.of(type);
    }

    private Future<Buffer> collect() {
        boolean waits = "100-continue".equalsIgnoreCase(request.getHeader("Expect"));
        if (waits && declaredLength() > BYTES_MAX) {
            return Future.failedFuture(tooLarge());
        }
        if (waits) {
            request.response().writeContinue();
        }
        Promise<Buffer> done = Promise.promise();
        Buffer bytes = Buffer.buffer();
        long[] received = {0};
        request.handler(part -> {
            received[0] += part.length();
            if (received[0] <= BYTES_MAX) {
                bytes.appendBuffer(part);
            } else if (received[0] > DISCARD_MAX) {
                done.tryFail(tooLarge());
                vertx.runOnContext(answered -> request.connection().close());
            }
        });
        request.exceptionHandler(done::tryFail);
        request.endHandler(end -> {
            if (received[0] > BYTES_MAX) {
                done.tryFail(tooLarge());
            } else {
                done.tryComplete(bytes);
            }
        });
        return done.future();
    }

    private long declaredLength() {
        String length = request.getHeader("Content-Length");
        try {
            return length == null ? 0 : Long.parseLong(length);
        } catch (NumberFormatException leftToTheHttpDecoder) {
            return 0;
        }
    }

    private Future<@Nullable Object> convert(Buffer buffer, String mediaType) {
        if (takes == Takes.NOTHING) {
            return buffer.length() == 0
                    ? Future.succeededFuture(null)
                    : fail(Code.NOT_ALLOWED, "the call takes no body");
        }
        if (buffer.length() == 0) {
            return fail(Code.UNREADABLE, "the body is missing; " + expected());
        }
        byte[] bytes = buffer.getBytes();
        return switch (mediaType) {
            case "" -> Future.failedFuture(unsupported(expected()));
            case "text/plain" -> Future.succeededFuture(JsonText.text(bytes));
            default ->
                    bytes.length < LARGE
                            ? Future.succeededFuture(json(bytes))
                            : vertx.executeBlocking(() -> json(bytes), false);
        };
    }

    private @Nullable Object json(byte[] bytes) {
        Object value = JsonText.read(bytes, beyond);
        boolean array = takes == Takes.OBJECT_OR_ARRAY || takes == Takes.RULE_TEXT;
        if (value instanceof JsonObject || array && value instanceof JsonArray) {
            return value;
        }
        throw Problem.of(
                        Code.WRONG_TYPE,
                        array
                                ? "the body must be a JSON object or an array of them"
                                : "the body must be a JSON object")
                .toException();
    }

    private String expected() {
        return "send " + String.join(" or ", takes.mediaTypes()) + " and say so in Content-Type";
    }

    private static ProblemException unsupported(String message) {
        return Problem.of(Code.UNSUPPORTED_MEDIA_TYPE, message).toException();
    }

    private static ProblemException tooLarge() {
        return Problem.of(Code.TOO_LARGE, "a body holds at most " + BYTES_MAX + " bytes (4 MiB)")
                .toException();
    }

    private static Future<@Nullable Object> fail(Code code, String message) {
        return Future.failedFuture(Problem.of(code, message).toException());
    }
}
