package io.skerry.rules.serve;

import io.skerry.rules.limit.Limit;
import io.skerry.rules.limit.LimitHits;
import io.skerry.rules.node.Reports;
import io.skerry.shared.bus.BusAddress;
import io.skerry.shared.content.NodeReport;
import io.skerry.shared.id.Ids;
import io.skerry.shared.net.HostPort;
import io.skerry.shared.problem.Code;
import io.skerry.shared.problem.Problem;
import io.skerry.shared.problem.ProblemException;
import io.skerry.shared.process.Bus;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.BodyHandler;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// HTTP for edge nodes: `POST /node/v1/sync` and `GET /node/v1/instances/{sid}`.
public final class NodeApi {
    /// Size of a report, in bytes.
    public static final int REPORT_BYTES_MAX = 8 * 1024 * 1024;

    private static final Logger log = LoggerFactory.getLogger(NodeApi.class);

    /// A connection on which nothing moves for so long ends.
    public static final int IDLE_SECONDS = 60;

    private static final String JSON = "application/json";

    private final Reports reports;
    private final Pulls pulls;
    private final Optional<String> token;
    private final LimitHits hits;

    /// @param token what nodes must show; empty: nothing
    public NodeApi(Reports reports, Pulls pulls, Optional<String> token, LimitHits hits) {
        this.hits = hits;
        this.reports = reports;
        this.pulls = pulls;
        this.token = token;
    }

    /// Listens; handlers run on the calling context, which must be one that may wait.
    public Future<HttpServer> listen(Vertx vertx, HostPort bind) {
        Router router = Router.router(vertx);
        router.route("/node/v1/*").handler(this::checkToken);
        router.post("/node/v1/sync")
                .handler(BodyHandler.create(false).setBodyLimit(REPORT_BYTES_MAX))
                .handler(this::sync);
        router.get("/node/v1/instances/:instance").handler(this::pull);
        router.errorHandler(
                413,
                context -> {
                    hits.hit(Limit.NODE_REPORT_BYTES);
                    refuse(context, 413, Code.TOO_LARGE, "the report is too large");
                });
        router.errorHandler(
                404, context -> refuse(context, 404, Code.NOT_FOUND, "there is no such path"));
        router.errorHandler(
                405,
                context ->
                        refuse(
                                context,
                                405,
                                Code.METHOD_NOT_ALLOWED,
                                "the path does not take this method"));
        router.route().failureHandler(NodeApi::failed);
        HttpServerOptions options =
                new HttpServerOptions().setIdleTimeout(IDLE_SECONDS).setCompressionSupported(true);
        return vertx.createHttpServer(options)
                .requestHandler(router)
                .listen(bind.port(), bind.host());
    }

    /// Serves the node of the same process over the bus.
    public void serve(Bus bus, Context home) {
        bus.serve(
                BusAddress.NODES,
                message -> {
                    Promise<JsonObject> reply = Promise.promise();
                    home.runOnContext(v -> reply.complete(answer(message)));
                    return reply.future();
                });
    }

    private JsonObject answer(JsonObject message) {
        try {
            return message.getString("call").equals("sync")
                    ? synced(reports.take(read(message.getJsonObject("report")), true))
                    : pulls.pull(
                                    message.getString("instance"),
                                    message.getLong("have"),
                                    message.getString("want", ""))
                            .map(body ->
                                    new JsonObject()
                                            .put("status", 200)
                                            .put("body", body.toJsonObject()))
                            .orElseGet(() -> new JsonObject().put("status", 404));
        } catch (ProblemException refused) {
            return new JsonObject().put("status", refused.problem().status());
        }
    }

    private static JsonObject synced(Reports.Outcome outcome) {
        return switch (outcome) {
            case Reports.Outcome.Taken(var targets) ->
                    new JsonObject().put("status", 200).put("body", targets.print());
            case Reports.Outcome.NameTaken(String message) ->
                    new JsonObject()
                            .put("status", 409)
                            .put("body", new JsonObject().put("message", message));
        };
    }

