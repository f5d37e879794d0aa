/* The client's half of RFC 6455, as far as a load generator needs it. */
#ifndef WEBSOCKET_H
#define WEBSOCKET_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9, PONG = 10 };

typedef struct {
    int opcode;
    const unsigned char *payload;
    size_t length;
    size_t size; /* of the whole frame */
} Frame;

/* Reads the frame at `data`; 0 where it is not all there yet. A server's frames are not masked (5.1). */
static inline int read_frame(const unsigned char *data, size_t there, Frame *frame) {
    if (there < 2) return 0;
    size_t head = 2;
    uint64_t length = data[1] & 0x7f;
    if (length == 126) {
        if (there < 4) return 0;
        length = (uint64_t)data[2] << 8 | data[3];
        head = 4;
    } else if (length == 127) {
        if (there < 10) return 0;
        length = 0;
        for (int i = 2; i < 10; i++) length = length << 8 | data[i];
        head = 10;
    }
    if (there < head + length) return 0;
    *frame = (Frame){data[0] & 0x0f, data + head, length, head + length};
    return 1;
}

/* Writes a frame, masked with zeros: a server must unmask it all the same, and we need not touch the payload. */
static inline size_t write_frame(unsigned char *to, int opcode, const char *payload, size_t length) {
    size_t head = 2;
    to[0] = 0x80 | opcode;
    if (length < 126) {
        to[1] = 0x80 | length;
    } else {
        to[1] = 0x80 | 126;
        to[2] = length >> 8;
        to[3] = length;
        head = 4;
    }
    memset(to + head, 0, 4);
    memcpy(to + head + 4, payload, length);
    return head + 4 + length;
}

#endif
