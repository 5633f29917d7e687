package io.skerry.standalone.cluster;

import io.skerry.standalone.fixture.Tool;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;

/// Each process in a network namespace of its own, on one bridge with the test: what is cut between
/// them is dropped in silence, as by a broken network. The event bus speaks TLS. Needs root.
final class Namespaces implements Site {
    private static final List<String> PROCESSES =
            List.of("rules-1", "rules-2", "gateway", "edge-1", "edge-2", "edge-3");

    private static final int ATTEMPTS = 20;

    private final String name;
    private final String subnet;
    private final Path keys;
    private final Map<String, String> hosts = new LinkedHashMap<>();
    private final Set<String> cut = new HashSet<>();

    private Namespaces(int number, Path folder) {
        this.name = "skc" + number;
        this.subnet = "10.77." + number + ".";
        this.keys = folder;
        for (int i = 0; i < PROCESSES.size(); i++) {
            hosts.put(PROCESSES.get(i), subnet + (10 + i));
        }
    }

    /// Makes them; skips the test where that is not allowed.
    ///
    /// @param folder for keys of the event bus; made where it is missing
    static Namespaces make(Path folder) {
        Tool.path("nft", "nftables");
        Tool.root("network namespaces");
        Namespaces made = claim(folder);
        try {
            made.build();
        } catch (AssertionError failed) {
            made.close();
            throw failed;
        }
        return made;
    }

    /// Takes a number that nobody has, neither a suite beside this one nor one that was killed: its
    /// bridge says so.
    private static Namespaces claim(Path folder) {
        String said = "";
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            Namespaces made = new Namespaces(new Random().nextInt(2, 250), folder);
            said = tried("ip", "link", "add", made.bridge(), "type", "bridge");
            if (said.isEmpty()) {
                return made;
            }
        }
        throw new AssertionError("no bridge of our own: " + said);
    }

    private void build() {
        run("ip", "address", "add", home() + "/24", "dev", bridge());
        run("ip", "link", "set", bridge(), "up");
        int number = 0;
        for (Map.Entry<String, String> each : hosts.entrySet()) {
            String space = space(each.getKey());
            String outside = name + "v" + number;
            String inside = name + "i" + number++;
            run("ip", "netns", "add", space);
            run("ip", "link", "add", outside, "type", "veth", "peer", "name", inside);
            run("ip", "link", "set", outside, "master", bridge(), "up");
            run("ip", "link", "set", inside, "netns", space);
            run("ip", "-n", space, "address", "add", each.getValue() + "/24", "dev", inside);
            run("ip", "-n", space, "link", "set", inside, "up");
            run("ip", "-n", space, "link", "set", "lo", "up");
        }
        List<String> script = new ArrayList<>();
        script.add(System.getProperty("skerry.root") + "/docs/examples/cluster/certificates");
        script.add(keys.toString());
        script.addAll(PROCESSES);
        run(script.toArray(String[]::new));
    }

    private String bridge() {
        return name + "br";
    }

    private String space(String process) {
        return name + "-" + process;
    }

    @Override
    public String host(String process) {
        String host = hosts.get(process);
        if (host == null) {
            throw new IllegalArgumentException("no place for " + process);
        }
        return host;
    }

    @Override
    public String listen(int edge) {
        return host("edge-" + edge);
    }

    @Override
    public String home() {
        return subnet + "1";
    }

    @Override
    public List<String> prefix(String process) {
        return List.of("ip", "netns", "exec", space(process));
    }

    @Override
    public Map<String, String> settings(String process) {
        return Map.of(
                "SKERRY_API_INSECURE", "true",
                "SKERRY_BUS_TLS_KEY", keys.resolve(process + ".key").toString(),
                "SKERRY_BUS_TLS_CERTIFICATE", keys.resolve(process + ".pem").toString(),
                "SKERRY_BUS_TLS_CA", keys.resolve("ca.pem").toString());
    }

    /// Drops everything between a process and some others.
    void cut(String process, Collection<String> others) {
        drop(process, addresses(others), "");
    }

    /// Drops everything between a process and some others but what goes to, and comes from, some
    /// ports of theirs.
    void cutAllBut(String process, Collection<String> others, int... ports) {
        drop(process, addresses(others), "tcp %sport != " + set(ports) + " ");
    }

    /// Drops what goes between a process and some ports of others.
    void cutPorts(String process, Collection<String> others, int... ports) {
        drop(process, addresses(others), "tcp %sport " + set(ports) + " ");
    }

    /// Drops everything between a process and the test, PostgreSQL included.
    void cutHome(String process) {
        drop(process, home(), "");
    }

    private String addresses(Collection<String> processes) {
        return processes.stream().map(this::host).collect(Collectors.joining(", ", "{ ", " }"));
    }

    private static String set(int... ports) {
        List<String> texts = new ArrayList<>();
        for (int port : ports) {
            texts.add(Integer.toString(port));
        }
        return "{ " + String.join(", ", texts) + " }";
    }

    private void drop(String process, String peers, String match) {
        String from = "ip saddr " + peers + " " + match.formatted("s");
        String to = "ip daddr " + peers + " " + match.formatted("d");
        nft(process, "add", "table", "inet", "cut");
        for (String chain : List.of("input", "output")) {
            nft(
                    process,
                    "add",
                    "chain",
                    "inet",
                    "cut",
                    chain,
                    "{ type filter hook " + chain + " priority 0; }");
        }
        nft(process, "add", "rule", "inet", "cut", "input", from + "drop");
        nft(process, "add", "rule", "inet", "cut", "output", to + "drop");
        cut.add(process);
    }

    private void nft(String process, String... arguments) {
        List<String> command = new ArrayList<>(prefix(process));
        command.add("nft");
        command.addAll(List.of(arguments));
        run(command.toArray(String[]::new));
    }

    /// Drops nothing any more.
    void heal() {
        Set.copyOf(cut).forEach(process -> nft(process, "delete", "table", "inet", "cut"));
        cut.clear();
    }

    private static void run(String... command) {
        String said = tried(command);
        if (!said.isEmpty()) {
            throw new AssertionError(String.join(" ", command) + ": " + said);
        }
    }

    /// What a command that failed has said; empty where it did not fail.
    private static String tried(String... command) {
        try {
            Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
            String said =
                    new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return process.waitFor() == 0 ? "" : "failed: " + said;
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(interrupted);
        }
    }

    @Override
    public void close() {
        List<String> left = new ArrayList<>();
        hosts.keySet().forEach(process -> left.add(tried("ip", "netns", "del", space(process))));
        left.add(tried("ip", "link", "del", bridge()));
        left.removeIf(String::isEmpty);
        if (!left.isEmpty()) {
            System.out.println("not taken away: " + left);
        }
    }
}
