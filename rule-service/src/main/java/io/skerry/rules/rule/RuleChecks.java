package io.skerry.rules.rule;

import io.skerry.rules.store.GroupRow;
import io.skerry.rules.store.GroupTable;
import io.skerry.rules.store.PortTable;
import io.skerry.rules.store.Transaction;
import io.skerry.shared.net.PortRange;
import io.skerry.shared.net.Protocol;
import io.skerry.shared.problem.Code;
import io.skerry.shared.problem.Mistake;
import io.skerry.shared.problem.Mistakes;
import io.skerry.shared.rule.OriginRef;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// What a rule cannot know of itself: its group, its neighbours in the request, and who has its
/// ports.
final class RuleChecks {
    private RuleChecks() {}

    /// Notes everything that is wrong; answers the proposals with their groups resolved.
    ///
    /// @param except rules whose ports do not count, because they are given up
    static List<RuleProposal> check(
            Transaction sql,
            int slot,
            List<RuleProposal> proposals,
            Collection<String> except,
            Mistakes mistakes) {
        List<RuleProposal> resolved = resolve(sql, proposals, mistakes);
        duplicates(proposals, mistakes);
        taken(sql, slot, proposals, except, mistakes);
        return resolved;
    }

    private static List<RuleProposal> resolve(
            Transaction sql, List<RuleProposal> proposals, Mistakes mistakes) {
        Set<String> ids = new HashSet<>();
        Set<String> names = new HashSet<>();
        for (RuleProposal proposal : proposals) {
            switch (proposal.spec().origin()) {
                case OriginRef.Single single -> {}
                case OriginRef.Group(String id) -> ids.add(clean(id));
                case OriginRef.GroupNamed(String name) -> names.add(clean(name));
            }
        }
        Map<String, GroupRow> byId = new HashMap<>();
        GroupTable.findAll(sql, ids).forEach(row -> byId.put(row.group().id(), row));
        List<GroupRow> named = GroupTable.named(sql, names);
        List<RuleProposal> resolved = new ArrayList<>();
        for (RuleProposal proposal : proposals) {
            switch (proposal.spec().origin()) {
                case OriginRef.Single single -> resolved.add(proposal);
                case OriginRef.Group(String id) -> {
                    if (byId.containsKey(id)) {
                        resolved.add(proposal);
                    } else {
                        add(mistakes, unknown(proposal, "id", id));
                    }
                }
                case OriginRef.GroupNamed(String name) -> {
                    String id = idOf(name, named);
                    if (id == null) {
                        add(mistakes, unknown(proposal, "name", name));
                    } else {
                        OriginRef origin = new OriginRef.Group(id);
                        resolved.add(proposal.with(proposal.spec().withOrigin(origin)));
                    }
                }
            }
        }
        return resolved;
    }

    /// PostgreSQL has no texts with a zero character; nothing is named so.
    private static String clean(String text) {
        return text.indexOf('\0') < 0 ? text : "";
    }

    private static Mistake unknown(RuleProposal proposal, String by, String value) {
        return proposal.mistake(
                "origin." + by,
                Code.UNKNOWN_GROUP,
                "there is no origin group with the " + by + " '" + value + "'");
    }

    private static @Nullable String idOf(String name, List<GroupRow> named) {
        List<String> near = new ArrayList<>();
        for (GroupRow row : named) {
            if (row.group().name().equals(name)) {
                return row.group().id();
            }
            if (row.group().name().equalsIgnoreCase(name)) {
                near.add(row.group().id());
            }
        }
        return near.size() == 1 ? near.get(0) : null;
    }

    private record Place(PortRange range, RuleProposal proposal) {}

    private static void duplicates(List<RuleProposal> proposals, Mistakes mistakes) {
        Map<Protocol, TreeMap<Integer, Place>> seen = new EnumMap<>(Protocol.class);
        for (RuleProposal proposal : proposals) {
            TreeMap<Integer, Place> ports =
                    seen.computeIfAbsent(proposal.spec().protocol(), p -> new TreeMap<>());
            List<PortRange> ranges = proposal.spec().ports();
            for (int i = 0; i < ranges.size(); i++) {
                PortRange range = ranges.get(i);
                Map.Entry<Integer, Place> below = ports.floorEntry(range.last());
                boolean clash =
                        below != null
                                && below.getValue().range().overlaps(range)
                                && !below.getValue().proposal().place().equals(proposal.place());
                if (clash) {
                    String earlier = below.getValue().proposal().place();
                    add(
                            mistakes,
                            proposal.mistake(
                                    "ports[" + i + "]",
                                    Code.DUPLICATE_PORT,
                                    proposal.spec().protocol()
                                            + " "
                                            + range
                                            + " overlaps "
                                            + below.getValue().range()
                                            + " of "
                                            + earlier));
                } else {
                    ports.put(range.first(), new Place(range, proposal));
                }
            }
        }
    }

    private static void taken(
            Transaction sql,
            int slot,
            List<RuleProposal> proposals,
            Collection<String> except,
            Mistakes mistakes) {
        List<PortTable.Entry> entries = new ArrayList<>();
        List<RuleProposal> owners = new ArrayList<>();
        List<Integer> indexes = new ArrayList<>();
        for (RuleProposal proposal : proposals) {
            List<PortRange> ranges = proposal.spec().ports();
            for (int i = 0; i < ranges.size(); i++) {
                entries.add(new PortTable.Entry("", proposal.spec().protocol(), ranges.get(i)));
                owners.add(proposal);
                indexes.add(i);
            }
        }
        if (entries.isEmpty()) {
            return;
        }
        for (PortTable.Clash clash : PortTable.clashes(sql, slot, entries, except)) {
            String field = "ports[" + indexes.get(clash.entry()) + "]";
            RuleProposal owner = owners.get(clash.entry());
            add(mistakes, owner.mistake(field, Code.PORT_TAKEN, clash.message()));
        }
    }

    private static void add(Mistakes mistakes, Mistake mistake) {
        mistakes.addAll("", List.of(mistake));
    }
}
