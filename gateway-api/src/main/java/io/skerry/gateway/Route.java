package io.skerry.gateway;

import io.vertx.core.Handler;
import io.vertx.core.http.HttpMethod;
import io.vertx.ext.web.RoutingContext;
import java.util.Set;

/// One line of the route table.
///
/// @param method the HTTP method
/// @param path template with names in braces, such as `/v1/instances/{instance}`
/// @param query every query parameter the call knows
/// @param handler answers it
record Route(HttpMethod method, String path, Set<String> query, Handler<RoutingContext> handler) {
    /// The template as vertx-web writes it: `/v1/instances/:instance`.
    String pattern() {
        return path.replace("{", ":").replace("}", "");
    }
}