    private void checkToken(RoutingContext context) {
        if (token.isEmpty() || matches(context.request().getHeader("Authorization"))) {
            context.next();
            return;
        }
        context.response().putHeader("WWW-Authenticate", "Bearer");
        refuse(context, 401, "unauthorized", "the node token is missing or wrong");
    }

    /// Compares without telling by its time how much was right.
    private boolean matches(@Nullable String header) {
        byte[] given = (header == null ? "" : header).getBytes(StandardCharsets.UTF_8);
        byte[] right = ("Bearer " + token.orElse("")).getBytes(StandardCharsets.UTF_8);
        return MessageDigest.isEqual(given, right);
    }

    private void sync(RoutingContext context) {
        NodeReport report = read(context.body().buffer());
        switch (reports.take(report)) {
            case Reports.Outcome.Taken(var targets) -> answer(context, targets.print().toBuffer());
            case Reports.Outcome.NameTaken(String message) ->
                    refuse(context, 409, Code.NAME_TAKEN, message);
        }
    }

    private NodeReport read(@Nullable Buffer body) {
        try {
            JsonObject json = body == null ? new JsonObject() : new JsonObject(body);
            if (json.encode().contains("\\u0000")) {
                throw new IllegalArgumentException("zero characters");
            }
            return read(json);
        } catch (RuntimeException unreadable) {
            throw unreadable();
        }
    }

    private NodeReport read(JsonObject json) {
        try {
            return NodeReport.read(json);
        } catch (NodeReport.TooManyCounted beyond) {
            hits.hit(Limit.NODE_COUNTED_RULES);
            throw unreadable();
        } catch (RuntimeException unreadable) {
            throw unreadable();
        }
    }

    private static ProblemException unreadable() {
        return Problem.of(Code.UNREADABLE, "the body is no node report").toException();
    }

    private void pull(RoutingContext context) {
        String instance = Objects.requireNonNullElse(context.pathParam("instance"), "");
        String have = context.request().getParam("have", "0");
        if (!have.matches("[0-9]{1,18}")) {
            refuse(context, 400, Code.BAD_FORMAT, "'have' must be a revision");
            return;
        }
        String want = context.request().getParam("want", "");
        if (!want.matches("[0-9a-f]{0,64}")) {
            refuse(context, 400, Code.BAD_FORMAT, "'want' must be a digest");
            return;
        }
        Optional<Buffer> body =
                Ids.isId(instance)
                        ? pulls.pull(instance, Long.parseLong(have), want)
                        : Optional.empty();
        if (body.isPresent()) {
            answer(context, body.get());
        } else {
            refuse(context, 404, Code.NOT_FOUND, "there is no instance " + instance);
        }
    }

    private static void answer(RoutingContext context, Buffer body) {
        context.response().putHeader("Content-Type", JSON).end(body);
    }

    private static void failed(RoutingContext context) {
        switch (context.failure()) {
            case ProblemException refused -> {
                Problem problem = refused.problem();
                refuse(context, problem.status(), problem.code(), problem.lead().message());
            }
            case null -> context.next();
            default -> {
                log.error("bug while answering {}", context.request().path(), context.failure());
                refuse(context, 500, Code.INTERNAL, "an unexpected error");
            }
        }
    }

    private static void refuse(RoutingContext context, int status, Code code, String message) {
        refuse(context, status, code.word(), message);
    }

    private static void refuse(RoutingContext context, int status, String code, String message) {
        if (context.response().ended()) {
            return;
        }
        JsonObject problem =
                new JsonObject()
                        .put("type", "urn:skerry:problem:" + code)
                        .put("status", status)
                        .put("code", code)
                        .put("message", message)
                        .put("detail", message);
        context.response()
                .setStatusCode(status)
                .putHeader("Content-Type", "application/problem+json")
                .end(problem.toBuffer());
    }
}
