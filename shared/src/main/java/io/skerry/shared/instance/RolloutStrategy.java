package io.skerry.shared.instance;

import io.skerry.shared.input.FieldReader;
import io.skerry.shared.problem.Checked;
import io.skerry.shared.problem.Mistake;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Pattern;

/// How changes of an instance reach its nodes.
///
/// @param order to all at once, or to a few first
/// @param canaryLabel label of the nodes that are first, 1 to 63 of `A-Z a-z 0-9 . _ -`; default
///   `canary`
/// @param canaryPercent share of the nodes that are first where none has the label, 1 to 100,
///   default 10; one node at least
/// @param observeSeconds time that the first ones are watched, 1 to 3,600, default 30
public record RolloutStrategy(
        Order order, String canaryLabel, int canaryPercent, int observeSeconds) {
    /// To whom a change goes.
    public enum Order {
        /// To every node at once.
        ALL,
        /// To the canaries, and when they have been well for a while, to the others.
        WAVES;

        public String word() {
            return name().toLowerCase(java.util.Locale.ROOT);
        }
    }

    public static final RolloutStrategy DEFAULT = new RolloutStrategy(Order.ALL, "canary", 10, 30);

    private static final Pattern LABEL = Pattern.compile("[A-Za-z0-9._-]{1,63}");

    /// Whether a text can be the label of a node.
    public static boolean isLabel(String text) {
        return LABEL.matcher(text).matches();
    }

    /// Reads what people say: a merge patch on what holds now.
    public Checked<RolloutStrategy> patch(JsonObject body) {
        FieldReader fields = new FieldReader(body);
        RolloutStrategy next =
                new RolloutStrategy(
                        Objects.requireNonNull(fields.oneOf("strategy", Order.class, false, order)),
                        Objects.requireNonNull(
                                fields.parsed(
                                        "canaryLabel",
                                        text -> Optional.of(text).filter(t -> isLabel(t)),
                                        "1 to 63 of A-Z a-z 0-9 . _ -",
                                        canaryLabel)),
                        fields.integer("canaryPercent", canaryPercent, 1, 100),
                        fields.integer("observeSeconds", observeSeconds, 1, 3_600));
        List<Mistake> mistakes = fields.mistakes();
        return mistakes.isEmpty() ? new Checked.Ok<>(next) : new Checked.Refused<>(mistakes);
    }

    public JsonObject print() {
        return new JsonObject()
                .put("strategy", order.word())
                .put("canaryLabel", canaryLabel)
                .put("canaryPercent", canaryPercent)
                .put("observeSeconds", observeSeconds);
    }
}
