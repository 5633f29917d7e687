/* Reads the client's address from PROXY v1/v2 (TCP) and PROXY v2 or SPP (UDP).
 *
 *     cc -O2 -o receiver receiver.c
 *     ./receiver tcp|ppv2|spp ADDRESS PORT    echoes, and logs "client ADDRESS PORT PAYLOAD"
 *     ./receiver check                        reads "mode hex" lines, prints what each header says
 *
 * Port 0 takes a free one; the first line printed is "listening PORT". IPv4 only as a listener, to
 * stay short. The TCP part serves one connection at a time.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { BAD = -1, MORE = -2, V1_MAX = 107, SPP_LENGTH = 38, CLIENTS = 1024 };

static const unsigned char SIGNATURE[12] = {13, 10, 13, 10, 0, 13, 10, 'Q', 'U', 'I', 'T', 10};

struct client {
    char address[INET6_ADDRSTRLEN]; /* empty: the header names nobody */
    unsigned port;
};

static unsigned get16(const unsigned char *p) { return (unsigned)p[0] << 8 | p[1]; }

/* Writes 4 or 16 address bytes as text; IPv4-mapped ones become IPv4. */
static void name(struct client *client, const unsigned char *bytes, int width, unsigned port)
{
    static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

    if (width == 16 && !memcmp(bytes, mapped, 12)) {
        bytes += 12;
        width = 4;
    }
    inet_ntop(width == 4 ? AF_INET : AF_INET6, bytes, client->address, sizeof client->address);
    client->port = port;
}

static int parse_port(const char *text)
{
    int value = 0;

    if (!*text || (text[0] == '0' && text[1]))
        return -1;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return -1;
        value = value * 10 + (*text - '0');
        if (value > 65535)
            return -1;
    }
    return value;
}

/* Answers the length of the header, BAD or MORE. */
static int read_v1(const unsigned char *data, size_t size, struct client *client)
{
    char line[V1_MAX + 1], *fields[5], *rest = line;
    unsigned char from[16], to[16];
    size_t end = 0, most = size < V1_MAX ? size : V1_MAX;
    int family, source, destination;

    client->address[0] = 0;
    if (memcmp(data, "PROXY ", size < 6 ? size : 6))
        return BAD;
    while (end + 1 < most && !(data[end] == '\r' && data[end + 1] == '\n'))
        end++;
    if (end + 1 >= most)
        return size >= V1_MAX ? BAD : MORE;
    memcpy(line, data, end);
    line[end] = 0;
    rest += 6;
    if (!strncmp(rest, "UNKNOWN", 7) && (rest[7] == 0 || rest[7] == ' '))
        return (int)end + 2;
    if (strlen(line) != end)
        return BAD;
    for (int i = 0; i < 5; i++) {
        if (!rest)
            return BAD;
        fields[i] = strsep(&rest, " ");
    }
    if (rest || (strcmp(fields[0], "TCP4") && strcmp(fields[0], "TCP6")))
        return BAD;
    family = fields[0][3] == '4' ? AF_INET : AF_INET6;
    source = parse_port(fields[3]);
    destination = parse_port(fields[4]);
    /* glibc's inet_pton refuses leading zeros and anything that is not exactly an address. */
    if (inet_pton(family, fields[1], from) != 1 || inet_pton(family, fields[2], to) != 1 ||
        source < 0 || destination < 0)
        return BAD;
    name(client, from, family == AF_INET ? 4 : 16, (unsigned)source);
    return (int)end + 2;
}

