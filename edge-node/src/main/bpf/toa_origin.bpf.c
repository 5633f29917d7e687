// The origin's side of TOA: accept() and getpeername() answer the client's address that an edge wrote
// into a TCP option, for every program of a cgroup, without a kernel module.
//
// The option is looked for in the segment that made the socket of a connection (the final ACK, the
// first data, or the SYN of a Fast Open), and believed only from addresses that are trusted. What
// was found is kept in the storage of the socket and goes with it. Counters have the meaning of
// /proc/net/toa_stats of the kernel module as far as that can be.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

#define AF_INET 2
#define AF_INET6 10

#define TCP_HEADER 20
#define TCP_OPTIONS_MAX 40
#define OPTION_END 0
#define OPTION_NOP 1

#define LENGTH_IPV4 8
#define LENGTH_IPV6 20

#define TRUSTED_MAX 1024
#define KINDS 256

// Which forms a kind may have; the order of bits is that of `ToaOrigin` in Java.
#define KIND_IPV4 1
#define KIND_IPV6 2

struct client {
	__u8 family; // 4 or 6
	__u8 was_allocated;
	__be16 port;
	__be32 address[4]; // of IPv4 the first
};

// A network; IPv4 and IPv6 do not mix, because the family comes first.
struct network {
	__u32 prefix; // 32 bits of the family, then of the address
	__u32 family;
	__be32 address[4];
};

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct client);
} toa_clients SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, TRUSTED_MAX);
	__type(key, struct network);
	__type(value, __u32);
} toa_trusted SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, KINDS);
	__type(key, __u32);
	__type(value, __u32);
} toa_kinds SEC(".maps");

// The order is that of `ToaStat` in Java.
enum stat {
	SYN_RECV_SOCK_TOA,
	SYN_RECV_SOCK_NO_TOA,
	GETNAME_TOA_OK,
	GETNAME_TOA_MISMATCH,
	GETNAME_TOA_BYPASS,
	GETNAME_TOA_EMPTY,
	IP6_ADDRESS_ALLOC,
	IP6_ADDRESS_FREE,
	UNTRUSTED,
	MALFORMED,
	NO_MEMORY,
	STATS
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, STATS);
	__type(key, __u32);
	__type(value, __u64);
} toa_stats SEC(".maps");

static __always_inline void add(__u32 what)
{
	__u64 *value = bpf_map_lookup_elem(&toa_stats, &what);

	if (value)
		*value += 1;
}

static __always_inline int is_mapped(const __be32 *address)
{
	return !address[0] && !address[1] && address[2] == bpf_htonl(0xffff);
}

static __always_inline int is_trusted(struct bpf_sock_ops *ops)
{
	struct network peer = {};

	peer.family = 4;
	peer.prefix = 64;
	if (ops->family == AF_INET) {
		peer.address[0] = ops->remote_ip4;
	} else {
		__be32 address[4];

		address[0] = ops->remote_ip6[0];
		address[1] = ops->remote_ip6[1];
		address[2] = ops->remote_ip6[2];
		address[3] = ops->remote_ip6[3];
		if (is_mapped(address)) {
			peer.address[0] = address[3];
		} else {
			peer.family = 6;
			peer.prefix = 160;
			__builtin_memcpy(peer.address, address, sizeof(address));
		}
	}
	return bpf_map_lookup_elem(&toa_trusted, &peer) != 0;
}

static __always_inline __u32 forms(__u8 kind)
{
	__u32 key = kind;
	__u32 *value = bpf_map_lookup_elem(&toa_kinds, &key);

	return value ? *value : 0;
}

// Reads one option of a kind we look for; whether it has one of the forms of its kind.
static __always_inline int read_option(__u8 *option, __u8 *end, __u8 length, __u32 form, struct client *client)
{
	if (length == LENGTH_IPV4 && (form & KIND_IPV4)) {
		if (option + LENGTH_IPV4 > end)
			return 0;
		client->family = 4;
		__builtin_memcpy(&client->port, option + 2, 2);
		__builtin_memcpy(client->address, option + 4, 4);
		return 1;
	}
	if (length == LENGTH_IPV6 && (form & KIND_IPV6)) {
		if (option + LENGTH_IPV6 > end)
			return 0;
		client->family = 6;
		__builtin_memcpy(&client->port, option + 2, 2);
		__builtin_memcpy(client->address, option + 4, 16);
		return 1;
	}
	return 0;
}

