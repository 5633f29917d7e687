package io.skerry.shared.problem;

import java.util.List;
import java.util.function.Function;

/// What became of a check: the value, or everything that is wrong with it.
public sealed interface Checked<T> {
    /// The input became a value that cannot be wrong.
    record Ok<T>(T value) implements Checked<T> {}

    /// The input was refused.
    record Refused<T>(List<Mistake> mistakes) implements Checked<T> {
        public Refused {
            mistakes = List.copyOf(mistakes);
        }
    }

    /// The value, or a {@link ProblemException} with all mistakes.
    default T orThrow() {
        return switch (this) {
            case Ok<T>(T value) -> value;
            case Refused<T>(List<Mistake> mistakes) ->
                    throw new ProblemException(new Problem(mistakes));
        };
    }

    /// The mistakes; empty for a value.
    default List<Mistake> mistakes() {
        return switch (this) {
            case Ok<T> ok -> List.of();
            case Refused<T>(List<Mistake> mistakes) -> mistakes;
        };
    }

    default <R> Checked<R> map(Function<? super T, ? extends R> change) {
        return switch (this) {
            case Ok<T>(T value) -> new Ok<>(change.apply(value));
            case Refused<T>(List<Mistake> mistakes) -> new Refused<>(mistakes);
        };
    }
}
