/* What the origin counts, in a file that both programs map, so that reading costs no system call. */
#ifndef SKERRY_COUNTERS_H
#define SKERRY_COUNTERS_H

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct counters {
    volatile uint64_t accepted;
    volatile uint64_t datagrams;
    volatile uint64_t bad_headers;
};

static inline void die(const char *what) {
    perror(what);
    exit(1);
}

static inline struct counters *map_counters(const char *path) {
    int fd = open(path, O_RDWR | O_CREAT, 0600);
    if (fd < 0 || ftruncate(fd, sizeof(struct counters)) < 0) die(path);
    void *at = mmap(NULL, sizeof(struct counters), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED) die("mmap");
    close(fd);
    return at;
}

#endif
