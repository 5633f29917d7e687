package io.skerry.standalone.cluster;

import java.util.List;
import java.util.Map;

/// Where the processes of a {@link Cluster} run, and how they reach each other and the test.
interface Site extends AutoCloseable {
    /// Address on which a process meets the others and the test.
    String host(String process);

    /// Address on which an edge node forwards.
    String listen(int edge);

    /// Address of the test itself, where PostgreSQL and origins are.
    String home();

    /// What goes before a command, so that it runs there.
    List<String> prefix(String process);

    /// Settings that all processes need there.
    Map<String, String> settings(String process);

    @Override
    void close();

    /// Everything on loopback, each edge node with an address of its own.
    static Site loopback() {
        return new Site() {
            @Override
            public String host(String process) {
                return "127.0.0.1";
            }

            @Override
            public String listen(int edge) {
                return "127.0.0.1" + edge;
            }

            @Override
            public String home() {
                return "127.0.0.1";
            }

            @Override
            public List<String> prefix(String process) {
                return List.of();
            }

            @Override
            public Map<String, String> settings(String process) {
                return Map.of();
            }

            @Override
            public void close() {
                // Loopback stays.
            }
        };
    }
}
