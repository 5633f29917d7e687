package io.skerry.shared.problem;

/// Carries a {@link Problem} through a failed future; no stack trace, since it is no bug.
public final class ProblemException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final transient Problem problem;

    public ProblemException(Problem problem) {
        super(problem.lead().message(), null, false, false);
        this.problem = problem;
    }

    public Problem problem() {
        return problem;
    }
}