// Looks for the client in the TCP header at hand. bpf_load_hdr_opt cannot find kinds 253 and 254,
// of which it wants to know the bytes that follow. Goes from byte to byte and looks only where an
// option begins: the verifier, which may take a million steps, gives up on jumps.
static __always_inline int find_client(struct bpf_sock_ops *ops, struct client *client)
{
	__u8 *start = (__u8 *)(long)ops->skb_data + TCP_HEADER;
	__u8 *end = (__u8 *)(long)ops->skb_data_end;
	__u32 next = 0;
	__u32 at;

#pragma clang loop unroll(disable)
	for (at = 0; at < TCP_OPTIONS_MAX; at++) {
		__u8 *option = start + at;
		__u32 form;

		if (at != next)
			continue;
		if (option + 1 > end || option[0] == OPTION_END)
			return 0;
		if (option[0] == OPTION_NOP) {
			next = at + 1;
			continue;
		}
		if (option + 2 > end || option[1] < 2)
			goto malformed;
		form = forms(option[0]);
		if (form) {
			if (read_option(option, end, option[1], form, client))
				return 1;
			goto malformed;
		}
		next = at + option[1];
	}
	return 0;
malformed:
	add(MALFORMED);
	return 0;
}

static __always_inline int keep(struct bpf_sock_ops *ops, struct client *found)
{
	struct bpf_sock *sk = ops->sk;
	struct client *client;

	if (!sk)
		return 0;
	client = bpf_sk_storage_get(&toa_clients, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (!client) {
		add(NO_MEMORY);
		return 0;
	}
	*client = *found;
	// The module keeps an IPv4 client of an IPv4 socket in a pointer, and allocates for all others.
	if (ops->family == AF_INET6 || client->family == 6) {
		client->was_allocated = 1;
		bpf_sock_ops_cb_flags_set(ops, ops->bpf_sock_ops_cb_flags | BPF_SOCK_OPS_STATE_CB_FLAG);
		add(IP6_ADDRESS_ALLOC);
	}
	return 1;
}

static __always_inline void accepted(struct bpf_sock_ops *ops)
{
	struct client client = {};

	if (!find_client(ops, &client)) {
		add(SYN_RECV_SOCK_NO_TOA);
	} else if (!is_trusted(ops)) {
		add(UNTRUSTED);
		add(SYN_RECV_SOCK_NO_TOA);
	} else if (keep(ops, &client)) {
		add(SYN_RECV_SOCK_TOA);
	} else {
		add(SYN_RECV_SOCK_NO_TOA);
	}
}

static __always_inline void ended(struct bpf_sock_ops *ops)
{
	struct bpf_sock *sk = ops->sk;
	struct client *client;

	if (!sk || ops->args[1] != BPF_TCP_CLOSE)
		return;
	client = bpf_sk_storage_get(&toa_clients, sk, 0, 0);
	if (!client || !client->was_allocated)
		return;
	client->was_allocated = 0;
	add(IP6_ADDRESS_FREE);
}

SEC("sockops")
int toa_read(struct bpf_sock_ops *ops)
{
	switch (ops->op) {
	case BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB:
		accepted(ops);
		break;
	case BPF_SOCK_OPS_STATE_CB:
		ended(ops);
		break;
	}
	return 1;
}

static __always_inline struct client *client_of(struct bpf_sock_addr *peer)
{
	struct bpf_sock *sk = peer->sk;
	struct client *client = sk ? bpf_sk_storage_get(&toa_clients, sk, 0, 0) : 0;

	if (!client)
		add(GETNAME_TOA_EMPTY);
	return client;
}

SEC("cgroup/getpeername4")
int toa_peer4(struct bpf_sock_addr *peer)
{
	struct client *client = client_of(peer);

	if (!client)
		return 1;
	if (client->family != 4) {
		// The caller asked for an IPv4 address, and the hook may not answer another family.
		add(GETNAME_TOA_MISMATCH);
		return 1;
	}
	peer->user_ip4 = client->address[0];
	peer->user_port = client->port;
	add(GETNAME_TOA_OK);
	return 1;
}

SEC("cgroup/getpeername6")
int toa_peer6(struct bpf_sock_addr *peer)
{
	struct client *client = client_of(peer);

	if (!client)
		return 1;
	if (client->family == 4) {
		peer->user_ip6[0] = 0;
		peer->user_ip6[1] = 0;
		peer->user_ip6[2] = bpf_htonl(0xffff);
		peer->user_ip6[3] = client->address[0];
	} else {
		peer->user_ip6[0] = client->address[0];
		peer->user_ip6[1] = client->address[1];
		peer->user_ip6[2] = client->address[2];
		peer->user_ip6[3] = client->address[3];
	}
	peer->user_port = client->port;
	add(GETNAME_TOA_OK);
	return 1;
}

char _license[] SEC("license") = "GPL";
