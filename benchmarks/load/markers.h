/* In: the bytes of a message. Out: who said it and as which one, and what of it was lost, repeated or out of turn.
 *
 * Every text holds a marker, Qp, six digits, n, eight digits, Q: whoever receives it, in whatever wrapping, knows
 * what it is without parsing any server's format.
 */
#ifndef MARKERS_H
#define MARKERS_H

#include <stdint.h>
#include <string.h>

#define MARKER "Qp%06xn%08xQ"
#define MARKER_LENGTH 18

typedef struct {
    uint64_t lost, repeated, disordered;
} Faults;

typedef struct {
    uint32_t next; /* The message that is due. */
    uint64_t seen; /* A bit for each of the 64 before it, the last one lowest: a late one is no repeat. */
} Due;

/* Value of each hexadecimal digit that "%x" writes; 16 for what is none. */
static unsigned char digit_values[256];

static void know_digits(void) {
    memset(digit_values, 16, sizeof digit_values);
    for (int value = 0; value < 16; value++) digit_values[(unsigned char)"0123456789abcdef"[value]] = (unsigned char)value;
}

static inline int read_digits(const char *at, int count, uint32_t *number) {
    uint32_t value = 0, odd = 0;
    for (int i = 0; i < count; i++) {
        uint32_t digit = digit_values[(unsigned char)at[i]];
        odd |= digit;
        value = value << 4 | (digit & 15);
    }
    *number = value;
    return odd < 16;
}

/* Whether a whole marker stands at `at`; 18 bytes of it have to be there. */
static inline int read_marker(const char *at, uint32_t *who, uint32_t *number) {
    return at[0] == 'Q' && at[1] == 'p' && at[8] == 'n' && at[17] == 'Q' && read_digits(at + 2, 6, who) &&
           read_digits(at + 9, 8, number);
}

static inline void check_turn(Due *due, uint32_t number, Faults *faults) {
    if (number >= due->next) {
        uint32_t skipped = number - due->next;
        faults->lost += skipped;
        due->seen = skipped < 63 ? due->seen << (skipped + 1) | 1 : 1;
        due->next = number + 1;
        return;
    }
    uint32_t back = due->next - 1 - number;
    if (back < 64 && !(due->seen >> back & 1)) {
        faults->lost--;
        faults->disordered++;
        due->seen |= 1ull << back;
    } else {
        faults->repeated++;
    }
}

#endif
