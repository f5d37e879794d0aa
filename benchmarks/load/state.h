/* What is known while the load runs: the options, the sessions, and what was counted. */
#ifndef STATE_H
#define STATE_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "dialects.h"
#include "markers.h"
#include "times.h"

#define TEXT_BYTES 16384
#define IN_FLIGHT 4096 /* Send times that are remembered for each publisher; more may not be on their way. */
#define EPOCH_BYTES 40
#define CLOSE_CODES 5000

enum Phase { CLOSED, CONNECTING, UPGRADING, INTRODUCED, READY };

typedef struct {
    int fd, step;
    enum Phase phase;
    int deaf, returned, in_turn;
    uint32_t room;
    Due *due; /* For each publisher of the room. */
    unsigned char *kept; /* What is left of a read: an unfinished frame. */
    size_t kept_length, kept_size;
    char tail[MARKER_LENGTH]; /* A marker may be cut where one frame ends and the next begins. */
    int tail_length;
    char epoch[EPOCH_BYTES]; /* With `seq` the position to go on from; empty before the first subscription. */
    uint64_t seq;
    double lost_at;
} Session;

typedef struct {
    uint32_t sent, finished;
    double at[IN_FLIGHT];
} Publisher;

static struct {
    int port, sessions, publishers, rooms, window, size, connecting, per_address, deaf, acknowledged, returning, roaming, server_core;
    double warmup, seconds, rate, hold, patience, stragglers, turn;
    const char *path, *prefix;
    const Dialect *dialect;
} option = {.port = 8000, .sessions = 100, .publishers = 1, .rooms = 1, .window = 1, .size = 64, .connecting = 64,
            .per_address = 20000, .warmup = 1, .seconds = 3, .patience = 120, .stragglers = 10, .turn = 0.001,
            .path = "/", .server_core = -1, .prefix = "room",
            .dialect = &dialects[0]};

static Session *sessions;
static Publisher *publishers;
static int poller, listeners; /* `listeners` is 0 where all are read as they come. */
static double listen_at;
static int under_way, ready, lost_connections, returned;
static int running, counting;
static char filler[TEXT_BYTES];
static char **texts, **tickets;
static size_t text_count, ticket_count;
static struct { uint64_t messages, deliveries, bytes, refused, pings; } count;
static Faults faults;
static Times times, away;
static int closes[CLOSE_CODES];
static double now, ready_at, back_at, first_lost_at, deaf_closed_at;

static inline int index_of(const Session *session) { return (int)(session - sessions); }

static void fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(1);
}

#endif
