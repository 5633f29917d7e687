package io.skerry.shared.process;

import com.hazelcast.cluster.Member;
import com.hazelcast.config.AdvancedNetworkConfig;
import com.hazelcast.config.Config;
import com.hazelcast.config.JoinConfig;
import com.hazelcast.config.ServerSocketEndpointConfig;
import com.hazelcast.config.TcpIpConfig;
import com.hazelcast.core.Hazelcast;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.core.HazelcastInstanceNotActiveException;
import io.skerry.shared.net.HostPort;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/// One Hazelcast member under the event bus. It is ours and not the Vert.x cluster manager's, which
/// leaves it running where the event bus cannot start, and ends it holding a lock that the merge of
/// two halves of a cluster waits for.
///
/// @param instance the member, running
/// @param id names this stay in the cluster, and no other of the same process
record ClusterMember(HazelcastInstance instance, String id) {
    private static final String ID = "skerry.id";
    private static final String BUS = "skerry.bus";

    /// One of those in the list of members.
    ///
    /// @param id names its stay in the cluster
    /// @param bus where its event bus listens
    record Node(String id, HostPort bus) {
        /// Nobody where a stranger is in the list.
        private static Optional<Node> of(Member member) {
            String id = member.getAttribute(ID);
            String bus = member.getAttribute(BUS);
            return id == null || bus == null
                    ? Optional.empty()
                    : HostPort.parse(bus).map(at -> new Node(id, at));
        }
    }

    /// Joins, or begins a cluster. Blocks for some seconds. Lite members never begin one: a cluster
    /// without full members can do nothing, and full ones that start meanwhile would lose their
    /// time joining it.
    static ClusterMember start(ClusterSettings settings) throws NobodyListens {
        Map<String, MemberProbe.Found> found = MemberProbe.of(settings.members());
        if (settings.lite() && !found.containsValue(MemberProbe.Found.ANSWERS)) {
            throw new NobodyListens(settings.members());
        }
        String id = UUID.randomUUID().toString();
        Config config = config(settings, id);
        // One that hangs would be asked whether a cluster may begin, for as long as it hangs.
        List<String> hanging =
                settings.members().stream()
                        .filter(member -> found.get(member) == MemberProbe.Found.HANGS)
                        .toList();
        TcpIpConfig members = config.getAdvancedNetworkConfig().getJoin().getTcpIpConfig();
        hanging.forEach(members.getMembers()::remove);
        HazelcastInstance instance = Hazelcast.newHazelcastInstance(config);
        // When it is well again it is found, and the two clusters become one.
        hanging.forEach(members::addMember);
        return new ClusterMember(instance, id);
    }

    /// All that are in the list of members now, this one included; nobody when it has left. Asks
    /// nobody else.
    List<Node> nodes() {
        try {
            return instance.getCluster().getMembers().stream()
                    .map(Node::of)
                    .flatMap(Optional::stream)
                    .toList();
        } catch (HazelcastInstanceNotActiveException left) {
            return List.of();
        }
    }

    /// A lite member would be alone: no full one answers.
    static final class NobodyListens extends Exception {
        private static final long serialVersionUID = 1;

        NobodyListens(List<String> members) {
            super("no rule service listens at " + String.join(", ", members));
        }
    }

    /// Ends it, on a thread of its own: that takes some seconds.
    ///
    /// @param gently whether the others are to know it at once, where they can be reached
    Future<Void> end(boolean gently) {
        Promise<Void> ended = Promise.promise();
        Thread.ofPlatform()
                .name("skerry-leave")
                .start(() -> {
                    try {
                        if (gently) {
                            instance.getLifecycleService().shutdown();
                        } else {
                            instance.getLifecycleService().terminate();
                        }
                    } finally {
                        ended.complete();
                    }
                });
        return ended.future();
    }

    /// Hazelcast with the member list alone: no multicast, no other port, no other address.
    private static Config config(ClusterSettings settings, String id) {
        Config config = new Config();
        config.setClusterName("skerry");
        config.setLiteMember(settings.lite());
        config.setProperty("hazelcast.shutdownhook.enabled", "false");
        // By default a full member waits ten minutes for others to take its data: it has none.
        config.setProperty("hazelcast.graceful.shutdown.max.wait", "5");
        config.getMemberAttributeConfig()
                .setAttribute(ID, id)
                .setAttribute(BUS, settings.busBind().toString());
        config.setProperty("hazelcast.phone.home.enabled", "false");
        config.setProperty("hazelcast.logging.type", "slf4j");
        config.setProperty("hazelcast.socket.bind.any", "false");
        config.setProperty("hazelcast.max.no.heartbeat.seconds", "10");
        config.setProperty("hazelcast.heartbeat.interval.seconds", "1");
        config.setProperty("hazelcast.merge.first.run.delay.seconds", "5");
        config.setProperty("hazelcast.merge.next.run.delay.seconds", "5");
        config.setProperty("hazelcast.max.join.seconds", "10");
        config.setProperty("hazelcast.wait.seconds.before.join", "1");
        // What was asked of a member in the moment it hung is given up after twice this time.
        config.setProperty("hazelcast.operation.call.timeout.millis", "4000");
        // The next oldest member takes over when the first is gone, and nobody may join until it
        // has asked all others: by default for up to two minutes.
        config.setProperty("hazelcast.mastership.claim.timeout.seconds", "10");
        // With the plain network configuration a connection to a member that hangs makes an IO
        // thread spin until its handshake comes, and starves all others of that thread.
        AdvancedNetworkConfig network = config.getAdvancedNetworkConfig().setEnabled(true);
        ServerSocketEndpointConfig endpoint = new ServerSocketEndpointConfig();
        endpoint.setPort(settings.clusterBind().port())
                .setPortAutoIncrement(false)
                .setReuseAddress(true);
        endpoint.getInterfaces().setEnabled(true).addInterface(settings.clusterBind().host());
        network.setMemberEndpointConfig(endpoint);
        JoinConfig join = network.getJoin();
        join.getAutoDetectionConfig().setEnabled(false);
        join.getMulticastConfig().setEnabled(false);
        join.getTcpIpConfig()
                .setEnabled(true)
                .setConnectionTimeoutSeconds(3)
                .setMembers(settings.members());
        return config;
    }
}
