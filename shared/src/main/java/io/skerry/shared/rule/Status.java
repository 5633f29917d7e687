package io.skerry.shared.rule;

import java.util.Locale;
import java.util.Set;

/// How far an instance or a rule is, in EdgeOne's words.
///
/// ```
///            create, change, enable              every required node acknowledged
///   offline ──────────────────────► progress ─────────────────────────────► online
///      ▲                             │    ▲                                  │  ▲
///      │          one node refused   ▼    │ change of the object itself      ▼  │
///      │                            fail ─┴──────────────◄───────────────  (fail)
///      │                             │       heals when no node refuses         │
///      │       every required node has closed and drained                       │
///      └──────────────────────── stopping ◄──────────── disable ────────────────┘
/// ```
///
/// `banned` is set by an operator of the deployment and only refuses writes.
public enum Status {
    PROGRESS,
    ONLINE,
    STOPPING,
    OFFLINE,
    FAIL,
    BANNED;

    private static final Set<Status> RUNNING = Set.of(PROGRESS, ONLINE, FAIL);

    /// Whether the object is wanted to serve.
    public boolean isRunning() {
        return RUNNING.contains(this);
    }

    public boolean canEnable() {
        return this == OFFLINE || this == STOPPING;
    }

    public boolean canDisable() {
        return isRunning();
    }

    public boolean canDelete() {
        return this == OFFLINE;
    }

    /// Whether an instance in this status takes changes of its rules.
    public boolean takesChanges() {
        return this != BANNED && this != STOPPING;
    }

    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    public static Status of(String word) {
        return valueOf(word.toUpperCase(Locale.ROOT));
    }
}
