package io.skerry.edge.listener;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class DescriptorBudgetTest {
    private final DescriptorBudget budget = new DescriptorBudget(20_000, 2_000);

    @Test
    void takesWhatFitsToTheLastDescriptorAndNoMore() {
        assertThat(budget.forListeners()).isEqualTo(17_744);
        assertThat(budget.refusal(744, 17_000)).isEmpty();
        assertThat(budget.refusal(745, 17_000)).isPresent();
    }

    @Test
    void saysHowManyAreNeededAndFree() {
        Refusal refusal = budget.refusal(10, 56_001).orElseThrow();

        assertThat(refusal.code()).isEqualTo(Refusal.Code.DESCRIPTORS);
        assertThat(refusal.toString()).startsWith("descriptors: ").contains("56001", "17734");
    }

    @Test
    void keepsNoMoreThanHalfForSessions() {
        assertThat(new DescriptorBudget(1_024, 2_000).forListeners()).isEqualTo(256);
    }
}
