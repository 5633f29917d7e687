package io.skerry.edge.follow;

import io.skerry.shared.content.InstanceContent;
import io.skerry.shared.content.Targets;

/// A content with its digest, which is not cheap to work out.
record Held(InstanceContent content, String digest) {
    static Held of(InstanceContent content) {
        return new Held(content, content.digest());
    }

    boolean is(Targets.Target target) {
        return target().names(target);
    }

    Targets.Target target() {
        return new Targets.Target(content.revision(), digest);
    }
}
