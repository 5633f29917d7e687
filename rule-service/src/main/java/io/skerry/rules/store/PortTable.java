package io.skerry.rules.store;

import io.skerry.shared.net.PortRange;
import io.skerry.shared.net.Protocol;
import io.vertx.sqlclient.Row;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/// Forwarding ports, a row each; the primary key keeps two rules off one port of a slot.
public final class PortTable {
    /// One entry of a rule's `ports`.
    ///
    /// @param rule identity of the rule
    /// @param protocol its protocol
    /// @param range the ports
    public record Entry(String rule, Protocol protocol, PortRange range) {}

    /// A port that another rule has.
    ///
    /// @param entry index of the entry that asked for it
    /// @param protocol protocol of the port
    /// @param port the lowest port of the entry that is taken
    /// @param rule the rule that has it
    /// @param instance the instance of that rule
    /// @param instanceName its name
    public record Clash(
            int entry,
            Protocol protocol,
            int port,
            String rule,
            String instance,
            String instanceName) {
        public String message() {
            return protocol
                    + " port "
                    + port
                    + " belongs to "
                    + rule
                    + " of instance "
                    + instanceName
                    + " ("
                    + instance
                    + ")";
        }
    }

    private PortTable() {}

    /// Entries of a rule.
    public static List<Entry> entries(RuleRow rule) {
        return rule.spec().ports().stream()
                .map(range -> new Entry(rule.id(), rule.spec().protocol(), range))
                .toList();
    }

    /// For each entry the lowest port that a rule outside `except` has, if any.
    public static List<Clash> clashes(
            Transaction sql, int slot, List<Entry> entries, Collection<String> except) {
        return sql.list(
                PortTable::clash,
                "SELECT DISTINCT ON (e.n) e.n, p.protocol, p.port, p.rule_id, i.id, i.name FROM"
                        + " unnest($2::text[], $3::int[], $4::int[]) WITH ORDINALITY AS"
                        + " e(protocol, first, last, n) JOIN forwarding_port p ON p.slot = $1 AND"
                        + " p.protocol = e.protocol AND p.port BETWEEN e.first AND e.last JOIN"
                        + " rule r ON r.id = p.rule_id JOIN instance i ON i.id = r.instance_id"
                        + " WHERE p.rule_id <> ALL($5::text[]) ORDER BY e.n, p.port",
                slot,
                protocols(entries),
                firsts(entries),
                lasts(entries),
                except.toArray(String[]::new));
    }

    private static Clash clash(Row row) {
        return new Clash(
                (int) (row.getLong(0) - 1),
                Protocol.valueOf(row.getString(1)),
                row.getInteger(2),
                row.getString(3),
                row.getString(4),
                row.getString(5));
    }

    /// Takes all ports of all entries in one statement.
    public static void insert(Transaction sql, int slot, List<Entry> entries) {
        sql.update(
                "INSERT INTO forwarding_port (slot, protocol, port, rule_id) SELECT $1,"
                        + " e.protocol, port, e.rule FROM unnest($2::text[], $3::int[],"
                        + " $4::int[], $5::text[]) AS e(protocol, first, last, rule),"
                        + " generate_series(e.first, e.last) AS port",
                slot,
                protocols(entries),
                firsts(entries),
                lasts(entries),
                entries.stream().map(Entry::rule).toArray(String[]::new));
    }

    /// Gives up the ports of rules as they were stored.
    public static void delete(Transaction sql, int slot, Collection<RuleRow> rules) {
        List<Entry> entries = new ArrayList<>();
        rules.forEach(rule -> entries.addAll(entries(rule)));
        sql.update(
                "DELETE FROM forwarding_port p USING unnest($2::text[], $3::int[], $4::int[],"
                        + " $5::text[]) AS e(protocol, first, last, rule) WHERE p.slot = $1 AND"
                        + " p.protocol = e.protocol AND p.port BETWEEN e.first AND e.last AND"
                        + " p.rule_id = e.rule",
                slot,
                protocols(entries),
                firsts(entries),
                lasts(entries),
                entries.stream().map(Entry::rule).toArray(String[]::new));
    }

    private static String[] protocols(List<Entry> entries) {
        return entries.stream().map(entry -> entry.protocol().name()).toArray(String[]::new);
    }

    private static Integer[] firsts(List<Entry> entries) {
        return entries.stream().map(entry -> entry.range().first()).toArray(Integer[]::new);
    }

    private static Integer[] lasts(List<Entry> entries) {
        return entries.stream().map(entry -> entry.range().last()).toArray(Integer[]::new);
    }
}
