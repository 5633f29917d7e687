package io.skerry.rules.revision;

import io.skerry.shared.bus.RuleRequest;
import io.skerry.shared.problem.Code;
import io.skerry.shared.problem.Problem;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The caller's `If-Match`: change only what I have seen.
public final class IfMatch {
    private static final Pattern FORM = Pattern.compile("\"?(\\d{1,18})\"?");

    private IfMatch() {}

    /// Throws `stale` where the caller saw another revision than the stored one.
    ///
    /// @param stored revision of the object now
    public static void check(RuleRequest request, long stored) {
        String given = request.ifMatch();
        if (given == null || given.strip().equals("*")) {
            return;
        }
        for (String each : given.split(",", -1)) {
            Matcher form = FORM.matcher(each.strip());
            if (!form.matches()) {
                throw Problem.of(
                                "If-Match",
                                Code.BAD_FORMAT,
                                "must be a revision such as \"17\", or *")
                        .toException();
            }
            if (Long.parseLong(form.group(1)) == stored) {
                return;
            }
        }
        throw Problem.of("If-Match", Code.STALE, "the current revision is " + stored).toException();
    }

    /// Throws `stale` where a call that has no object with an ETag names one: it has not seen what
    /// it thinks.
    public static void checkNone(RuleRequest request) {
        String given = request.ifMatch();
        if (given != null && !given.strip().equals("*")) {
            throw Problem.of("If-Match", Code.STALE, "the call has no object with an ETag")
                    .toException();
        }
    }
}
