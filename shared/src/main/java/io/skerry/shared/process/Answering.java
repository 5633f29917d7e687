package io.skerry.shared.process;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/// Which members answer at an address: one that is frozen or cut off is passed over long before the
/// cluster drops it. All threads may use it.
final class Answering {
    /// A member that did not answer for so long is passed over. It is asked every second.
    static final long RECENT_MILLIS = 2_500;

    private record Heard(Set<String> addresses, long atMillis) {}

    private final Map<String, Heard> members = new ConcurrentHashMap<>();
    private final AtomicInteger turn = new AtomicInteger();

    /// Notes that a member answers, and at which addresses.
    void heard(String member, Set<String> addresses, long nowMillis) {
        members.values().removeIf(heard -> isOld(heard, nowMillis));
        members.put(member, new Heard(Set.copyOf(addresses), nowMillis));
    }

    /// Forgets a member until it is heard again.
    void forget(String member) {
        members.remove(member);
    }

    /// One of those that answer at an address, each in turn.
    Optional<String> next(String address, long nowMillis) {
        List<String> able =
                members.entrySet().stream()
                        .filter(each -> each.getValue().addresses().contains(address))
                        .filter(each -> !isOld(each.getValue(), nowMillis))
                        .map(Map.Entry::getKey)
                        .sorted()
                        .toList();
        return able.isEmpty()
                ? Optional.empty()
                : Optional.of(able.get(Math.floorMod(turn.getAndIncrement(), able.size())));
    }

    /// How many members answer, at whatever address.
    long count(long nowMillis) {
        return members.values().stream().filter(heard -> !isOld(heard, nowMillis)).count();
    }

    private static boolean isOld(Heard heard, long nowMillis) {
        return nowMillis - heard.atMillis() > RECENT_MILLIS;
    }
}
