package io.skerry.rules.origingroup;

import io.skerry.rules.revision.Change;
import io.skerry.rules.store.GroupTable;
import io.skerry.rules.store.InstanceTable;
import io.skerry.shared.origin.OriginGroup;
import io.skerry.shared.problem.Code;
import io.skerry.shared.problem.Mistakes;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/// Replaces what origin groups say, which is a change of every instance that uses them.
public final class GroupChange {
    private GroupChange() {}

    /// Replaces stored groups; answers how many instances use them.
    public static int replace(Change change, List<OriginGroup> groups) {
        Set<String> users = new TreeSet<>();
        groups.forEach(group -> users.addAll(InstanceTable.usersOf(change.sql(), group.id())));
        users.forEach(instance -> change.edit(change.lockInstance(instance)));
        groups.forEach(group -> GroupTable.update(change.sql(), group, change.revision()));
        return users.size();
    }

    /// Makes stored groups say again what they said; refused where another group has got the name.
    public static int takeBack(Change change, List<OriginGroup> groups) {
        Mistakes mistakes = new Mistakes();
        for (OriginGroup group : groups) {
            if (GroupTable.isNameTaken(change.sql(), group.name(), group.id())) {
                mistakes.add(
                        "groups." + group.id() + ".name",
                        Code.NAME_TAKEN,
                        "another origin group is called " + group.name() + " by now");
            }
        }
        mistakes.throwIfAny();
        return replace(change, groups);
    }
}
