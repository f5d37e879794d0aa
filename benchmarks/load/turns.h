/* How long who only listens waits to be read.
 *
 * A listener wakes nobody and is read in turns. A generator that is faster than the server would otherwise wake for each of
 * its writes, and the server pays half of the waking. Publishers, whom the race waits for, are read as they are heard; with
 * --rate, where it is times that matter, everybody is.
 *
 * A turn takes a millisecond, and longer where the load would be what limits: most of what reading costs is for each read,
 * however much it brings. A server that is fast enough to fill our core is read in longer turns, until a quarter of it is free.
 */
#ifndef TURNS_H
#define TURNS_H

#include "state.h"

#define LOOK_EVERY 0.05 /* Seconds. */
#define BUSY 0.72 /* Of our core, above which a turn gets longer. */
#define CALM 0.60 /* And below which shorter again. */
#define STEP 1.25
#define LONGEST 0.1 /* Seconds. */
#define ENOUGH 49152 /* Bytes of one read: below what the system holds for a session at least before its server has to wait. */

static double turn;
static uint64_t turn_reads, turn_bytes; /* Since the last look. */

static void fit_turn(void) {
    static double looked_at, used;
    if (now - looked_at < LOOK_EVERY) return;
    double cpu = cpu_seconds(), share = (cpu - used) / (now - looked_at);
    if (looked_at && share > BUSY && turn_bytes < ENOUGH * turn_reads) turn *= STEP;
    if (looked_at && share < CALM) turn /= STEP;
    if (turn > LONGEST) turn = LONGEST;
    if (turn < option.turn) turn = option.turn;
    turn_reads = turn_bytes = 0;
    looked_at = now;
    used = cpu;
}

#endif
