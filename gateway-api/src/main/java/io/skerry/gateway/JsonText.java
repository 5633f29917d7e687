package io.skerry.gateway;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import io.skerry.shared.problem.Code;
import io.skerry.shared.problem.Problem;
import io.skerry.shared.problem.ProblemException;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Bytes to text and text to JSON, strictly: valid UTF-8 without NUL, one JSON value, no name twice
/// in an object, at most {@link #DEPTH_MAX} levels. Throws a {@link ProblemException} with the
/// place of the mistake otherwise.
final class JsonText {
    /// Objects and arrays inside one another; deeper input is refused.
    static final int DEPTH_MAX = 32;

    /// Digits of a number; longer ones are refused.
    static final int DIGITS_MAX = 100;

    /// Characters of a name in an object; longer ones are refused.
    static final int NAME_MAX = 50_000;

    private static final JsonFactory FACTORY =
            JsonFactory.builder()
                    .streamReadConstraints(
                            StreamReadConstraints.builder()
                                    .maxNestingDepth(DEPTH_MAX)
                                    .maxNumberLength(DIGITS_MAX)
                                    .maxNameLength(NAME_MAX)
                                    .maxStringLength(RequestBody.BYTES_MAX)
                                    .build())
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    // Names come from anyone: none of them is kept.
                    .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
                    .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
                    .build();

    private JsonText() {}

    /// The text of UTF-8 bytes.
    static String text(byte[] bytes) {
        String text;
        try {
            text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
        } catch (CharacterCodingException notUtf8) {
            throw unreadable("the body is not valid UTF-8");
        }
        if (text.indexOf('\0') >= 0) {
            throw unreadable("the body is not text: it holds a NUL character");
        }
        return text;
    }

    /// The JSON value of UTF-8 bytes: a `JsonObject`, a `JsonArray`, or a scalar.
    ///
    /// @param beyond hears the name of a limit that the bytes go beyond
    static @Nullable Object read(byte[] bytes, Consumer<String> beyond) {
        String text = text(bytes);
        try (JsonParser parser =
                FACTORY.createParser(text.startsWith("\ufeff") ? text.substring(1) : text)) {
            JsonToken first = parser.nextToken();
            if (first == null) {
                throw unreadable("the body is empty; it must be JSON");
            }
            Object value = value(parser, first);
            if (parser.nextToken() != null) {
                throw unreadable("not JSON: something follows the value at " + place(parser));
            }
            return value;
        } catch (StreamConstraintsException tooMuch) {
            beyond.accept(limit(tooMuch));
            throw unreadable("not JSON: " + describe(tooMuch));
        } catch (JsonProcessingException wrong) {
            throw unreadable("not JSON: " + describe(wrong));
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
    }

    private static @Nullable Object value(JsonParser parser, @Nullable JsonToken token)
            throws IOException {
        return switch (token) {
            case START_OBJECT -> object(parser);
            case START_ARRAY -> array(parser);
            case VALUE_STRING -> wellFormed(parser, parser.getText());
            case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> number(parser);
            case VALUE_TRUE -> true;
            case VALUE_FALSE -> false;
            case VALUE_NULL -> null;
            case null -> throw new JsonParseException(parser, "the text ends too early");
            case END_OBJECT, END_ARRAY, FIELD_NAME, VALUE_EMBEDDED_OBJECT, NOT_AVAILABLE ->
                    throw new JsonParseException(parser, "unexpected " + token);
        };
    }

    private static JsonObject object(JsonParser parser) throws IOException {
        Map<String, @Nullable Object> fields = new LinkedHashMap<>();
        for (String name = parser.nextFieldName(); name != null; name = parser.nextFieldName()) {
            fields.put(wellFormed(parser, name), value(parser, parser.nextToken()));
        }
        return new JsonObject(fields);
    }

    private static JsonArray array(JsonParser parser) throws IOException {
        List<@Nullable Object> items = new ArrayList<>();
        JsonToken token = parser.nextToken();
        while (token != JsonToken.END_ARRAY) {
            items.add(value(parser, token));
            token = parser.nextToken();
        }
        return new JsonArray(items);
    }

    /// An `Integer`, a `Long`, or a `Double` for everything else.
    private static Number number(JsonParser parser) throws IOException {
        return switch (parser.getNumberType()) {
            case INT, LONG -> parser.getNumberValue();
            case BIG_INTEGER, FLOAT, DOUBLE, BIG_DECIMAL -> finite(parser);
        };
    }

    private static Double finite(JsonParser parser) throws IOException {
        double value = parser.getDoubleValue();
        if (Double.isInfinite(value)) {
            throw new JsonParseException(parser, "the number is too large");
        }
        return value;
    }

    /// Refuses what an escape can say and UTF-8 cannot: half a surrogate pair; and NUL.
    private static String wellFormed(JsonParser parser, String text) throws JsonParseException {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            boolean paired =
                    Character.isHighSurrogate(c)
                            && i + 1 < text.length()
                            && Character.isLowSurrogate(text.charAt(i + 1));
            if (c == 0 || Character.isSurrogate(c) && !paired) {
                throw new JsonParseException(
                        parser, String.format("a string holds the code unit U+%04X", (int) c));
            }
            i += paired ? 1 : 0;
        }
        return text;
    }

    /// The parser says only in words which limit it was.
    private static String limit(StreamConstraintsException tooMuch) {
        String words = tooMuch.getOriginalMessage();
        if (words.startsWith("Number")) {
            return GatewayMetrics.JSON_DIGITS;
        }
        return words.startsWith("Name") ? GatewayMetrics.JSON_NAME : GatewayMetrics.JSON_LEVELS;
    }

    private static String describe(JsonProcessingException wrong) {
        String message = wrong.getOriginalMessage();
        String first = message.lines().findFirst().orElse("unreadable");
        return wrong.getLocation() == null
                ? first
                : first
                        + " at line "
                        + wrong.getLocation().getLineNr()
                        + ", column "
                        + wrong.getLocation().getColumnNr();
    }

    private static String place(JsonParser parser) {
        return "line "
                + parser.currentLocation().getLineNr()
                + ", column "
                + parser.currentLocation().getColumnNr();
    }

    private static ProblemException unreadable(String message) {
        return Problem.of(Code.UNREADABLE, message).toException();
    }
}