static uint32_t crc32c(const unsigned char *data, size_t size, size_t zero_from)
{
    uint32_t crc = 0xffffffff;

    for (size_t i = 0; i < size; i++) {
        crc ^= i >= zero_from && i < zero_from + 4 ? 0 : data[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
    }
    return crc ^ 0xffffffff;
}

/* Walks the fields behind the addresses and checks the checksum where there is one. */
static int fields_hold(const unsigned char *header, size_t size, size_t at)
{
    int checksums = 0;

    while (at < size) {
        if (size - at < 3 || size - at - 3 < get16(header + at + 1))
            return 0;
        if (header[at] == 3) {
            if (checksums++ || get16(header + at + 1) != 4)
                return 0;
            uint32_t said = (uint32_t)get16(header + at + 3) << 16 | get16(header + at + 5);
            if (said != crc32c(header, size, at + 3))
                return 0;
        }
        at += 3 + get16(header + at + 1);
    }
    return 1;
}

static int read_v2(const unsigned char *data, size_t size, int datagram, struct client *client)
{
    int more = datagram ? BAD : MORE, width, addresses;
    size_t length;

    client->address[0] = 0;
    if (memcmp(data, SIGNATURE, size < 12 ? size : 12))
        return BAD;
    if (size < 16)
        return more;
    length = 16 + get16(data + 14);
    if (data[12] == 0x20)
        return size < length ? more : (int)length;
    if (data[12] != 0x21)
        return BAD;
    switch (data[13]) {
    case 0x00: width = 0; addresses = 0; break;
    case 0x11: case 0x12: width = 4; addresses = 12; break;
    case 0x21: case 0x22: width = 16; addresses = 36; break;
    case 0x31: case 0x32: width = 0; addresses = 216; break;
    default: return BAD;
    }
    if (length < 16 + (size_t)addresses)
        return BAD;
    if (size < length)
        return more;
    if (!fields_hold(data, length, 16 + (size_t)addresses))
        return BAD;
    if (width == 0)
        return (int)length;
    if (((data[13] & 15) == 2) != datagram)
        return BAD;
    name(client, data + 16, width, get16(data + 16 + 2 * width));
    return (int)length;
}

static int read_spp(const unsigned char *data, size_t size, struct client *client)
{
    if (size < SPP_LENGTH || data[0] != 0x56 || data[1] != 0xec)
        return BAD;
    name(client, data + 2, 16, get16(data + 34));
    return SPP_LENGTH;
}

static int read_tcp(const unsigned char *data, size_t size, struct client *client)
{
    return data[0] == 'P' ? read_v1(data, size, client) : read_v2(data, size, 0, client);
}

static void log_client(const struct client *client, const unsigned char *payload, size_t size)
{
    printf("client %s %u %.*s\n", client->address, client->port, (int)size, (const char *)payload);
    fflush(stdout);
}

static void serve_connection(int connection, const struct sockaddr_in *peer)
{
    static unsigned char data[65536 + 16];
    struct timeval patience = {5, 0};
    struct client client;
    size_t size = 0;
    int length = MORE;

    setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    while (length == MORE) {
        ssize_t got = read(connection, data + size, sizeof data - size);
        if (got <= 0)
            return;
        size += (size_t)got;
        length = read_tcp(data, size, &client);
    }
    if (length == BAD)
        return;
    if (!client.address[0])
        name(&client, (const unsigned char *)&peer->sin_addr, 4, ntohs(peer->sin_port));
    size -= (size_t)length;
    memmove(data, data + length, size);
    for (;;) {
        if (size > 0) {
            log_client(&client, data, size);
            if (write(connection, data, size) < 0)
                return;
        }
        ssize_t got = read(connection, data, sizeof data);
        if (got <= 0)
            return;
        size = (size_t)got;
    }
}

static void serve_tcp(int listener)
{
    for (;;) {
        struct sockaddr_in peer;
        socklen_t size = sizeof peer;
        int connection = accept(listener, (struct sockaddr *)&peer, &size);
        if (connection < 0)
            continue;
        serve_connection(connection, &peer);
        close(connection);
    }
}

static void serve_udp(int server, int spp)
{
    static struct { struct sockaddr_in peer; struct client client; } known[CLIENTS];
    static unsigned char data[65536];

    for (;;) {
        struct sockaddr_in peer;
        struct client client;
        socklen_t size = sizeof peer;
        int length = 0, slot;
        ssize_t got = recvfrom(server, data, sizeof data, 0, (struct sockaddr *)&peer, &size);
        if (got < 0)
            continue;
        /* Sessions by where they come from; a real server forgets idle ones and never collides. */
        slot = (int)((ntohl(peer.sin_addr.s_addr) * 31 + ntohs(peer.sin_port)) % CLIENTS);
        if (spp) {
            length = read_spp(data, (size_t)got, &client);
        } else if (got >= 12 && !memcmp(data, SIGNATURE, 12)) {
            length = read_v2(data, (size_t)got, 1, &client);
            if (length != BAD && !client.address[0])
                name(&client, (unsigned char *)&peer.sin_addr, 4, ntohs(peer.sin_port));
        } else if (known[slot].peer.sin_port == peer.sin_port &&
                   known[slot].peer.sin_addr.s_addr == peer.sin_addr.s_addr) {
            client = known[slot].client;
        } else {
            continue;
        }
        if (length == BAD)
            continue;
        known[slot].peer = peer;
        known[slot].client = client;
        log_client(&client, data + length, (size_t)(got - length));
        int from = spp ? 0 : length; /* an SPP answer repeats the header */
        sendto(server, data + from, (size_t)(got - from), 0, (struct sockaddr *)&peer, size);
    }
}

static void check(void)
{
    static char line[400000], text[400000];
    static unsigned char data[200000];
    char mode[16];

    while (fgets(line, sizeof line, stdin)) {
        struct client client = {"", 0};
        size_t size = 0;
        unsigned byte;
        int length;

        text[0] = 0;
        if (sscanf(line, "%15s %399999s", mode, text) < 1)
            continue;
        while (sscanf(text + 2 * size, "%2x", &byte) == 1)
            data[size++] = (unsigned char)byte;
        if (!strcmp(mode, "v1"))
            length = read_v1(data, size, &client);
        else if (!strcmp(mode, "spp"))
            length = read_spp(data, size, &client);
        else
            length = read_v2(data, size, !strcmp(mode, "v2udp"), &client);
        if (length == BAD)
            puts("bad");
        else if (length == MORE)
            puts("more");
        else if (client.address[0])
            printf("%s %u %d\n", client.address, client.port, length);
        else
            printf("unnamed %d\n", length);
        fflush(stdout);
    }
}

int main(int count, char **arguments)
{
    struct sockaddr_in own = {.sin_family = AF_INET};
    socklen_t size = sizeof own;
    int tcp, one = 1, server;

    if (count == 2 && !strcmp(arguments[1], "check")) {
        check();
        return 0;
    }
    if (count != 4 || inet_pton(AF_INET, arguments[2], &own.sin_addr) != 1) {
        fprintf(stderr, "usage: receiver tcp|ppv2|spp ADDRESS PORT, or receiver check\n");
        return 2;
    }
    tcp = !strcmp(arguments[1], "tcp");
    own.sin_port = htons((uint16_t)atoi(arguments[3]));
    server = socket(AF_INET, tcp ? SOCK_STREAM : SOCK_DGRAM, 0);
    setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (server < 0 || bind(server, (struct sockaddr *)&own, size) || (tcp && listen(server, 128))) {
        fprintf(stderr, "%s\n", strerror(errno));
        return 1;
    }
    getsockname(server, (struct sockaddr *)&own, &size);
    printf("listening %d\n", ntohs(own.sin_port));
    fflush(stdout);
    if (tcp)
        serve_tcp(server);
    serve_udp(server, !strcmp(arguments[1], "spp"));
}
