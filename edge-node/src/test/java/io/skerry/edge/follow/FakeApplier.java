package io.skerry.edge.follow;

import io.skerry.shared.content.InstanceContent;
import io.vertx.core.Future;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/// Remembers what it was told to run and refuses what a test names.
public class FakeApplier implements Applier {
    public final List<SortedMap<String, InstanceContent>> applied = new CopyOnWriteArrayList<>();
    public final Map<String, String> refusals = new ConcurrentHashMap<>();
    private volatile Map<String, Outcome> outcomes = Map.of();
    volatile boolean broken;

    @Override
    public Future<Void> apply(SortedMap<String, InstanceContent> contents) {
        if (broken) {
            return Future.failedFuture(new IllegalStateException("a bug"));
        }
        Map<String, Outcome> next = new TreeMap<>();
        contents.forEach((id, content) -> {
            Map<String, String> refused = new TreeMap<>(refusals);
            refused.keySet().retainAll(content.rules().keySet());
            next.put(id, new Outcome(refused, List.of()));
        });
        outcomes = Map.copyOf(next);
        applied.add(contents);
        return Future.succeededFuture();
    }

    @Override
    public Future<Void> retryRefused() {
        return applied.isEmpty() ? Future.succeededFuture() : apply(applied.getLast());
    }

    @Override
    public Map<String, Outcome> outcomes() {
        return outcomes;
    }

    public long revision(String instance) {
        InstanceContent content = applied.isEmpty() ? null : applied.getLast().get(instance);
        return content == null ? 0 : content.revision();
    }
}
