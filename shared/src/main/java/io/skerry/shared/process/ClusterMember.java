package io.skerry.shared.process;

import com.hazelcast.config.Config;
import com.hazelcast.config.JoinConfig;
import com.hazelcast.config.NetworkConfig;
import com.hazelcast.config.TcpIpConfig;
import com.hazelcast.core.Hazelcast;
import com.hazelcast.core.HazelcastInstance;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.spi.cluster.hazelcast.ConfigUtil;
import java.util.List;
import java.util.UUID;

/// One Hazelcast member under the event bus. It is ours and not the Vert.x cluster manager's, which
/// leaves it running where the event bus cannot start, and ends it holding a lock that the merge of
/// two halves of a cluster waits for.
///
/// @param instance the member, running
record ClusterMember(HazelcastInstance instance) {
    /// Joins, or begins a cluster. Blocks for some seconds.
    static ClusterMember start(ClusterSettings settings) {
        Config config = config(settings);
        // One that hangs would be asked whether a cluster may begin, for as long as it hangs.
        List<String> hanging =
                settings.lite() ? List.of() : MemberProbe.hanging(settings.members());
        TcpIpConfig members = config.getNetworkConfig().getJoin().getTcpIpConfig();
        hanging.forEach(members.getMembers()::remove);
        HazelcastInstance instance = Hazelcast.newHazelcastInstance(config);
        // When it is well again it is found, and the two clusters become one.
        hanging.forEach(members::addMember);
        return new ClusterMember(instance);
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
    private static Config config(ClusterSettings settings) {
        Config config = ConfigUtil.loadConfig();
        config.setClusterName("skerry");
        config.setLiteMember(settings.lite());
        config.setProperty("hazelcast.shutdownhook.enabled", "false");
        // By default a full member waits ten minutes for others to take its data: it has none.
        config.setProperty("hazelcast.graceful.shutdown.max.wait", "5");
        // What the cluster manager asks of a member that it did not make.
        config.getMemberAttributeConfig()
                .setAttribute("__vertx.nodeId", UUID.randomUUID().toString());
        config.setProperty("hazelcast.phone.home.enabled", "false");
        config.setProperty("hazelcast.logging.type", "slf4j");
        config.setProperty("hazelcast.socket.bind.any", "false");
        config.setProperty("hazelcast.max.no.heartbeat.seconds", "10");
        config.setProperty("hazelcast.heartbeat.interval.seconds", "1");
        config.setProperty("hazelcast.merge.first.run.delay.seconds", "5");
        config.setProperty("hazelcast.merge.next.run.delay.seconds", "5");
        config.setProperty("hazelcast.max.join.seconds", "10");
        config.setProperty("hazelcast.wait.seconds.before.join", "1");
        config.setProperty("hazelcast.operation.call.timeout.millis", "10000");
        NetworkConfig network = config.getNetworkConfig();
        network.setPort(settings.clusterBind().port()).setPortAutoIncrement(false);
        network.setReuseAddress(true);
        network.getInterfaces()
                .setEnabled(true)
                .clear()
                .addInterface(settings.clusterBind().host());
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
