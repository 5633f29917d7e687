package io.skerry.rules.page;

import io.skerry.shared.bus.RuleRequest;
import io.skerry.shared.problem.Code;
import io.skerry.shared.problem.Problem;
import io.vertx.core.json.JsonObject;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;

/// The body of a request, and times in answers.
public final class Body {
    private Body() {}

    /// The body as an object; `wrong_type` where it is something else.
    public static JsonObject object(RuleRequest request) {
        if (request.body() instanceof JsonObject object) {
            return object;
        }
        throw Problem.of(Code.WRONG_TYPE, "the body must be a JSON object").toException();
    }

    /// ISO-8601 in UTC with milliseconds.
    public static String time(OffsetDateTime time) {
        return time.withOffsetSameInstant(ZoneOffset.UTC)
                .truncatedTo(ChronoUnit.MILLIS)
                .toInstant()
                .toString();
    }

    /// An argument that the path always gives.
    public static String id(RuleRequest request, String name) {
        return request.arg(name)
                .filter(id -> !id.isEmpty() && id.length() <= 200 && id.indexOf('\0') < 0)
                .orElseThrow(() ->
                        Problem.of(name, Code.NOT_FOUND, "there is no such " + name).toException());
    }
}
