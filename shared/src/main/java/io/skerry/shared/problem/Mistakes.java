package io.skerry.shared.problem;

import java.util.ArrayList;
import java.util.List;

/// Collects mistakes, so that a caller gets all of them at once.
public final class Mistakes {
    private final List<Mistake> found = new ArrayList<>();

    public void add(String field, Code code, String message) {
        found.add(new Mistake(field, code, message));
    }

    /// Adds what was found in a part, with the part's path in front.
    public void addAll(String prefix, List<Mistake> mistakes) {
        mistakes.forEach(mistake -> found.add(mistake.under(prefix)));
    }

    public boolean isEmpty() {
        return found.isEmpty();
    }

    public List<Mistake> list() {
        return List.copyOf(found);
    }

    /// Throws all mistakes as one problem, if there is any.
    public void throwIfAny() {
        if (!found.isEmpty()) {
            throw new ProblemException(new Problem(found));
        }
    }
}
