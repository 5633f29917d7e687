package io.skerry.shared.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.skerry.shared.net.HostPort;
import java.util.List;
import org.junit.jupiter.api.Test;

final class LastingNodesTest {
    private static final ClusterMember.Node A = node("a", 1);
    private static final ClusterMember.Node B = node("b", 2);
    private static final ClusterMember.Node C = node("c", 3);

    private final LastingNodes lasting = new LastingNodes();

    private static ClusterMember.Node node(String id, int port) {
        return new ClusterMember.Node(id, HostPort.parse("127.0.0.1:" + port).orElseThrow());
    }

    private List<String> at(long millis, ClusterMember.Node... listed) {
        return lasting.of(List.of(listed), millis).stream().map(ClusterMember.Node::id).toList();
    }

    @Test
    void thoseInTheListAreSpokenTo() {
        assertThat(at(0)).isEmpty();
        assertThat(at(0, A, B)).containsExactly("a", "b");
    }

    @Test
    void oneThatLeftTheListIsSpokenToForHalfAMinuteMoreAndNoLonger() {
        at(0, A, B);
        assertThat(at(5_000, A)).containsExactly("a", "b");
        assertThat(at(35_000, A)).containsExactly("a", "b");
        assertThat(at(35_001, A)).containsExactly("a");
    }

    @Test
    void eachHasItsOwnHalfMinute() {
        at(0, A, B, C);
        at(1_000, A, B);
        at(2_000, A);
        assertThat(at(31_000, A)).containsExactly("a", "c", "b");
        assertThat(at(31_001, A)).containsExactly("a", "b");
        assertThat(at(32_001, A)).containsExactly("a");
    }

    @Test
    void oneThatComesBackIsThereOnceAndForGood() {
        at(0, A, B);
        at(1_000, A);
        assertThat(at(2_000, A, B)).containsExactly("a", "b");
        assertThat(at(100_000, A, B)).containsExactly("a", "b");
        assertThat(at(100_001, A)).containsExactly("a", "b");
        assertThat(at(130_001, A)).containsExactly("a", "b");
    }

    @Test
    void oneWhosePlaceIsTakenIsForgottenAtOnce() {
        at(0, A, B);
        assertThat(at(1_000, A)).containsExactly("a", "b");
        assertThat(at(2_000, A, node("again", 2))).containsExactly("a", "again");
        assertThat(at(2_001, A)).containsExactly("a", "again");
    }

    @Test
    void whenAllAreGoneAllLast() {
        at(0, A, B);
        assertThat(at(1)).containsExactlyInAnyOrder("a", "b");
        assertThat(at(30_001)).containsExactly("a", "b");
        assertThat(at(30_002)).isEmpty();
    }
}
