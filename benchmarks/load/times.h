/* Clocks, and a table of how long things took: logarithmic steps, 6 % wide. */
#ifndef TIMES_H
#define TIMES_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define BUCKETS 64
#define SUB 16 /* Parts of a power of two. */

typedef struct {
    uint64_t bucket[BUCKETS * SUB], taken;
    double largest;
} Times;

static inline double clock_now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

static double cpu_seconds(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* Seconds for which a core of the machine was busy, with whatever, since it was started; proc_stat(5). */
static double core_seconds(int core) {
    char name[16], line[512];
    double busy = 0;
    FILE *file = fopen("/proc/stat", "r");
    int length = sprintf(name, "cpu%d ", core);
    while (file && fgets(line, sizeof line, file)) {
        unsigned long user, nice, system, idle, waiting, interrupts, soft;
        if (strncmp(line, name, length)) continue;
        if (sscanf(line + length, "%lu %lu %lu %lu %lu %lu %lu", &user, &nice, &system, &idle, &waiting, &interrupts, &soft) == 7)
            busy = (double)(user + nice + system + interrupts + soft) / sysconf(_SC_CLK_TCK);
    }
    if (file) fclose(file);
    return busy;
}

static inline void remember_time(Times *times, double seconds) {
    double microseconds = seconds * 1e6;
    uint64_t value = microseconds < 1 ? 1 : (uint64_t)microseconds;
    int power = 63 - __builtin_clzll(value);
    int part = power >= 4 ? (int)(value >> (power - 4)) & 15 : (int)(value << (4 - power)) & 15;
    times->bucket[power * SUB + part]++;
    times->taken++;
    if (seconds > times->largest) times->largest = seconds;
}

/* In microseconds; 0 where nothing was taken. */
static double quantile(const Times *times, double q) {
    uint64_t wanted = (uint64_t)(q * times->taken), seen = 0;
    for (int i = 0; times->taken && i < BUCKETS * SUB; i++)
        if ((seen += times->bucket[i]) > wanted) return (double)(1ull << (i / SUB)) * (1 + (i % SUB + 0.5) / SUB);
    return times->largest * 1e6;
}

#endif
