package io.skerry.gateway;

import io.vertx.core.Handler;
import io.vertx.core.buffer.Buffer;
import io.vertx.ext.web.RoutingContext;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Objects;

/// Answers `GET /openapi.yaml`: the description of the API, as it was built into the program.
final class OpenApi implements Handler<RoutingContext> {
    private final Buffer document = Buffer.buffer(load());

    /// The document's bytes, UTF-8.
    static byte[] load() {
        try (InputStream in = OpenApi.class.getResourceAsStream("openapi.yaml")) {
            return Objects.requireNonNull(in, "openapi.yaml is not in the jar").readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void handle(RoutingContext context) {
        context.response().putHeader("Content-Type", "application/yaml").end(document);
    }
}
