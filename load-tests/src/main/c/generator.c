/*
 * The load generator of the benchmark: one thread; one mode a run; one line of JSON at the end.
 *
 *   generator MODE --port N [--host A] [--seconds S] [--warm-up S] [--concurrency N] [--size N]
 *             [--ports N] [--rate N] [--burst N] [--window N] [--echo] [--counters FILE]
 *             [--pids N,N,...] [--origin-pid N]
 *
 * Of connections, each dials the next of so many ports from --port on.
 *
 * MODE: connections, requests, latency, bulk, udp, idle, check. CPU seconds are user plus system
 * of the listed processes, from /proc/PID/stat, taken at both ends of the measured window.
 */
#define _GNU_SOURCE
#include "counters.h"
#include "schedule.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/udp.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdbool.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

enum { MAX_PIDS = 256, EVENTS = 256, STALL_NS = 20 * 1000 * 1000, GRACE_NS = 200 * 1000 * 1000 };

static struct {
    struct sockaddr_in target;
    double seconds, warm_up, rate;
    int ports, concurrency, size, burst, window;
    bool echo;
    int pids[MAX_PIDS], pid_count, origin_pid;
} options = {.seconds = 2, .warm_up = 0.5, .ports = 1, .concurrency = 64, .size = 64, .burst = 1,
             .window = 256};

struct snapshot {
    uint64_t at;
    double proxy_cpu, origin_cpu, own_cpu;
    uint64_t done, sent, bytes, errors;
};

static struct counters nothing, *counters = &nothing;
static int epoll_fd;
static char buffer[1 << 18];
static uint64_t done, sent, bytes, errors;
static struct histogram histogram;

static uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000ull + t.tv_nsec;
}

/* User and system seconds of a process and of its children that have ended. */
static double cpu_seconds(int pid) {
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    FILE *file = fopen(path, "r");
    if (file == NULL) return 0;
    size_t n = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[n] = 0;
    char *after = strrchr(text, ')');
    unsigned long user = 0, system = 0;
    long gone_user = 0, gone_system = 0;
    if (after == NULL
        || sscanf(after + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %ld %ld", &user,
                  &system, &gone_user, &gone_system) != 4)
        return 0;
    return (double)(user + system + gone_user + gone_system) / sysconf(_SC_CLK_TCK);
}

static struct snapshot take(void) {
    struct snapshot s = {.done = done, .sent = sent, .bytes = bytes, .errors = errors};
    for (int i = 0; i < options.pid_count; i++) s.proxy_cpu += cpu_seconds(options.pids[i]);
    if (options.origin_pid) s.origin_cpu = cpu_seconds(options.origin_pid);
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    s.own_cpu = usage.ru_utime.tv_sec + usage.ru_stime.tv_sec
        + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    s.at = now_ns();
    return s;
}

static void report(const char *mode, struct snapshot a, struct snapshot b) {
    printf("{\"mode\":\"%s\",\"seconds\":%.6f,\"count\":%lu,\"sent\":%lu,\"bytes\":%lu,"
           "\"errors\":%lu,\"proxyCpu\":%.3f,\"originCpu\":%.3f,\"generatorCpu\":%.3f,"
           "\"badHeaders\":%lu,\"histogram\":[",
           mode, (b.at - a.at) / 1e9, b.done - a.done, b.sent - a.sent, b.bytes - a.bytes,
           b.errors - a.errors, b.proxy_cpu - a.proxy_cpu, b.origin_cpu - a.origin_cpu,
           b.own_cpu - a.own_cpu, counters->bad_headers);
    const char *comma = "";
    for (int i = 0; i < HISTOGRAM_SLOTS; i++) {
        if (histogram.slots[i] == 0) continue;
        printf("%s[%lu,%lu]", comma, histogram_upper(i), histogram.slots[i]);
        comma = ",";
    }
    printf("]}\n");
}

static void watch(int fd, int slot, int operation, uint32_t events) {
    struct epoll_event event = {.events = events, .data.u32 = slot};
    if (epoll_ctl(epoll_fd, operation, fd, &event) < 0) die("epoll_ctl");
}

