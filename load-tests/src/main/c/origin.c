/*
 * The origin of the benchmark: one thread, one epoll set, nothing but what is measured.
 *
 *   origin HOST BASE-PORT COUNTERS-FILE
 *
 * TCP: BASE+0 echoes; +1 echoes one request of 64 bytes and closes; +2 sends zeros without end;
 * +3, +4, +5 do the same behind a PROXY protocol header, which they demand: version 2, or 1 from
 * a peer that has no 2.
 * UDP: BASE+6 counts and drops; +7 counts and echoes.
 */
#define _GNU_SOURCE
#include "counters.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

enum kind { ECHO, ONCE, SOURCE, SINK_UDP, ECHO_UDP };
enum { ONCE_BYTES = 64, SOURCE_BYTES = 1 << 20, BATCH = 64, DATAGRAM = 2048 };

struct socket_state {
    uint8_t kind;
    bool listening;
    bool header_due; /* the PROXY header has not come yet */
    uint16_t got;
};

static struct socket_state *states;
static struct counters *counters;
static int epoll_fd, zeros_fd;
static char buffer[1 << 18];

static void watch(int fd, uint32_t events) {
    struct epoll_event event = {.events = events, .data.fd = fd};
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0) die("epoll_ctl");
}

static void accept_all(int listener) {
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
        if (fd < 0) return;
        struct socket_state *state = &states[fd];
        *state = states[listener];
        state->listening = false;
        counters->accepted++;
        bool send_now = state->kind == SOURCE && !state->header_due;
        watch(fd, send_now ? EPOLLIN | EPOLLOUT : EPOLLIN);
    }
}

/* How many bytes at the beginning are the PROXY header, v1 or v2; -1 when there is none. */
static ssize_t header_length(const char *bytes, ssize_t n) {
    static const char signature[12] = "\r\n\r\n\0\r\nQUIT\n";
    if (n >= 8 && memcmp(bytes, "PROXY ", 6) == 0) {
        const char *end = memchr(bytes, '\n', n);
        return end == NULL ? -1 : end + 1 - bytes;
    }
    if (n < 16 || memcmp(bytes, signature, 12) != 0) return -1;
    ssize_t length = 16 + ((uint8_t)bytes[14] << 8 | (uint8_t)bytes[15]);
    return length <= n ? length : -1;
}

static void send_all(int fd, const char *bytes, ssize_t n) {
    while (n > 0) {
        ssize_t sent = send(fd, bytes, n, MSG_NOSIGNAL);
        if (sent < 0) {
            if (errno != EAGAIN) return;
            struct pollfd wait = {.fd = fd, .events = POLLOUT};
            poll(&wait, 1, 1000);
            continue;
        }
        bytes += sent;
        n -= sent;
    }
}

static void stream_readable(int fd, struct socket_state *state) {
    ssize_t n = recv(fd, buffer, sizeof buffer, 0);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) {
        close(fd);
        return;
    }
    const char *bytes = buffer;
    if (state->header_due) {
        ssize_t header = header_length(bytes, n);
        if (header < 0) {
            counters->bad_headers++;
            close(fd);
            return;
        }
        state->header_due = false;
        bytes += header;
        n -= header;
        if (state->kind == SOURCE) {
            struct epoll_event event = {.events = EPOLLIN | EPOLLOUT, .data.fd = fd};
            epoll_ctl(epoll_fd, EPOLL_CTL_MOD, fd, &event);
        }
    }
    if (state->kind == SOURCE || n == 0) return;
    send_all(fd, bytes, n);
    if (state->kind == ONCE) {
        state->got += n;
        if (state->got >= ONCE_BYTES) close(fd);
    }
}

static void stream_writable(int fd) {
    off_t from = 0;
    ssize_t n = sendfile(fd, zeros_fd, &from, SOURCE_BYTES);
    if (n < 0 && errno != EAGAIN) close(fd);
}

static void datagrams_readable(int fd, bool echo) {
    static char space[BATCH][DATAGRAM];
    static struct sockaddr_in peers[BATCH];
    static struct iovec parts[BATCH];
    static struct mmsghdr messages[BATCH];
    for (int i = 0; i < BATCH; i++) {
        parts[i] = (struct iovec){space[i], DATAGRAM};
        messages[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1};
        if (echo) {
            messages[i].msg_hdr.msg_name = &peers[i];
            messages[i].msg_hdr.msg_namelen = sizeof peers[i];
        }
    }
    int n = recvmmsg(fd, messages, BATCH, MSG_DONTWAIT, NULL);
    if (n <= 0) return;
    counters->datagrams += n;
    if (!echo) return;
    for (int i = 0; i < n; i++) parts[i].iov_len = messages[i].msg_len;
    for (int at = 0; at < n;) {
        int sent = sendmmsg(fd, messages + at, n - at, 0);
        at += sent > 0 ? sent : 1;
    }
}

static void open_socket(const char *host, int port, enum kind kind, bool header) {
    bool datagram = kind == SINK_UDP || kind == ECHO_UDP;
    int fd = socket(AF_INET, (datagram ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK, 0);
    int on = 1, space = 32 << 20;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (datagram && setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &space, sizeof space) < 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &space, sizeof space);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    if (inet_pton(AF_INET, host, &address.sin_addr) != 1) die("host");
    if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0) die("bind");
    if (!datagram && listen(fd, 4096) < 0) die("listen");
    states[fd] = (struct socket_state){.kind = kind, .listening = !datagram, .header_due = header};
    watch(fd, EPOLLIN);
}

static void handle(struct epoll_event event) {
    int fd = event.data.fd;
    struct socket_state *state = &states[fd];
    if (state->listening) {
        accept_all(fd);
    } else if (state->kind == SINK_UDP || state->kind == ECHO_UDP) {
        datagrams_readable(fd, state->kind == ECHO_UDP);
    } else if (event.events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
        stream_readable(fd, state);
    } else if (event.events & EPOLLOUT) {
        stream_writable(fd);
    }
}

int main(int argc, char **argv) {
    if (argc != 4) {
        fprintf(stderr, "usage: origin HOST BASE-PORT COUNTERS-FILE\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN); /* sendfile has no flag against it */
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    states = calloc(limit.rlim_cur, sizeof *states);
    counters = map_counters(argv[3]);
    epoll_fd = epoll_create1(0);
    zeros_fd = memfd_create("zeros", 0);
    if (states == NULL || ftruncate(zeros_fd, SOURCE_BYTES) < 0) die("origin");
    int base = atoi(argv[2]);
    for (int i = 0; i < 6; i++) open_socket(argv[1], base + i, ECHO + i % 3, i >= 3);
    open_socket(argv[1], base + 6, SINK_UDP, false);
    open_socket(argv[1], base + 7, ECHO_UDP, false);
    printf("ready\n");
    fflush(stdout);
    struct epoll_event events[256];
    for (;;) {
        int n = epoll_wait(epoll_fd, events, 256, -1);
        for (int i = 0; i < n; i++) handle(events[i]);
    }
}
