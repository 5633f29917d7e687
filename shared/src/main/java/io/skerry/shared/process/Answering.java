package io.skerry.shared.process;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/// Which members answer at an address: one that is frozen or cut off is passed over long before the
/// cluster drops it. All threads may use it.
final class Answering {
    /// A member that was not heard for so long is passed over while another one was. Each is heard
    /// every second.
    static final long RECENT_MILLIS = 2_500;

    /// A member that was not heard for so long is asked no more.
    static final long KEPT_MILLIS = 10_000;

    private record Heard(String member, boolean full, Set<String> addresses, long atMillis) {}

    private final Map<String, Heard> members = new ConcurrentHashMap<>();
    private final AtomicInteger turn = new AtomicInteger();

    /// Notes that a member is there, and at which addresses it answers.
    void heard(String member, boolean full, Set<String> addresses, long nowMillis) {
        members.values().removeIf(heard -> isOlder(heard, KEPT_MILLIS, nowMillis));
        members.put(member, new Heard(member, full, Set.copyOf(addresses), nowMillis));
    }

    /// Forgets a member until it is heard again.
    void forget(String member) {
        members.remove(member);
    }

    /// Those to ask at an address, one after the other: all that were heard lately, each time
    /// another one first, and those that the cluster has dropped last; where none was, those heard
    /// before that it has not dropped, the latest first.
    ///
    /// @param listed whether a member is one of the cluster
    List<String> at(String address, long nowMillis, Predicate<String> listed) {
        List<Heard> able =
                members.values().stream()
                        .filter(heard -> heard.addresses().contains(address))
                        .filter(heard -> !isOlder(heard, KEPT_MILLIS, nowMillis))
                        .sorted(Comparator.comparingLong(Heard::atMillis).reversed())
                        .toList();
        List<String> each =
                able.stream()
                        .filter(heard -> !isOlder(heard, RECENT_MILLIS, nowMillis))
                        .map(Heard::member)
                        .sorted()
                        .collect(Collectors.toCollection(ArrayList::new));
        if (each.isEmpty()) {
            return able.stream().map(Heard::member).filter(listed).toList();
        }
        Collections.rotate(each, Math.floorMod(turn.getAndIncrement(), each.size()));
        each.sort(Comparator.comparing(member -> !listed.test(member)));
        return each;
    }

    /// How many full members answer, at whatever address.
    long count(long nowMillis) {
        return members.values().stream()
                .filter(Heard::full)
                .filter(heard -> !isOlder(heard, RECENT_MILLIS, nowMillis))
                .count();
    }

    private static boolean isOlder(Heard heard, long millis, long nowMillis) {
        return nowMillis - heard.atMillis() > millis;
    }
}