static int stream_socket(bool blocking) {
    int fd = socket(AF_INET, SOCK_STREAM | (blocking ? 0 : SOCK_NONBLOCK), 0);
    if (fd < 0) die("socket");
    return fd;
}

/* --- connections: connect, one request of 64 bytes, its echo, the end from the other side. */

struct attempt {
    int fd, got;
    bool asked;
};

static void attempt_ask(struct attempt *attempt, int slot) {
    ssize_t n = send(attempt->fd, buffer, options.size, MSG_NOSIGNAL);
    if (n == options.size) {
        attempt->asked = true;
        watch(attempt->fd, slot, EPOLL_CTL_MOD, EPOLLIN);
    }
}

/* Which of the ports is dialled next: all in turn. */
static int next_port;

static void attempt_start(struct attempt *attempt, int slot) {
    attempt->fd = stream_socket(false);
    attempt->got = 0;
    attempt->asked = false;
    struct sockaddr_in target = options.target;
    target.sin_port = htons(ntohs(target.sin_port) + next_port);
    next_port = (next_port + 1) % options.ports;
    int r = connect(attempt->fd, (struct sockaddr *)&target, sizeof target);
    if (r < 0 && errno != EINPROGRESS) {
        errors++;
    }
    /* Over loopback the handshake is mostly over by now: asking at once spares two calls. */
    if (send(attempt->fd, buffer, options.size, MSG_NOSIGNAL) == options.size) {
        attempt->asked = true;
    }
    watch(attempt->fd, slot, EPOLL_CTL_ADD, attempt->asked ? EPOLLIN : EPOLLOUT);
}

static void attempt_event(struct attempt *attempt, int slot, uint32_t events) {
    if (!attempt->asked && !(events & (EPOLLERR | EPOLLHUP))) {
        attempt_ask(attempt, slot);
        return;
    }
    for (;;) {
        ssize_t n = recv(attempt->fd, buffer, sizeof buffer, 0);
        if (n > 0) {
            attempt->got += n;
            continue;
        }
        if (n < 0 && errno == EAGAIN) return;
        if (n == 0 && attempt->got == options.size) done++;
        else errors++;
        close(attempt->fd);
        attempt_start(attempt, slot);
        return;
    }
}

static void connections_until(struct attempt *attempts, uint64_t end) {
    struct epoll_event events[EVENTS];
    while (now_ns() < end) {
        int n = epoll_wait(epoll_fd, events, EVENTS, 10);
        for (int i = 0; i < n; i++)
            attempt_event(&attempts[events[i].data.u32], events[i].data.u32, events[i].events);
    }
}

static void run_connections(void) {
    struct attempt *attempts = calloc(options.concurrency, sizeof *attempts);
    for (int i = 0; i < options.concurrency; i++) attempt_start(&attempts[i], i);
    connections_until(attempts, now_ns() + options.warm_up * 1e9);
    struct snapshot a = take();
    connections_until(attempts, a.at + options.seconds * 1e9);
    report("connections", a, take());
}

/* --- requests and latency: connections that are kept, one request at a time on each. */

struct kept {
    int fd, got;
    bool busy;
    uint64_t intended;
};

static struct kept *kept;

static void open_kept(void) {
    kept = calloc(options.concurrency, sizeof *kept);
    for (int i = 0; i < options.concurrency; i++) {
        int fd = stream_socket(true), on = 1;
        if (connect(fd, (struct sockaddr *)&options.target, sizeof options.target) < 0)
            die("connect");
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        kept[i].fd = fd;
        watch(fd, i, EPOLL_CTL_ADD, EPOLLIN);
    }
}

static void ask(struct kept *connection, uint64_t intended) {
    connection->busy = true;
    connection->got = 0;
    connection->intended = intended;
    sent++;
    if (send(connection->fd, buffer, options.size, MSG_NOSIGNAL) != options.size) die("send");
}

