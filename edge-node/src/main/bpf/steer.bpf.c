// Steering: hands new connections and datagrams for the ports of rules to a few sockets of the edge,
// wherever those are bound. Runs for what no connected socket takes, before listening sockets are
// looked for; a port that is not in the table is left to them, and so stays closed or somebody
// else's.
//
// A node has one socket per event loop, protocol and family. Which loop takes a client follows from
// the addresses and ports alone, so that the datagrams of one client stay on one loop.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

#define AF_INET 2
#define AF_INET6 10
#define IPPROTO_UDP 17
#define LOOPS_MAX 256

// What the table says of a port. The order is that of `PortVerdict` in Java.
enum verdict {
	STEERED = 1, // a port of a rule
	CLOSED = 2   // a port that our own sockets are bound to and that nobody is to reach
};

// Zero where the port is meant on every address of the machine. Addresses are in network order.
struct steer_port {
	__u32 address[4];
	__u16 port;
	__u8 family;
	__u8 protocol;
};

struct ports {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct steer_port);
	__type(value, __u32);
} steer_none SEC(".maps");

// One table at a time; a large change is another table put in its place.
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct ports);
} steer_ports SEC(".maps") = {
	.values = { &steer_none },
};

// TCP over IPv4, TCP over IPv6, UDP over IPv4, UDP over IPv6; each LOOPS_MAX long.
struct {
	__uint(type, BPF_MAP_TYPE_SOCKMAP);
	__uint(max_entries, 4 * LOOPS_MAX);
	__type(key, __u32);
	__type(value, __u64);
} steer_sockets SEC(".maps");

// Who steers: the number of loops; for others, the process and a number that no other node has.
enum {
	LOOPS,
	PROCESS,
	NODE,
	FACTS
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, FACTS);
	__type(key, __u32);
	__type(value, __u32);
} steer_facts SEC(".maps");

static __always_inline __u32 spread(__u32 hash, __u32 word)
{
	hash = (hash ^ word) * 0x9e3779b1;
	return hash ^ hash >> 15;
}

SEC("sk_lookup")
int steer(struct bpf_sk_lookup *lookup)
{
	struct steer_port key = {};
	__u32 zero = 0, facts_loops = LOOPS, hash = 0, index, *loops, *here, *anywhere;
	struct bpf_sock *socket;
	void *ports;

	ports = bpf_map_lookup_elem(&steer_ports, &zero);
	if (!ports)
		return SK_PASS;
	key.port = lookup->local_port;
	key.family = lookup->family;
	key.protocol = lookup->protocol;
	if (key.family == AF_INET6) {
		key.address[0] = lookup->local_ip6[0];
		key.address[1] = lookup->local_ip6[1];
		key.address[2] = lookup->local_ip6[2];
		key.address[3] = lookup->local_ip6[3];
	} else {
		key.address[0] = lookup->local_ip4;
	}
	here = bpf_map_lookup_elem(ports, &key);
	if (!here || *here != STEERED) {
		key.address[0] = key.address[1] = key.address[2] = key.address[3] = 0;
		anywhere = bpf_map_lookup_elem(ports, &key);
		if (!anywhere || *anywhere != STEERED)
			return here ? SK_DROP : SK_PASS;
	}

	loops = bpf_map_lookup_elem(&steer_facts, &facts_loops);
	if (!loops || *loops == 0 || *loops > LOOPS_MAX)
		return SK_DROP;
	if (key.family == AF_INET6) {
		hash = spread(hash, lookup->remote_ip6[0]);
		hash = spread(hash, lookup->remote_ip6[1]);
		hash = spread(hash, lookup->remote_ip6[2]);
		hash = spread(hash, lookup->remote_ip6[3]);
	} else {
		hash = spread(hash, lookup->remote_ip4);
	}
	hash = spread(hash, (__u32)lookup->remote_port << 16 | key.port);
	index = hash % *loops;
	if (key.protocol == IPPROTO_UDP)
		index += 2 * LOOPS_MAX;
	if (key.family == AF_INET6)
		index += LOOPS_MAX;
	socket = bpf_map_lookup_elem(&steer_sockets, &index);
	if (!socket)
		return SK_DROP;
	// Fails where a program attached before ours has chosen already: then the port is that one's.
	bpf_sk_assign(lookup, socket, 0);
	bpf_sk_release(socket);
	return SK_PASS;
}

char _license[] SEC("license") = "GPL";
