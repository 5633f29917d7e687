// The edge's side of TOA: writes the TCP option with the client's address on connections to origins.
//
// Before connect(), the edge puts the finished option into the storage of its own socket; a socket
// without it is none of ours. The option goes on every segment from the final ACK of the handshake
// until the origin has confirmed: whatever it has acknowledged or sent proves that it has made its
// socket, and readers look at the segment that makes the socket and at no other. That one is the
// ACK, or the first data where the ACK was lost or TCP_DEFER_ACCEPT is on; never the SYN, which
// does not outlive SYN cookies.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define TCP_FLAG_SYN 0x02
#define OPTION_MAX 20

// What is on one connection's way. The edge writes it once; `confirmed` is ours.
struct toa_option {
	__u8 bytes[OPTION_MAX]; // kind, length, port, address
	__u8 length;            // 8 or 20
	__u8 confirmed;
	__u8 unused[2];
};

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct toa_option);
} toa_options SEC(".maps");

// The order is that of `ToaCount` in Java.
enum count {
	BEGUN,       // connections that carry the option
	CONFIRMED,   // of these, the origin has its socket
	UNCONFIRMED, // of these, ended before that was known
	WRITTEN,     // segments with the option
	NO_ROOM,     // segments with too little room; about one with none the kernel does not ask
	COUNTS
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, COUNTS);
	__type(key, __u32);
	__type(value, __u64);
} toa_counts SEC(".maps");

static __always_inline void add(__u32 what)
{
	__u64 *value = bpf_map_lookup_elem(&toa_counts, &what);

	if (value)
		*value += 1;
}

static __always_inline int is_confirmed(struct bpf_sock_ops *ops)
{
	// The SYN counts as one byte.
	return ops->bytes_acked > 1 || ops->bytes_received > 0;
}

static __always_inline void begin(struct bpf_sock_ops *ops)
{
	bpf_sock_ops_cb_flags_set(ops, ops->bpf_sock_ops_cb_flags | BPF_SOCK_OPS_WRITE_HDR_OPT_CB_FLAG |
					       BPF_SOCK_OPS_STATE_CB_FLAG);
	add(BEGUN);
}

static __always_inline void confirm(struct bpf_sock_ops *ops, struct toa_option *option)
{
	if (option->confirmed)
		return;
	option->confirmed = 1;
	bpf_sock_ops_cb_flags_set(ops, ops->bpf_sock_ops_cb_flags & ~(BPF_SOCK_OPS_WRITE_HDR_OPT_CB_FLAG |
								      BPF_SOCK_OPS_STATE_CB_FLAG));
	add(CONFIRMED);
}

// Room is taken also when the kernel only asks how much fits into a segment, so that data and option
// together stay within the path's largest.
static __always_inline void reserve(struct bpf_sock_ops *ops, struct toa_option *option)
{
	if (ops->skb_tcp_flags & TCP_FLAG_SYN)
		return;
	if (is_confirmed(ops)) {
		confirm(ops, option);
		return;
	}
	if (bpf_reserve_hdr_opt(ops, option->length, 0) && ops->args[0] != BPF_WRITE_HDR_TCP_CURRENT_MSS)
		add(NO_ROOM);
}

static __always_inline void write(struct bpf_sock_ops *ops, struct toa_option *option)
{
	if (option->confirmed)
		return;
	if (option->length == 8 ? !bpf_store_hdr_opt(ops, option->bytes, 8, 0)
				: !bpf_store_hdr_opt(ops, option->bytes, OPTION_MAX, 0))
		add(WRITTEN);
}

static __always_inline void end(struct bpf_sock_ops *ops, struct toa_option *option)
{
	if (ops->args[1] != BPF_TCP_CLOSE || option->confirmed)
		return;
	if (is_confirmed(ops))
		confirm(ops, option);
	else
		add(UNCONFIRMED);
}

SEC("sockops")
int toa_write(struct bpf_sock_ops *ops)
{
	struct bpf_sock *sk = ops->sk;
	struct toa_option *option;

	if (!sk)
		return 1;
	option = bpf_sk_storage_get(&toa_options, sk, 0, 0);
	if (!option)
		return 1;
	switch (ops->op) {
	case BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB:
		begin(ops);
		break;
	case BPF_SOCK_OPS_HDR_OPT_LEN_CB:
		reserve(ops, option);
		break;
	case BPF_SOCK_OPS_WRITE_HDR_OPT_CB:
		write(ops, option);
		break;
	case BPF_SOCK_OPS_STATE_CB:
		end(ops, option);
		break;
	}
	return 1;
}

char _license[] SEC("license") = "GPL";
