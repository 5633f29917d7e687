package io.skerry.gateway;

import io.skerry.shared.problem.Code;
import io.skerry.shared.problem.Mistake;
import io.skerry.shared.problem.Problem;
import io.skerry.shared.problem.ProblemException;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.RoutingContext;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The one place where a problem becomes a response.
///
/// @spec https://www.rfc-editor.org/rfc/rfc9457 RFC 9457
final class ProblemResponse {
    static final String MEDIA_TYPE = "application/problem+json";

    private static final Logger log = LoggerFactory.getLogger(ProblemResponse.class);

    private ProblemResponse() {}

    /// Sends whatever made a request fail: a problem as it is, anything else as a bug of ours.
    static void send(RoutingContext context, @Nullable Throwable failure) {
        switch (failure) {
            case ProblemException known -> send(context, known.problem());
            case null, default -> {
                if (context.response().closed()) {
                    return;
                }
                log.error(
                        "{} {} failed, status {}",
                        context.request().method(),
                        context.request().path(),
                        context.statusCode(),
                        failure);
                send(context, Problem.of(Code.INTERNAL, "a bug; the log of the gateway has it"));
            }
        }
    }

    static void send(RoutingContext context, Problem problem) {
        HttpServerResponse response = context.response();
        if (response.ended() || response.closed()) {
            return;
        }
        if (response.headWritten()) {
            context.request().connection().close();
            return;
        }
        if (problem.code().kind() == Code.Kind.UNAVAILABLE) {
            response.putHeader("Retry-After", "1");
        }
        if (context.request().headers().contains("Expect")) {
            // The caller still waits for leave to send its body, and will not get it.
            response.putHeader("Connection", "close");
        }
        response.setStatusCode(problem.status())
                .putHeader("Content-Type", MEDIA_TYPE)
                .end(document(problem).toBuffer());
    }

    /// The problem document: what decides first, then every mistake.
    static JsonObject document(Problem problem) {
        Code code = problem.code();
        List<Mistake> mistakes = problem.mistakes();
        JsonArray errors = new JsonArray();
        mistakes.forEach(mistake -> errors.add(mistake.toJson()));
        return new JsonObject()
                .put("type", "urn:skerry:problem:" + code.word())
                .put("title", title(code))
                .put("status", problem.status())
                .put("detail", detail(problem.lead(), mistakes.size()))
                .put("code", code.word())
                .put("errors", errors);
    }

    private static String detail(Mistake lead, int count) {
        String sentence =
                lead.field().isEmpty() ? lead.message() : lead.field() + ": " + lead.message();
        return switch (count) {
            case 1 -> sentence;
            case 2 -> sentence + " (and one more mistake)";
            default -> sentence + " (and " + (count - 1) + " more mistakes)";
        };
    }

    private static String title(Code code) {
        return switch (code) {
            case UNREADABLE -> "The body cannot be read";
            case WRONG_TYPE -> "A value has the wrong type";
            case UNKNOWN_FIELD -> "A name is not known";
            case MISSING -> "Something is missing";
            case OUT_OF_RANGE -> "A value is out of range";
            case BAD_FORMAT -> "A value has the wrong form";
            case NOT_ALLOWED -> "A value is not allowed";
            case RESERVED_PORT -> "The port is reserved";
            case DUPLICATE_PORT -> "A port stands there twice";
            case INCOMPATIBLE -> "Two values do not go together";
            case NOT_CHANGEABLE -> "The field cannot be changed";
            case UNKNOWN_GROUP -> "There is no such origin group";
            case TOO_MANY -> "There are too many items";
            case LOOP -> "The rule would forward to this deployment";
            case PORT_TAKEN -> "The port is taken";
            case NAME_TAKEN -> "The name is taken";
            case WRONG_STATE -> "The state does not allow the call";
            case QUOTA -> "The quota is reached";
            case NO_SLOT -> "There is no free slot";
            case IN_USE -> "The object is in use";
            case KEY_REUSED -> "The Idempotency-Key belongs to another request";
            case NOT_FOUND -> "There is no such object";
            case GONE -> "The history does not reach that far back";
            case STALE -> "The object has changed in the meantime";
            case TOO_LARGE -> "The request is too large";
            case UNAVAILABLE -> "The service is not available";
            case OUTCOME_UNKNOWN -> "The outcome is not known";
            case FORBIDDEN -> "The caller may not do this";
            case METHOD_NOT_ALLOWED -> "The method is not allowed here";
            case UNSUPPORTED_MEDIA_TYPE -> "The body has the wrong media type";
            case INTERNAL -> "The service failed";
        };
    }
}
