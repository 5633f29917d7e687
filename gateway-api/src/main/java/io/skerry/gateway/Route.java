package io.skerry.gateway;

import io.vertx.core.Handler;
import io.vertx.core.http.HttpMethod;
import io.vertx.ext.web.RoutingContext;
import java.util.List;
import java.util.Set;

/// One line of the route table.
///
/// @param method the HTTP method
/// @param path template with names in braces, such as `/v1/instances/{instance}`
/// @param query every query parameter the call knows
/// @param handler answers it
record Route(HttpMethod method, String path, Set<String> query, Handler<RoutingContext> handler) {
    /// The methods it answers: what can be read can also be asked for without its body.
    ///
    /// @spec https://www.rfc-editor.org/rfc/rfc9110#section-9.1 RFC 9110, section 9.1
    List<HttpMethod> methods() {
        return method == HttpMethod.GET
                ? List.of(HttpMethod.GET, HttpMethod.HEAD)
                : List.of(method);
    }

    /// The template as vertx-web writes it: `/v1/instances/:instance`.
    String pattern() {
        return path.replace("{", ":").replace("}", "");
    }
}