/* Reads what has come; true when the answer is whole. */
static bool answered(struct kept *connection) {
    ssize_t n = recv(connection->fd, buffer, options.size - connection->got, MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN) return false;
    if (n <= 0) {
        fprintf(stderr, "generator: a kept connection ended\n");
        exit(1);
    }
    connection->got += n;
    if (connection->got < options.size) return false;
    connection->busy = false;
    done++;
    return true;
}

static void requests_until(uint64_t end) {
    struct epoll_event events[EVENTS];
    while (now_ns() < end) {
        int n = epoll_wait(epoll_fd, events, EVENTS, 10);
        for (int i = 0; i < n; i++) {
            struct kept *connection = &kept[events[i].data.u32];
            if (answered(connection)) ask(connection, 0);
        }
    }
}

static void run_requests(void) {
    open_kept();
    for (int i = 0; i < options.concurrency; i++) ask(&kept[i], 0);
    requests_until(now_ns() + options.warm_up * 1e9);
    struct snapshot a = take();
    requests_until(a.at + options.seconds * 1e9);
    report("requests", a, take());
}

static void wait_events(struct epoll_event *events, int *count, uint64_t until) {
    uint64_t now = now_ns();
    uint64_t rest = until > now ? until - now : 0;
    struct timespec t = {.tv_sec = rest / 1000000000, .tv_nsec = rest % 1000000000};
    *count = epoll_pwait2(epoll_fd, events, EVENTS, &t, NULL);
}

/* What is due waits in line, by number, for a free connection; its time of intent stays. */
static struct { uint64_t start, due, next; int *idle, idle_count; } line;

static void send_due(void) {
    line.due = schedule_due(line.start, options.rate, now_ns());
    while (line.next < line.due && line.idle_count > 0) {
        int slot = line.idle[--line.idle_count];
        ask(&kept[slot], schedule_intended(line.start, options.rate, line.next++));
    }
}

static void latency_until(uint64_t record_from, uint64_t end) {
    struct epoll_event events[EVENTS];
    while (now_ns() < end) {
        send_due();
        uint64_t next = schedule_intended(line.start, options.rate, line.due);
        int n;
        wait_events(events, &n, line.next < line.due ? end : next);
        for (int i = 0; i < n; i++) {
            struct kept *connection = &kept[events[i].data.u32];
            if (!answered(connection)) continue;
            if (connection->intended >= record_from)
                histogram_add(&histogram, now_ns() - connection->intended);
            line.idle[line.idle_count++] = events[i].data.u32;
        }
    }
}

/* Requests still without an answer count with the time they have waited. */
static void count_unanswered(uint64_t record_from, uint64_t end) {
    uint64_t now = now_ns();
    for (int i = 0; i < options.concurrency; i++)
        if (kept[i].busy && kept[i].intended >= record_from && kept[i].intended < end)
            histogram_add(&histogram, now - kept[i].intended), errors++;
    for (; line.next < line.due; line.next++) {
        uint64_t intended = schedule_intended(line.start, options.rate, line.next);
        if (intended >= record_from && intended < end)
            histogram_add(&histogram, now - intended), errors++;
    }
}

static void run_latency(void) {
    open_kept();
    line.idle = calloc(options.concurrency, sizeof *line.idle);
    for (int i = 0; i < options.concurrency; i++) line.idle[line.idle_count++] = i;
    line.start = now_ns();
    uint64_t from = line.start + options.warm_up * 1e9;
    latency_until(from, from);
    struct snapshot a = take();
    uint64_t end = a.at + options.seconds * 1e9;
    latency_until(from, end);
    struct snapshot b = take();
    count_unanswered(from, end);
    b.errors = errors;
    report("latency", a, b);
}

/* --- bulk: reads what a source sends, without copying it into this process. */

