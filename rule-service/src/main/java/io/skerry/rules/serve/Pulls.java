package io.skerry.rules.serve;

import io.skerry.rules.limit.Limit;
import io.skerry.rules.limit.LimitHits;
import io.skerry.rules.revision.Contents;
import io.skerry.rules.store.Database;
import io.skerry.rules.store.HeadTable;
import io.skerry.rules.store.InstanceRow;
import io.skerry.rules.store.InstanceTable;
import io.skerry.rules.store.RolloutTable;
import io.skerry.rules.store.Transaction;
import io.skerry.shared.content.PullAnswer;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonArray;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/// What a node gets when it pulls an instance: the steps from where it is, when they are few and
/// kept, or the whole content.
public final class Pulls {
    /// More steps than this are not sent one by one.
    public static final int STEPS_MAX = 20;

    /// Printed contents in memory, for many nodes that pull the same.
    public static final int PRINTED_MAX = 32;

    private final Database database;
    private final Contents contents;
    private final LimitHits hits;
    private final Map<String, Printed> printed = new LinkedHashMap<>(16, 0.75f, true);

    private record Printed(long revision, String digest, Buffer body) {}

    public Pulls(Database database, Contents contents, LimitHits hits) {
        this.hits = hits;
        this.database = database;
        this.contents = contents;
    }

    /// The answer; empty where the instance is gone.
    ///
    /// @param have the revision the node has; 0 for none
    /// @param want digest of the node's target, which may be held back; empty: the newest
    public Optional<Buffer> pull(String instance, long have, String want) {
        return database.read(sql ->
                InstanceTable.find(sql, instance)
                        .map(row -> held(sql, row, want).orElseGet(() -> answer(sql, row, have))));
    }

    private static Optional<Buffer> held(Transaction sql, InstanceRow row, String want) {
        return want.isEmpty() || want.equals(row.digest())
                ? Optional.empty()
                : RolloutTable.heldContent(sql, row.id(), want)
                        .map(content -> new PullAnswer.Whole(content, want).print().toBuffer());
    }

    private Buffer answer(Transaction sql, InstanceRow row, long have) {
        return have > 0 ? steps(sql, row, have).orElseGet(() -> whole(sql, row)) : whole(sql, row);
    }

    private Optional<Buffer> steps(Transaction sql, InstanceRow row, long have) {
        List<HeadTable.Step> steps = HeadTable.stepsAfter(sql, row.id(), have, STEPS_MAX + 1);
        boolean follows =
                have == row.revision() || !steps.isEmpty() && steps.get(0).previous() == have;
        if (follows && steps.size() > STEPS_MAX) {
            hits.hit(Limit.PULL_STEPS);
        }
        if (!follows || steps.size() > STEPS_MAX) {
            return Optional.empty();
        }
        JsonArray changes = new JsonArray();
        for (HeadTable.Step step : steps) {
            if (step.step() == null) {
                return Optional.empty();
            }
            changes.add(step.step());
        }
        return Optional.of(new PullAnswer.Steps(changes).print().toBuffer());
    }

    private Buffer whole(Transaction sql, InstanceRow row) {
        Printed known = printed.get(row.id());
        if (known != null
                && known.revision() == row.revision()
                && Objects.equals(known.digest(), row.digest())) {
            return known.body();
        }
        Buffer body =
                new PullAnswer.Whole(contents.of(sql, row).print(), row.digest())
                        .print()
                        .toBuffer();
        printed.put(row.id(), new Printed(row.revision(), row.digest(), body));
        if (printed.size() > PRINTED_MAX) {
            printed.remove(printed.keySet().iterator().next());
            hits.hit(Limit.CONTENTS_PRINTED);
        }
        return body;
    }
}
