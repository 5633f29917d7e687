/*
 * Open-loop schedule and histogram. Request number n is meant to leave at start + n / rate,
 * whatever became of those before it; its latency counts from there, so that a stall shows in
 * every request it delayed and not only in one.
 */
#ifndef SKERRY_SCHEDULE_H
#define SKERRY_SCHEDULE_H

#include <stdint.h>
#include <stdio.h>

static inline uint64_t schedule_intended(uint64_t start, double rate, uint64_t number) {
    return start + (uint64_t)(number * (1e9 / rate));
}

/* How many are due at a time: those meant to leave at or before it. */
static inline uint64_t schedule_due(uint64_t start, double rate, uint64_t now) {
    if (now < start) return 0;
    uint64_t due = (uint64_t)((now - start) / (1e9 / rate)) + 1;
    while (due > 0 && schedule_intended(start, rate, due - 1) > now) due--;
    while (schedule_intended(start, rate, due) <= now) due++;
    return due;
}

/* 64 slots an octave: a value is told within 1.6 %. */
enum { HISTOGRAM_BITS = 6, HISTOGRAM_SLOTS = (64 - HISTOGRAM_BITS + 1) << HISTOGRAM_BITS };

struct histogram {
    uint64_t slots[HISTOGRAM_SLOTS];
};

static inline int histogram_slot(uint64_t value) {
    if (value < 1u << HISTOGRAM_BITS) return (int)value;
    int shift = 63 - __builtin_clzll(value) - HISTOGRAM_BITS;
    return ((shift + 1) << HISTOGRAM_BITS) + (int)((value >> shift) - (1u << HISTOGRAM_BITS));
}

/* The highest value of a slot. */
static inline uint64_t histogram_upper(int slot) {
    if (slot < 1 << HISTOGRAM_BITS) return (uint64_t)slot;
    int shift = (slot >> HISTOGRAM_BITS) - 1;
    uint64_t base = (uint64_t)(slot & ((1 << HISTOGRAM_BITS) - 1)) + (1u << HISTOGRAM_BITS);
    return ((base + 1) << shift) - 1;
}

static inline void histogram_add(struct histogram *histogram, uint64_t value) {
    histogram->slots[histogram_slot(value)]++;
}

/* Says on standard error what is wrong; 0 when nothing is. */
static inline int schedule_check(void) {
    int wrong = 0;
    const double rates[] = {1, 3, 1000, 33333, 123456.7};
    for (int r = 0; r < 5; r++) {
        const uint64_t start = 77;
        for (uint64_t n = 0; n < 10000; n++) {
            uint64_t at = schedule_intended(start, rates[r], n);
            if (schedule_due(start, rates[r], at) != n + 1) wrong++;
            if (schedule_due(start, rates[r], at - 1) != n) wrong++;
        }
    }
    for (uint64_t value = 0; value < 1ull << 40; value += 1 + value / 97) {
        uint64_t upper = histogram_upper(histogram_slot(value));
        if (upper < value || (upper - value) * 64 > value + 64) wrong++;
        if (value > 0 && histogram_slot(value) < histogram_slot(value - 1)) wrong++;
    }
    if (wrong) fprintf(stderr, "schedule: %d checks failed\n", wrong);
    return wrong != 0;
}

#endif