static void bulk_until(uint64_t end) {
    struct epoll_event events[EVENTS];
    while (now_ns() < end) {
        int n = epoll_wait(epoll_fd, events, EVENTS, 10);
        for (int i = 0; i < n; i++) {
            ssize_t got = recv(kept[events[i].data.u32].fd, NULL, 1 << 20, MSG_TRUNC | MSG_DONTWAIT);
            if (got > 0) bytes += got;
            else if (got == 0 || errno != EAGAIN) die("bulk: the source ended");
        }
    }
}

static void run_bulk(void) {
    open_kept();
    bulk_until(now_ns() + options.warm_up * 1e9);
    struct snapshot a = take();
    bulk_until(a.at + options.seconds * 1e9);
    report("bulk", a, take());
}

/* --- udp: every datagram (or burst) leaves from another socket than the one before. */

static int *clients;
static int next_client;
static uint64_t written_off; /* lost ones, so that the window opens again */

static void open_clients(void) {
    clients = calloc(options.concurrency, sizeof *clients);
    for (int i = 0; i < options.concurrency; i++) {
        clients[i] = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
        if (clients[i] < 0) die("socket");
        /* Each client has its own address, 127.1.x.y: proxies bound the sessions of one address. */
        struct sockaddr_in own = {.sin_family = AF_INET};
        own.sin_addr.s_addr = htonl((127u << 24 | 1 << 16) + 1 + i);
        if (bind(clients[i], (struct sockaddr *)&own, sizeof own) < 0) die("bind");
        if (connect(clients[i], (struct sockaddr *)&options.target, sizeof options.target) < 0)
            die("connect");
        if (options.burst > 1
            && setsockopt(clients[i], IPPROTO_UDP, UDP_SEGMENT, &options.size, sizeof(int)) < 0)
            die("UDP_SEGMENT");
        if (options.echo) watch(clients[i], i, EPOLL_CTL_ADD, EPOLLIN);
    }
}

static void drain_replies(void) {
    struct epoll_event events[EVENTS];
    if (!options.echo) {
        done = counters->datagrams;
        return;
    }
    int n = epoll_wait(epoll_fd, events, EVENTS, 0);
    for (int i = 0; i < n; i++) {
        int fd = clients[events[i].data.u32];
        for (int k = 0; k < options.burst; k++) {
            ssize_t got = recv(fd, buffer, 4096, MSG_DONTWAIT);
            if (got < 0) break;
            if (got == options.size) done++;
            else errors++;
        }
    }
}

static void send_datagrams(void) {
    int fd = clients[next_client];
    next_client = (next_client + 1) % options.concurrency;
    ssize_t n = send(fd, buffer, (size_t)options.size * options.burst, 0);
    if (n < 0) errors++;
    sent += options.burst;
}

static void udp_saturate_until(uint64_t base, uint64_t end) {
    uint64_t progress_at = now_ns(), last = done, now;
    while ((now = now_ns()) < end) {
        drain_replies();
        if (done != last) last = done, progress_at = now;
        uint64_t back = done - base + written_off;
        int64_t out = (int64_t)(sent - back);
        if (out + options.burst <= options.window) {
            for (int i = 0; i < 16 && out + options.burst <= options.window; i++) {
                send_datagrams();
                out += options.burst;
            }
        } else if (now - progress_at > STALL_NS) {
            written_off += out;
            progress_at = now;
        } else {
            sched_yield();
        }
    }
}

static void udp_paced_until(uint64_t end) {
    uint64_t start = now_ns(), now, before = sent;
    while ((now = now_ns()) < end) {
        uint64_t due = schedule_due(start, options.rate, now);
        if (sent - before + options.burst > due) {
            struct timespec pause = {.tv_nsec = 20000};
            drain_replies();
            nanosleep(&pause, NULL);
            continue;
        }
        for (int i = 0; i < 16 && sent - before + options.burst <= due; i++) send_datagrams();
        drain_replies();
    }
}

static void udp_settle(void) {
    uint64_t end = now_ns() + GRACE_NS;
    while (now_ns() < end) {
        struct timespec pause = {.tv_nsec = 200000};
        drain_replies();
        nanosleep(&pause, NULL);
    }
}

