package io.skerry.shared.bus;

/// Every address of the event bus.
public final class BusAddress {
    /// Request: a {@link RuleRequest} as JSON, answered by any rule service with a {@link
    /// RuleReply}.
    public static final String RULES = "skerry.rules.v1";

    /// Publish: a {@link io.skerry.shared.content.ContentChange} as JSON, after each commit; with
    /// the field `small` false and no rules where nodes must pull. Nothing but `small` false asks
    /// nodes to report and pull because something else than a content has changed. May be lost,
    /// doubled or late.
    public static final String CHANGED = "skerry.changed.v1";

    /// Publish: one {@link Event} as JSON, for people who watch. May be lost.
    public static final String EVENTS = "skerry.events.v1";

    /// Request: what an edge node of the same process asks its rule service, instead of over HTTP:
    /// `{"call":"sync","report":{…}}` or
    /// `{"call":"pull","instance":"sid-…","have":17,"want":"<digest>"}`, answered with
    /// `{"status":200,"body":{…}}`.
    public static final String NODES = "skerry.nodes.v1";

    private static final String PROBE = "skerry.probe.v1.";

    private BusAddress() {}

    /// Request: a {@link io.skerry.shared.content.PortProbe} as JSON, answered by the one node of
    /// this boot with its `Answer`.
    public static String probe(String boot) {
        return PROBE + boot;
    }
}
