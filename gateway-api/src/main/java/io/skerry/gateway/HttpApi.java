package io.skerry.gateway;

import static io.skerry.shared.bus.Operation.*;
import static io.vertx.core.http.HttpMethod.DELETE;
import static io.vertx.core.http.HttpMethod.GET;
import static io.vertx.core.http.HttpMethod.PATCH;
import static io.vertx.core.http.HttpMethod.POST;
import static io.vertx.core.http.HttpMethod.PUT;

import io.skerry.shared.bus.Operation;
import io.vertx.core.Handler;
import io.vertx.core.http.HttpMethod;
import io.vertx.ext.web.RoutingContext;
import java.util.List;
import java.util.Set;

/// Every call of the API, one line each. Where two paths match, the earlier one counts.
final class HttpApi {
    private final RuleCalls rules;
    private final EventStream events;
    private final HealthCalls health;

    HttpApi(RuleCalls rules, EventStream events, HealthCalls health) {
        this.rules = rules;
        this.events = events;
        this.health = health;
    }

    List<Route> routes() {
        String instances = "/v1/instances";
        String instance = "/v1/instances/{instance}";
        String rulesOf = "/v1/instances/{instance}/rules";
        String rule = "/v1/instances/{instance}/rules/{rule}";
        String groups = "/v1/origin-groups";
        String group = "/v1/origin-groups/{group}";
        return List.of(
                call(POST, instances, CREATE_INSTANCE, Takes.OBJECT),
                call(GET, instances, LIST_INSTANCES, Takes.NOTHING, "offset", "limit"),
                call(GET, instance, GET_INSTANCE, Takes.NOTHING),
                call(PATCH, instance, PATCH_INSTANCE, Takes.MERGE_PATCH, "rollout"),
                call(DELETE, instance, DELETE_INSTANCE, Takes.NOTHING),
                call(POST, instance + "/enable", ENABLE_INSTANCE, Takes.NOTHING),
                call(POST, instance + "/disable", DISABLE_INSTANCE, Takes.NOTHING),
                call(POST, instance + "/rollback", ROLLBACK_INSTANCE, Takes.OBJECT, "rollout"),
                call(GET, instance + "/rollout", GET_INSTANCE_ROLLOUT, Takes.NOTHING),
                call(POST, instance + "/rollout/pause", PAUSE_ROLLOUT, Takes.NOTHING),
                call(POST, instance + "/rollout/resume", RESUME_ROLLOUT, Takes.NOTHING),
                call(POST, instance + "/rollout/abort", ABORT_ROLLOUT, Takes.NOTHING),
                call(GET, instance + "/diff", GET_DIFF, Takes.NOTHING, "from", "to"),
                call(POST, rulesOf + "/import", IMPORT_RULES, Takes.RULE_TEXT, "dryRun", "rollout"),
                call(GET, rulesOf + "/export", EXPORT_RULES, Takes.NOTHING, "format"),
                call(POST, rulesOf, CREATE_RULES, Takes.OBJECT_OR_ARRAY, "dryRun", "rollout"),
                call(GET, rulesOf, LIST_RULES, Takes.NOTHING, RULE_FILTERS),
                call(GET, rule, GET_RULE, Takes.NOTHING),
                call(PATCH, rule, PATCH_RULE, Takes.MERGE_PATCH, "dryRun", "rollout"),
                call(DELETE, rule, DELETE_RULE, Takes.NOTHING, "dryRun", "rollout"),
                call(POST, rule + "/enable", ENABLE_RULE, Takes.NOTHING, "dryRun", "rollout"),
                call(POST, rule + "/disable", DISABLE_RULE, Takes.NOTHING, "dryRun", "rollout"),
                call(GET, rule + "/rollout", GET_ROLLOUT, Takes.NOTHING),
                call(POST, groups, CREATE_ORIGIN_GROUP, Takes.OBJECT),
                call(GET, groups, LIST_ORIGIN_GROUPS, Takes.NOTHING, "offset", "limit"),
                call(GET, group, GET_ORIGIN_GROUP, Takes.NOTHING),
                call(PUT, group, PUT_ORIGIN_GROUP, Takes.OBJECT, "rollout"),
                call(DELETE, group, DELETE_ORIGIN_GROUP, Takes.NOTHING),
                call(GET, "/v1/nodes", LIST_NODES, Takes.NOTHING, "offset", "limit"),
                call(DELETE, "/v1/nodes/{node}", DELETE_NODE, Takes.NOTHING),
                call(POST, "/v1/nodes/{node}/drain", DRAIN_NODE, Takes.NOTHING),
                call(POST, "/v1/nodes/{node}/undrain", UNDRAIN_NODE, Takes.NOTHING),
                call(GET, "/v1/revisions", LIST_REVISIONS, Takes.NOTHING, "offset", "limit"),
                call(GET, "/v1/revisions/{revision}", GET_REVISION, Takes.NOTHING),
                own(GET, "/v1/events", events::watch),
                own(GET, "/health/live", health::live),
                own(GET, "/health/ready", health::ready),
                own(GET, "/openapi.yaml", new OpenApi()));
    }

    private static final String[] RULE_FILTERS = {
        "offset", "limit", "protocol", "port", "tag", "status"
    };

    /// A call that the rule service answers.
    private Route call(
            HttpMethod method, String path, Operation operation, Takes takes, String... query) {
        return new Route(
                method, path, Set.of(query), context -> rules.handle(context, operation, takes));
    }

    /// A call that the gateway answers itself.
    private static Route own(HttpMethod method, String path, Handler<RoutingContext> handler) {
        return new Route(method, path, Set.of(), handler);
    }
}
