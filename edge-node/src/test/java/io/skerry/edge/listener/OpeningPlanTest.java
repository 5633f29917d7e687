package io.skerry.edge.listener;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.shared.net.IpText;
import io.skerry.shared.net.Protocol;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

final class OpeningPlanTest {
    private static final DescriptorBudget AMPLE = new DescriptorBudget(100_000, 0);

    private static ListenerPlan opening(int rules, int ports) {
        Map<ListenerKey, WantedListener> wanted = new HashMap<>();
        for (int rule = 0; rule < rules; rule++) {
            WantedListener each = Rules.wanted("rule-" + rule, Protocol.TCP, 9);
            for (int i = 0; i < ports; i++) {
                wanted.put(
                        new ListenerKey(
                                Protocol.TCP,
                                IpText.parse("127.0.0.1").orElseThrow(),
                                1 + rule * ports + i),
                        each);
            }
        }
        return ListenerPlan.of(Map.of(), wanted);
    }

    private static InheritedSockets.Before before(Set<Integer> sockets, Set<Integer> steered) {
        return new InheritedSockets.Before(keys(sockets), keys(steered));
    }

    private static Set<ListenerKey> keys(Set<Integer> ports) {
        return ports.stream()
                .map(port ->
                        new ListenerKey(
                                Protocol.TCP, IpText.parse("127.0.0.1").orElseThrow(), port))
                .collect(Collectors.toSet());
    }

    private static List<OpeningPlan.Opening> plan(
            int rules, int ports, Steering.Mode mode, boolean canSteer, DescriptorBudget budget) {
        return plan(rules, ports, before(Set.of(), Set.of()), mode, canSteer, budget);
    }

    private static List<OpeningPlan.Opening> plan(
            int rules,
            int ports,
            InheritedSockets.Before before,
            Steering.Mode mode,
            boolean canSteer,
            DescriptorBudget budget) {
        return OpeningPlan.of(
                        opening(rules, ports),
                        new OpeningPlan.Terms(rules * ports, 0, 0, before),
                        mode,
                        canSteer,
                        budget,
                        2)
                .rules();
    }

    @Test
    void steersByItselfAboveAThousandPorts() {
        assertThat(plan(50, 20, Steering.Mode.AUTO, true, AMPLE))
                .hasSize(50)
                .noneMatch(OpeningPlan.Opening::steered);
        assertThat(plan(1, 1_001, Steering.Mode.AUTO, true, AMPLE))
                .allMatch(OpeningPlan.Opening::steered);
    }

    @Test
    void steersWhatDoesNotFitTheDescriptors() {
        DescriptorBudget tight = new DescriptorBudget(112, 0);
        assertThat(tight.forListeners()).isEqualTo(84);

        assertThat(plan(3, 20, Steering.Mode.AUTO, true, tight))
                .extracting(OpeningPlan.Opening::steered)
                .containsExactly(false, false, true);
    }

    @Test
    void doesAsItIsToldWhereItCan() {
        assertThat(plan(1, 1, Steering.Mode.ON, true, AMPLE))
                .allMatch(OpeningPlan.Opening::steered);
        assertThat(plan(1, 5_000, Steering.Mode.AUTO, false, AMPLE))
                .noneMatch(OpeningPlan.Opening::steered);
    }

    @Test
    void steersNoRuleThatHasAnInheritedSocket() {
        assertThat(plan(2, 2, before(Set.of(2), Set.of()), Steering.Mode.ON, true, AMPLE))
                .extracting(OpeningPlan.Opening::steered)
                .containsExactly(false, true);
    }

    @Test
    void aRuleThatWasSteeredStaysSoHoweverFewPortsThereAre() {
        InheritedSockets.Before before = before(Set.of(), Set.of(2));

        assertThat(plan(2, 2, before, Steering.Mode.AUTO, true, AMPLE))
                .extracting(OpeningPlan.Opening::steered)
                .containsExactly(true, false);
        assertThat(plan(2, 2, before, Steering.Mode.AUTO, false, AMPLE))
                .noneMatch(OpeningPlan.Opening::steered);
    }

    /// A rule that got more ports when the node had many already.
    @Test
    void eachPortOfARuleThatWasServedBothWaysIsServedAsBefore() {
        List<OpeningPlan.Opening> openings =
                plan(1, 4, before(Set.of(1, 2), Set.of(3)), Steering.Mode.AUTO, true, AMPLE);

        assertThat(openings).extracting(OpeningPlan.Opening::steered).containsExactly(true, false);
        assertThat(openings.getFirst().keys()).hasSameElementsAs(keys(Set.of(3)));
        assertThat(openings.getLast().keys()).hasSameElementsAs(keys(Set.of(1, 2, 4)));
    }

    @Test
    void aPortHasASocketOnEachLoopWhilePortsAreFew() {
        assertThat(plan(1, 500, Steering.Mode.OFF, false, AMPLE).getFirst().descriptors())
                .isEqualTo(1_000);
        assertThat(plan(1, 501, Steering.Mode.OFF, false, AMPLE).getFirst().descriptors())
                .isEqualTo(501);
    }
}
