/* Sockets of the sessions: opening them, reading them, and opening them again when the server was gone. */
#ifndef CONNECTIONS_H
#define CONNECTIONS_H

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "hearing.h"
#include "turns.h"

#define READ_BYTES (1024 * 1024)
#define KEPT_BYTES 4096 /* A session may hold on to a buffer of this size. */
#define DEAF_BYTES 65536 /* The system would take megabytes for a session that never reads. */
#define AGAIN_AFTER 0.05 /* Seconds until a server that did not answer is asked again. */
#define AT_A_TURN 32 /* Listeners that are read between two looks at the publishers. */

static int *waiting, waiting_count; /* Sessions that are to be opened, by number; a stack. */
static double ask_again_at;

static void watch(Session *session, int operation, uint32_t events) {
    struct epoll_event event = {.events = events, .data.ptr = session};
    if (epoll_ctl(poller, operation, session->fd, &event)) fail("epoll_ctl: %s", strerror(errno));
}

static void read_in_turn(Session *session) {
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data.ptr = session};
    session->in_turn = 1;
    if (epoll_ctl(poller, EPOLL_CTL_DEL, session->fd, NULL)) fail("epoll_ctl: %s", strerror(errno));
    if (epoll_ctl(listeners, EPOLL_CTL_ADD, session->fd, &event)) fail("epoll_ctl: %s", strerror(errno));
}

static void drop(Session *session) {
    close(session->fd);
    session->fd = -1;
    session->phase = CLOSED;
    session->kept_length = session->tail_length = 0;
}

/* The session could not be made; it is tried again after the others. */
static void put_off(Session *session, const char *why) {
    if (!option.returning || !session->lost_at) fail("session %d: %s", index_of(session), why);
    drop(session);
    under_way--;
    waiting[waiting_count++] = index_of(session);
    ask_again_at = now + AGAIN_AFTER;
}

static void gone(Session *session) {
    if (session->phase != READY) return put_off(session, "the connection was lost before it was ready");
    if (session->deaf) deaf_closed_at = now;
    else lost_connections++;
    ready--;
    drop(session);
    if (!first_lost_at) first_lost_at = now;
    if (!option.returning || session->deaf) return;
    session->lost_at = now;
    waiting[waiting_count++] = index_of(session);
}

static void open_session(Session *session) {
    int index = index_of(session), yes = 1, small = DEAF_BYTES;
    session->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (session->fd < 0) fail("socket: %s", strerror(errno));
    /* 28,000 ports lead from one address to another: the sessions come from several. */
    uint32_t address = INADDR_LOOPBACK + index / option.per_address;
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(address)};
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(option.port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    setsockopt(session->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes);
    setsockopt(session->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (session->deaf) setsockopt(session->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    if (index >= option.per_address && bind(session->fd, (struct sockaddr *)&from, sizeof from))
        fail("bind: %s", strerror(errno));
    session->phase = CONNECTING;
    session->step = -1;
    under_way++;
    if (connect(session->fd, (struct sockaddr *)&to, sizeof to) && errno != EINPROGRESS)
        return put_off(session, strerror(errno));
    watch(session, EPOLL_CTL_ADD, EPOLLOUT);
}

static void connected(Session *session) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(session->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error) return put_off(session, strerror(error));
    char path[512], request[1024];
    path[expand(path, option.path, session, 0, 0, "", 0)] = 0;
    int length = sprintf(request,
                         "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                         "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
                         path, option.port);
    write_all(session, request, length);
    session->phase = UPGRADING;
    watch(session, EPOLL_CTL_MOD, EPOLLIN | EPOLLRDHUP | EPOLLET);
}

static void open_some(void) {
    if (now < ask_again_at) return;
    while (waiting_count && under_way < option.connecting && now >= ask_again_at)
        open_session(&sessions[waiting[--waiting_count]]);
}

/* ---- reading */

/* Bytes of the handshake's answer; 0 where it is not all there, -1 where it is a refusal. */
static ssize_t take_handshake(Session *session, const unsigned char *data, size_t length) {
    const unsigned char *end = memmem(data, length, "\r\n\r\n", 4);
    if (!end) return 0;
    if (memcmp(data, "HTTP/1.1 101", 12)) return -1;
    session->phase = INTRODUCED;
    if (option.dialect->steps[0].wait) next_step(session);
    else become_ready(session);
    return end + 4 - data;
}

static void keep(Session *session, const unsigned char *data, size_t length) {
    if (!length && session->kept_size > KEPT_BYTES) {
        free(session->kept);
        session->kept = NULL;
        session->kept_size = 0;
    }
    if (session->kept_size < length) {
        session->kept_size = length < KEPT_BYTES ? KEPT_BYTES : length;
        session->kept = realloc(session->kept, session->kept_size);
    }
    if (length) memcpy(session->kept, data, length);
    session->kept_length = length;
}

static void take_bytes(Session *session, const unsigned char *data, size_t length) {
    if (session->phase == UPGRADING) {
        ssize_t head = take_handshake(session, data, length);
        if (head < 0) return put_off(session, "no handshake");
        if (!head) return keep(session, data, length);
        data += head;
        length -= head;
    }
    Frame frame;
    while (read_frame(data, length, &frame)) {
        if (!take_frame(session, &frame)) return put_off(session, "refused");
        data += frame.size;
        length -= frame.size;
    }
    keep(session, data, length);
    /* A session that never reads still hears when it is cut. */
    if (session->deaf && session->phase == READY) watch(session, EPOLL_CTL_MOD, EPOLLRDHUP);
}

/* Whether there may be more to read. */
static int read_some(Session *session) {
    static unsigned char buffer[2 * READ_BYTES];
    size_t before = session->kept_length;
    if (before > READ_BYTES) fail("a frame of more than %d bytes", READ_BYTES);
    if (before) memcpy(buffer, session->kept, before);
    ssize_t length = recv(session->fd, buffer + before, READ_BYTES, 0);
    if (length < 0 && errno == EINTR) return 1;
    if (length < 0 && errno == EAGAIN) return 0;
    if (length <= 0) return gone(session), 0;
    session->kept_length = 0;
    if (session->in_turn) turn_reads++, turn_bytes += length;
    else now = clock_now(); /* Those of a turn are read in less time than a wake-up takes. */
    take_bytes(session, buffer, before + length);
    return length == READ_BYTES;
}

/* The system tells of what arrives once (EPOLLET), so it has to be read to its end; and of an end behind it. */
static void read_session(Session *session, uint32_t events) {
    int ended = events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR);
    while (session->phase != CLOSED && (read_some(session) || ended)) continue;
    int listens = index_of(session) >= option.publishers && !session->deaf;
    if (listeners && listens && session->phase == READY && !session->in_turn) read_in_turn(session);
}

