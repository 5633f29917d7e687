package io.skerry.shared.problem;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;

/// Why a request was not carried out: at least one mistake, all of them together.
///
/// The status follows from the mistakes: 400 where anything is malformed, 422 where anything is
/// invalid, 409 only where nothing but conflicts is wrong.
///
/// @param mistakes every mistake found, at least one
public record Problem(List<Mistake> mistakes) {
    public Problem {
        mistakes = List.copyOf(mistakes);
        if (mistakes.isEmpty()) {
            throw new IllegalArgumentException("a problem needs a mistake");
        }
    }

    public static Problem of(Code code, String message) {
        return of("", code, message);
    }

    public static Problem of(String field, Code code, String message) {
        return new Problem(List.of(new Mistake(field, code, message)));
    }

    /// The mistake that decides: the first of the lowest status, where a conflict gives way to
    /// anything else.
    public Mistake lead() {
        Mistake lead = mistakes.get(0);
        for (Mistake mistake : mistakes) {
            if (weight(mistake) < weight(lead)) {
                lead = mistake;
            }
        }
        return lead;
    }

    private static int weight(Mistake mistake) {
        Code.Kind kind = mistake.code().kind();
        return kind == Code.Kind.CONFLICT ? Integer.MAX_VALUE : kind.status();
    }

    public Code code() {
        return lead().code();
    }

    /// HTTP status of the problem.
    public int status() {
        return code().kind().status();
    }

    /// The problem as a failed future's cause.
    public ProblemException toException() {
        return new ProblemException(this);
    }

    public JsonObject toJson() {
        JsonArray errors = new JsonArray();
        mistakes.forEach(mistake -> errors.add(mistake.toJson()));
        return new JsonObject().put("errors", errors);
    }

    public static Problem fromJson(JsonObject json) {
        return new Problem(
                json.getJsonArray("errors").stream()
                        .map(each -> Mistake.fromJson((JsonObject) each))
                        .toList());
    }
}