static void run_udp(void) {
    open_clients();
    drain_replies();
    uint64_t base = done;
    double full = options.rate;
    if (full > 0) {
        options.rate = full / 4; /* sessions are made gently: their cost is not what is asked */
        udp_paced_until(now_ns() + options.warm_up * 1e9);
        options.rate = full;
    } else {
        udp_saturate_until(base, now_ns() + options.warm_up * 1e9);
    }
    udp_settle();
    written_off = sent - (done - base);
    struct snapshot a = take();
    uint64_t end = a.at + options.seconds * 1e9;
    if (full > 0) udp_paced_until(end);
    else udp_saturate_until(base, end);
    drain_replies();
    struct snapshot b = take();
    udp_settle();
    uint64_t lost = b.sent - a.sent > done - a.done ? b.sent - a.sent - (done - a.done) : 0;
    b.errors = a.errors + lost; /* for udp, errors are the lost ones */
    report("udp", a, b);
}

/* --- idle: holds connections, each proven by one echo, until standard input ends. */

static void run_idle(void) {
    open_kept();
    for (int i = 0; i < options.concurrency; i++) {
        ask(&kept[i], 0);
        while (!answered(&kept[i])) {
            struct epoll_event event;
            epoll_wait(epoll_fd, &event, 1, 1000);
        }
    }
    printf("held %d\n", options.concurrency);
    fflush(stdout);
    while (read(0, buffer, 1) > 0) continue;
}

/* --- the command line */

static void read_pids(char *list) {
    for (char *each = strtok(list, ","); each; each = strtok(NULL, ","))
        if (options.pid_count < MAX_PIDS) options.pids[options.pid_count++] = atoi(each);
}

static void read_option(const char *name, char *value) {
    if (!strcmp(name, "--port")) options.target.sin_port = htons(atoi(value));
    else if (!strcmp(name, "--ports")) options.ports = atoi(value);
    else if (!strcmp(name, "--host")) inet_pton(AF_INET, value, &options.target.sin_addr);
    else if (!strcmp(name, "--seconds")) options.seconds = atof(value);
    else if (!strcmp(name, "--warm-up")) options.warm_up = atof(value);
    else if (!strcmp(name, "--concurrency")) options.concurrency = atoi(value);
    else if (!strcmp(name, "--size")) options.size = atoi(value);
    else if (!strcmp(name, "--rate")) options.rate = atof(value);
    else if (!strcmp(name, "--burst")) options.burst = atoi(value);
    else if (!strcmp(name, "--window")) options.window = atoi(value);
    else if (!strcmp(name, "--echo")) options.echo = atoi(value) != 0;
    else if (!strcmp(name, "--counters")) counters = map_counters(value);
    else if (!strcmp(name, "--pids")) read_pids(value);
    else if (!strcmp(name, "--origin-pid")) options.origin_pid = atoi(value);
    else {
        fprintf(stderr, "generator: unknown option %s\n", name);
        exit(2);
    }
}

int main(int argc, char **argv) {
    if (argc < 2 || argc % 2 != 0) {
        fprintf(stderr, "usage: generator MODE [--OPTION VALUE]...\n");
        return 2;
    }
    options.target.sin_family = AF_INET;
    options.target.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (int i = 2; i + 1 < argc; i += 2) read_option(argv[i], argv[i + 1]);
    prctl(PR_SET_TIMERSLACK, 1);
    epoll_fd = epoll_create1(0);
    const char *mode = argv[1];
    if (!strcmp(mode, "connections")) run_connections();
    else if (!strcmp(mode, "requests")) run_requests();
    else if (!strcmp(mode, "latency")) run_latency();
    else if (!strcmp(mode, "bulk")) run_bulk();
    else if (!strcmp(mode, "udp")) run_udp();
    else if (!strcmp(mode, "idle")) run_idle();
    else if (!strcmp(mode, "check")) return schedule_check();
    else {
        fprintf(stderr, "generator: unknown mode %s\n", mode);
        return 2;
    }
    return 0;
}