static int read_listeners(int milliseconds) {
    struct epoll_event events[AT_A_TURN];
    int found = epoll_wait(listeners, events, AT_A_TURN, milliseconds);
    now = clock_now();
    for (int i = 0; i < found; i++) {
        Session *session = events[i].data.ptr;
        if (session->phase != CLOSED) read_session(session, events[i].events);
    }
    if (found < AT_A_TURN) listen_at = clock_now() + turn;
    return found;
}

/* At the ends of the time that is measured nothing waits for its turn; nor at the server's end, where the system holds
   back what is sent until more of what went before was acknowledged, which only reading does. */
static void read_all_listeners(void) {
    while (listeners && read_listeners(2) > 0) continue;
}

static int wait_on(struct epoll_event *events, int most, int milliseconds) {
    if (!listeners) return epoll_wait(poller, events, most, milliseconds);
    double rest = listen_at - clock_now();
    struct timespec patience = {.tv_nsec = rest > 0 ? (long)(rest * 1e9) : 0};
    return epoll_pwait2(poller, events, most, &patience, NULL);
}

static void wait_for_events(int milliseconds) {
    struct epoll_event events[1024];
    if (waiting_count && milliseconds > 10) milliseconds = 10;
    int found = wait_on(events, 1024, milliseconds);
    now = clock_now();
    for (int i = 0; i < found; i++) {
        Session *session = events[i].data.ptr;
        if (session->phase == CLOSED) continue;
        if (session->phase == CONNECTING) connected(session);
        else if (session->deaf && session->phase == READY) gone(session);
        else read_session(session, events[i].events);
    }
    if (listeners && now >= listen_at) fit_turn(), read_listeners(0);
    open_some();
}

static double connect_all(void) {
    waiting = calloc(option.sessions, sizeof *waiting);
    for (int i = option.sessions; i-- > 0;) {
        sessions[i] = (Session){.fd = -1, .room = i % option.rooms, .deaf = i >= option.sessions - option.deaf};
        sessions[i].due = calloc(option.publishers / option.rooms + 1, sizeof(Due));
        waiting[waiting_count++] = i;
    }
    double began = now = clock_now();
    open_some();
    while (ready < option.sessions) {
        wait_for_events(1000);
        if (now - began > 300) fail("only %d of %d sessions were ready after 300 s", ready, option.sessions);
    }
    return clock_now() - began;
}

#endif
