package io.skerry.shared.process;

import com.hazelcast.cluster.MembershipEvent;
import com.hazelcast.cluster.MembershipListener;
import io.vertx.core.Completable;
import io.vertx.core.Vertx;
import io.vertx.core.shareddata.AsyncMap;
import io.vertx.core.shareddata.Counter;
import io.vertx.core.shareddata.Lock;
import io.vertx.core.spi.cluster.ClusterManager;
import io.vertx.core.spi.cluster.NodeInfo;
import io.vertx.core.spi.cluster.NodeListener;
import io.vertx.core.spi.cluster.RegistrationInfo;
import io.vertx.core.spi.cluster.RegistrationListener;
import io.vertx.core.spi.cluster.RegistrationUpdateEvent;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Tells a clustered Vert.x who its nodes are and where messages go, from Hazelcast's list of
/// members and nothing else.
///
/// Each process has that list, so no answer waits for another one, and nothing can be lost that the
/// list does not bring back. {@link LastingNodes} says who is spoken to though the list lacks it.
/// Who listens where is not stored: a message to the {@link #address} of one member goes to that
/// one, any other to all, and those who do not listen drop it. So an address of the second kind is
/// for {@link EventBusPort#publish} only.
///
/// Belongs to one stay in the cluster. All threads may use it.
final class ClusterNodes implements ClusterManager, MembershipListener {
    private static final String ADDRESS = "skerry.member.v1.";

    private final ClusterMember member;
    private final LastingNodes lasting = new LastingNodes();
    private List<ClusterMember.Node> told = List.of();

    /// Addresses whose nodes Vert.x remembers.
    private final Set<String> remembered = ConcurrentHashMap.newKeySet();

    private @Nullable RegistrationListener listener;
    private volatile @Nullable NodeInfo own;
    private volatile boolean active;

    ClusterNodes(ClusterMember member) {
        this.member = member;
    }

    /// The address at which one member is asked, and no other.
    static String address(String id) {
        return ADDRESS + id;
    }

    @Override
    public void init(Vertx vertx) {
        // It needs none.
    }

    @Override
    public void join(Completable<Void> joined) {
        active = true;
        member.instance().getCluster().addMembershipListener(this);
        joined.succeed();
    }

    /// The listener goes with the member, which ends next.
    @Override
    public void leave(Completable<Void> left) {
        active = false;
        left.succeed();
    }

    @Override
    public boolean isActive() {
        return active;
    }

    @Override
    public String getNodeId() {
        return member.id();
    }

    @Override
    public List<String> getNodes() {
        return known().stream().map(ClusterMember.Node::id).toList();
    }

    @Override
    public void nodeListener(NodeListener high) {
        // Only Vert.x's high availability has one, which is off.
    }

    /// The others know it from the list of members.
    @Override
    public void setNodeInfo(NodeInfo info, Completable<Void> done) {
        own = info;
        done.succeed();
    }

    @Override
    public @Nullable NodeInfo getNodeInfo() {
        return own;
    }

    @Override
    public void getNodeInfo(String id, Completable<NodeInfo> found) {
        known().stream()
                .filter(node -> node.id().equals(id))
                .findFirst()
                .map(node -> new NodeInfo(node.bus().host(), node.bus().port(), null))
                .ifPresentOrElse(
                        found::succeed,
                        () -> found.fail(new IllegalStateException("not a member: " + id)));
    }

    @Override
    public void registrationListener(RegistrationListener selector) {
        listener = selector;
    }

    @Override
    public void addRegistration(String address, RegistrationInfo info, Completable<Void> done) {
        done.succeed();
    }

    @Override
    public void removeRegistration(String address, RegistrationInfo info, Completable<Void> done) {
        done.succeed();
    }

    /// First noted, then looked up: what changes in between comes as an update.
    @Override
    public void getRegistrations(String address, Completable<List<RegistrationInfo>> found) {
        remembered.add(address);
        found.succeed(registrations(address));
    }

    private synchronized List<ClusterMember.Node> known() {
        return lasting.of(member.nodes(), TimeUnit.NANOSECONDS.toMillis(System.nanoTime()));
    }

    /// Whether one is in the list now.
    boolean lists(String id) {
        return member.nodes().stream().anyMatch(node -> node.id().equals(id));
    }

    private List<RegistrationInfo> registrations(String address) {
        Stream<String> ids = getNodes().stream();
        if (address.startsWith(ADDRESS)) {
            ids = ids.filter(id -> address(id).equals(address));
        }
        return ids.map(id -> new RegistrationInfo(id, 0, false)).toList();
    }

    /// Tells Vert.x what changed: at once where somebody joins or leaves, and when those that left
    /// are spoken to no longer. One at a time, so that the last one tells of the last list.
    synchronized void refresh() {
        RegistrationListener selector = listener;
        List<ClusterMember.Node> known = known();
        if (!active || selector == null || known.equals(told)) {
            return;
        }
        told = known;
        // Vert.x forgets an address itself when nobody is left there.
        remembered.removeIf(address -> {
            List<RegistrationInfo> now = registrations(address);
            selector.registrationsUpdated(new RegistrationUpdateEvent(address, now));
            return now.isEmpty();
        });
    }

    @Override
    public void memberAdded(MembershipEvent event) {
        refresh();
    }

    @Override
    public void memberRemoved(MembershipEvent event) {
        refresh();
    }

    @Override
    public <K, V> void getAsyncMap(String name, Completable<AsyncMap<K, V>> got) {
        got.fail(nothingShared());
    }

    @Override
    public <K, V> Map<K, V> getSyncMap(String name) {
        throw nothingShared();
    }

    @Override
    public void getLockWithTimeout(String name, long timeout, Completable<Lock> got) {
        got.fail(nothingShared());
    }

    @Override
    public void getCounter(String name, Completable<Counter> got) {
        got.fail(nothingShared());
    }

    private static UnsupportedOperationException nothingShared() {
        return new UnsupportedOperationException("processes share nothing but messages");
    }
}
