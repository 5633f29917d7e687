package io.skerry.shared.bus;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class OperationTest {
    @Test
    void waitsLongerForWritesThanForReads() {
        for (Operation operation : Operation.values()) {
            String name = operation.name();
            boolean read = name.matches("(GET|LIST|EXPORT)_.*|PING");
            assertThat(operation.isWrite()).as(name).isNotEqualTo(read);
            assertThat(operation.deadlineMillis()).isEqualTo(read ? 2_000 : 5_000);
        }
    }
}
