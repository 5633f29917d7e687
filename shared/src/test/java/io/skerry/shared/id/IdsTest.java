package io.skerry.shared.id;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class IdsTest {
    @Test
    void drawsIdentitiesOfEdgeOnesForm() {
        Random random = new Random(1);
        Set<String> drawn = new HashSet<>();
        for (int i = 0; i < 10_000; i++) {
            for (String prefix : List.of(Ids.INSTANCE, Ids.RULE, Ids.ORIGIN_GROUP)) {
                String id = Ids.next(prefix, random);
                assertThat(id).matches(prefix + "[0-9a-z]{12}");
                assertThat(Ids.isId(id)).isTrue();
                assertThat(drawn.add(id)).isTrue();
            }
        }
    }

    @Test
    void knowsWhatIsNone() {
        for (String text :
                List.of(
                        "",
                        "sid-",
                        "sid-00000000000",
                        "sid-0000000000000",
                        "sid-00000000000A",
                        "SID-000000000000",
                        "xx-000000000000",
                        " sid-000000000000",
                        "rule-000000000000\n")) {
            assertThat(Ids.isId(text)).as(text).isFalse();
        }
    }
}
