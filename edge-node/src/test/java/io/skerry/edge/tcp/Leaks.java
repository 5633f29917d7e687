package io.skerry.edge.tcp;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.netty.buffer.ByteBufAllocator;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.slf4j.LoggerFactory;

/// Fails a test class in which a buffer leaked.
final class Leaks implements BeforeAllCallback, AfterAllCallback {
    private final ListAppender<ILoggingEvent> seen = new ListAppender<>();
    private final Logger logger =
            (Logger) LoggerFactory.getLogger("io.netty.util.ResourceLeakDetector");

    @Override
    public void beforeAll(ExtensionContext context) {
        seen.start();
        logger.addAppender(seen);
    }

    @Override
    public void afterAll(ExtensionContext context) {
        for (int i = 0; i < 3; i++) {
            System.gc();
            // A report comes with the next allocation after the collector found the leak.
            for (int j = 0; j < 100; j++) {
                ByteBufAllocator.DEFAULT.directBuffer(16).release();
            }
        }
        logger.detachAppender(seen);
        assertThat(seen.list).as("leaks").isEmpty();
    }
}
