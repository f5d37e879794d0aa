/* In: the bytes that a session received. Out: what was counted, and what it says next. */
#ifndef HEARING_H
#define HEARING_H

#include "speaking.h"

static void finished(uint32_t who, uint32_t number) {
    Publisher *publisher = &publishers[who];
    publisher->finished++;
    if (counting) {
        count.messages++;
        if (option.acknowledged) remember_time(&times, now - publisher->at[number % IN_FLIGHT]);
    }
    if (running && !option.rate) publish(who);
}

static void take_marker(Session *session, uint32_t who, uint32_t number) {
    if (who >= (uint32_t)option.publishers || who % option.rooms != session->room) fail("a message of another room");
    check_turn(&session->due[who / option.rooms], number, &faults);
    if (counting) {
        count.deliveries++;
        if (!option.acknowledged) remember_time(&times, now - publishers[who].at[number % IN_FLIGHT]);
    }
    if (&sessions[who] == session && !option.acknowledged) finished(who, number);
}

static void look_for_markers(Session *session, const char *data, size_t length) {
    uint32_t who, number;
    if (session->tail_length) {
        char joined[3 * MARKER_LENGTH];
        size_t more = length < MARKER_LENGTH - 1 ? length : MARKER_LENGTH - 1;
        memcpy(joined, session->tail, session->tail_length);
        memcpy(joined + session->tail_length, data, more);
        if (session->tail_length + more >= MARKER_LENGTH && read_marker(joined, &who, &number))
            take_marker(session, who, number);
        session->tail_length = 0;
    }
    const char *end = data + length;
    for (const char *at = data; (at = memchr(at, 'Q', end - at)) != NULL;) {
        if (end - at < MARKER_LENGTH) {
            memcpy(session->tail, at, session->tail_length = (int)(end - at));
            return;
        }
        if (read_marker(at, &who, &number)) {
            take_marker(session, who, number);
            at += MARKER_LENGTH;
        } else {
            at++;
        }
    }
}

/* ---- until a session is ready */

static const char *behind(const char *data, size_t length, const char *piece) {
    const char *at = memmem(data, length, piece, strlen(piece));
    return at ? at + strlen(piece) : NULL;
}

/* Where a subscription goes on from: {"position":{"epoch":"…","seq":N}. */
static void take_position(Session *session, const char *data, size_t length) {
    const char *epoch = behind(data, length, "\"position\":{\"epoch\":\"");
    const char *seq = epoch ? behind(epoch, length - (epoch - data), "\"seq\":") : NULL;
    if (!seq) fail("no position: %.*s", (int)(length < 500 ? length : 500), data);
    size_t bytes = (const char *)memchr(epoch, '"', EPOCH_BYTES) - epoch;
    memcpy(session->epoch, epoch, bytes);
    session->epoch[bytes] = 0;
    session->seq = strtoull(seq, NULL, 10);
}

static void become_ready(Session *session) {
    session->phase = READY;
    ready++;
    under_way--;
    ready_at = now;
    if (!session->lost_at) return;
    remember_time(&away, now - session->lost_at);
    back_at = now;
    if (!session->returned) session->returned = 1, returned++;
    if (index_of(session) < option.publishers && !option.acknowledged) say_again((uint32_t)index_of(session));
}

static void next_step(Session *session) {
    session->step++;
    if (session->step < STEPS && option.dialect->steps[session->step].wait) say_step(session);
    else become_ready(session);
}

/* False: the server will not have it, and it has to come again. */
static int take_answer(Session *session, const char *data, size_t length) {
    if (!behind(data, length, option.dialect->steps[session->step].wait)) {
        if (!behind(data, length, "\"error\"")) return 1;
        if (!option.returning || !session->lost_at) fail("refused: %.*s", (int)length, data);
        if (count.refused++ == 0) fprintf(stderr, "%.*s\n", (int)length, data);
        return 0;
    }
    if (option.dialect->resumes && session->step == option.dialect->resumes) {
        take_position(session, data, length);
        look_for_markers(session, data, length);
        if (behind(data, length, "\"more\":true")) return say_step(session), 1;
    }
    return next_step(session), 1;
}

/* ---- a session that is ready */

static void take_acknowledgement(Session *session, const char *data, size_t length) {
    const char *at = behind(data, length, option.dialect->acknowledged);
    if (!at) return;
    if (behind(data, length, "\"error\"") && count.refused++ == 0) fprintf(stderr, "%.*s\n", (int)length, data);
    finished((uint32_t)index_of(session), (uint32_t)atoi(at) - 10);
}

/* What concerns the whole run, not one message: a send that was refused, and how far the session is. */
static void follow(Session *session, const char *data, size_t length) {
    if (behind(data, length, "\"error\":{") && count.refused++ == 0) fprintf(stderr, "%.*s\n", (int)length, data);
    const char *seq = behind(data, length, "{\"event\":") ? behind(data, length, "\"seq\":") : NULL;
    if (seq) session->seq = strtoull(seq, NULL, 10);
}

/* False: the session is of no use any more. */
static int take_message(Session *session, const char *data, size_t length) {
    const Dialect *dialect = option.dialect;
    if (dialect->ping && length == strlen(dialect->ping) && !memcmp(data, dialect->ping, length)) {
        say(session, dialect->opcode, dialect->pong, strlen(dialect->pong));
        count.pings++;
        return 1;
    }
    if (session->phase != READY) return take_answer(session, data, length);
    if (counting) count.bytes += length;
    if (option.acknowledged) {
        take_acknowledgement(session, data, length);
    } else {
        if (dialect->resumes) follow(session, data, length);
        look_for_markers(session, data, length);
    }
    return 1;
}

static void take_close(const char *payload, size_t length) {
    int code = length < 2 ? 1005 : (payload[0] & 0xff) << 8 | (payload[1] & 0xff);
    if (code < CLOSE_CODES && closes[code]++ == 0)
        fprintf(stderr, "closed with %d: %.*s\n", code, length < 2 ? 0 : (int)length - 2, payload + 2);
}

static int take_frame(Session *session, Frame *frame) {
    const char *payload = (const char *)frame->payload;
    if (frame->opcode <= BINARY) return take_message(session, payload, frame->length);
    if (frame->opcode == PING) say(session, PONG, payload, frame->length), count.pings++;
    else if (frame->opcode == CLOSE) take_close(payload, frame->length);
    return 1;
}

#endif
