/* In: what a session is to say. Out: frames on its socket. */
#ifndef SPEAKING_H
#define SPEAKING_H

#include <errno.h>
#include <sys/socket.h>

#include "state.h"
#include "websocket.h"

static void write_all(Session *session, const void *data, size_t length) {
    const char *from = data;
    while (length) {
        ssize_t done = send(session->fd, from, length, MSG_NOSIGNAL);
        if (done < 0 && (errno == EAGAIN || errno == EINTR)) continue; /* Frames are small: the server will read. */
        if (done < 0) return; /* The next read tells that it is gone. */
        from += done;
        length -= done;
    }
}

static void say(Session *session, int opcode, const char *payload, size_t length) {
    unsigned char frame[TEXT_BYTES + 1024];
    write_all(session, frame, write_frame(frame, opcode, payload, length));
}

static int since(char *to, const Session *session) {
    if (!*session->epoch) return 0;
    return sprintf(to, ",\"since\":{\"epoch\":\"%s\",\"seq\":%lu}", session->epoch, session->seq);
}

/* A sender that roams says each of its messages in the next room. */
static uint32_t room_of(const Session *session, uint32_t number) {
    return option.roaming ? (session->room + number * (uint32_t)option.publishers) % option.rooms : session->room;
}

static size_t expand(char *to, const char *format, Session *session, uint32_t publisher, uint32_t number, const char *text,
                     int length) {
    char *out = to;
    for (; *format; format++) {
        if (format[0] != '$') {
            *out++ = *format;
            continue;
        }
        switch (*++format) {
        case 'r':
            out += sprintf(out, "%s", option.prefix);
            if (option.rooms > 1) out += sprintf(out, "%u", room_of(session, number));
            break;
        case 's': out += sprintf(out, "%d", index_of(session)); break;
        case 'k': out += sprintf(out, "%s", ticket_count ? tickets[index_of(session) % ticket_count] : ""); break;
        case 'i': out += since(out, session); break;
        case 'p': out += sprintf(out, "%x", publisher); break;
        case 'n': out += sprintf(out, "%u", number + 10); break; /* Ids below are of the steps. */
        case 'l': out += sprintf(out, "%d", length); break;
        case 't': memcpy(out, text, length); out += length; break;
        }
    }
    return out - to;
}

static void say_step(Session *session) {
    char payload[1024];
    const char *format = option.dialect->steps[session->step].send;
    if (*format) say(session, option.dialect->opcode, payload, expand(payload, format, session, 0, 0, "", 0));
}

/* Says a publisher's message; the same number is the same text under the same key, however often. */
static void say_message(uint32_t who, uint32_t number) {
    Session *session = &sessions[who];
    char text[TEXT_BYTES], payload[TEXT_BYTES + 512];
    int length;
    if (text_count) {
        const char *line = texts[(who * 7919u + number) % text_count];
        length = (int)strlen(line);
        memcpy(text, line, length);
    } else {
        length = sprintf(text, MARKER, who, number);
        if (option.size > length) memcpy(text + length, filler, option.size - length), length = option.size;
    }
    say(session, option.dialect->opcode, payload,
        expand(payload, option.dialect->publish, session, who, number, text, length));
}

/* The publisher's next message. One whose session is away says it when it is back. */
static void publish(uint32_t who) {
    Publisher *publisher = &publishers[who];
    uint32_t number = publisher->sent++;
    publisher->at[number % IN_FLIGHT] = clock_now();
    if (sessions[who].phase == READY) say_message(who, number);
}

/* What a publisher that was away has said and not heard: none, some or all of it may have been stored. */
static void say_again(uint32_t who) {
    for (uint32_t number = sessions[who].due[who / option.rooms].next; number < publishers[who].sent; number++)
        say_message(who, number);
}

#endif
