/* Load for a WebSocket server: many sessions, some of which speak; every delivery is counted and checked.
 *
 *     load --port 8000 --path /ws/ --dialect teahouse --sessions 1000 --publishers 10 --window 1 --size 64
 *
 * Prints one line of JSON. Begins when every session is subscribed. A publisher has `window` messages on their way
 * and sends the next when its own comes back (or, with --acknowledged, is acknowledged; or with --rate, by the clock).
 * One thread, one epoll: `cpu` in the result says how much of its core it took; over 0.8 it was the bottleneck.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "dialects.h"
#include "websocket.h"

#define READ_BYTES (256 * 1024)
#define TEXT_BYTES 16384
#define IN_FLIGHT 4096 /* Send times that are remembered for each publisher; more may not be on their way. */
#define BUCKETS 64
#define SUB 16 /* Parts of a power of two in the table of times. */

typedef struct {
    uint32_t next; /* The message that is due. */
    uint64_t seen; /* A bit for each of the 64 before it, the last one lowest: a late one is no repeat. */
} Due;

typedef struct {
    int fd, step, ready, upgraded;
    uint32_t room;
    Due *due; /* For each publisher of the room. */
    unsigned char *kept; /* What is left of a read: an unfinished frame. */
    size_t kept_length, kept_size;
    char tail[MARKER_LENGTH]; /* A marker may be cut where one frame ends and the next begins. */
    int tail_length;
} Session;

typedef struct {
    uint32_t sent, finished;
    double at[IN_FLIGHT];
} Publisher;

static struct {
    int port, sessions, publishers, rooms, window, size, connecting, acknowledged;
    double warmup, seconds, rate, hold;
    const char *path, *prefix;
    const Dialect *dialect;
} option = {.port = 8000, .sessions = 100, .publishers = 1, .rooms = 1, .window = 1, .size = 64, .connecting = 64,
            .warmup = 1, .seconds = 3, .path = "/", .prefix = "room", .dialect = &dialects[0]};

static Session *sessions;
static Publisher *publishers;
static int poller, opened, ready, lost_connections;
static int running, counting;
static char filler[TEXT_BYTES];
static char **texts, **tickets;
static size_t text_count, ticket_count;
static struct { uint64_t messages, deliveries, bytes, lost, repeated, disordered, refused, pings; } count;
static uint64_t times[BUCKETS * SUB], timed;
static double now, largest;

static void fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(1);
}

static double clock_now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

static double cpu_seconds(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* ---- times: a table of logarithmic steps, 6 % wide */

static void remember_time(double seconds) {
    double microseconds = seconds * 1e6;
    uint64_t value = microseconds < 1 ? 1 : (uint64_t)microseconds;
    int power = 63 - __builtin_clzll(value);
    int part = power >= 4 ? (int)(value >> (power - 4)) & 15 : (int)(value << (4 - power)) & 15;
    times[power * SUB + part]++;
    timed++;
    if (seconds > largest) largest = seconds;
}

static double quantile(double q) {
    uint64_t wanted = (uint64_t)(q * timed), seen = 0;
    for (int i = 0; i < BUCKETS * SUB; i++)
        if ((seen += times[i]) > wanted) return (double)(1ull << (i / SUB)) * (1 + (i % SUB + 0.5) / SUB);
    return largest * 1e6;
}

/* ---- writing */

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
            out += option.rooms > 1 ? sprintf(out, "%s%u", option.prefix, session->room) : sprintf(out, "%s", option.prefix);
            break;
        case 's': out += sprintf(out, "%ld", (long)(session - sessions)); break;
        case 'k': out += sprintf(out, "%s", ticket_count ? tickets[(session - sessions) % ticket_count] : ""); break;
        case 'p': out += sprintf(out, "%x", publisher); break;
        case 'n': out += sprintf(out, "%u", number + 10); break; /* Ids below are of the steps. */
        case 'l': out += sprintf(out, "%d", length); break;
        case 't': memcpy(out, text, length); out += length; break;
        }
    }
    return out - to;
}

static void publish(uint32_t who) {
    Publisher *publisher = &publishers[who];
    Session *session = &sessions[who];
    char text[TEXT_BYTES], payload[TEXT_BYTES + 512];
    int length;
    if (text_count) {
        const char *line = texts[(who * 7919u + publisher->sent) % text_count];
        length = (int)strlen(line);
        memcpy(text, line, length);
    } else {
        length = sprintf(text, MARKER, who, publisher->sent);
        if (option.size > length) memcpy(text + length, filler, option.size - length), length = option.size;
    }
    size_t size = expand(payload, option.dialect->publish, session, who, publisher->sent, text, length);
    publisher->at[publisher->sent % IN_FLIGHT] = clock_now();
    publisher->sent++;
    say(session, option.dialect->opcode, payload, size);
}

static void finished(uint32_t who, uint32_t number) {
    Publisher *publisher = &publishers[who];
    publisher->finished++;
    if (counting) {
        count.messages++;
        if (option.acknowledged) remember_time(now - publisher->at[number % IN_FLIGHT]);
    }
    if (running && !option.rate) publish(who);
}

/* ---- reading */

static void step_done(Session *session) {
    session->step++;
    if (session->step < STEPS && option.dialect->steps[session->step].wait) {
        char payload[1024];
        const char *format = option.dialect->steps[session->step].send;
        if (*format) say(session, option.dialect->opcode, payload, expand(payload, format, session, 0, 0, "", 0));
    } else {
        session->ready = 1;
        ready++;
    }
}

static void check_turn(Due *due, uint32_t number) {
    if (number >= due->next) {
        uint32_t skipped = number - due->next;
        count.lost += skipped;
        due->seen = skipped < 63 ? due->seen << (skipped + 1) | 1 : 1;
        due->next = number + 1;
        return;
    }
    uint32_t back = due->next - 1 - number;
    if (back < 64 && !(due->seen >> back & 1)) {
        count.lost--;
        count.disordered++;
        due->seen |= 1ull << back;
    } else {
        count.repeated++;
    }
}

static void take_marker(Session *session, const char *at) {
    uint32_t who, number;
    if (at[1] != 'p' || at[8] != 'n' || at[17] != 'Q' || sscanf(at, MARKER, &who, &number) != 2) return;
    if (who >= (uint32_t)option.publishers || who % option.rooms != session->room) fail("a message of another room");
    check_turn(&session->due[who / option.rooms], number);
    if (counting) {
        count.deliveries++;
        if (!option.acknowledged) remember_time(now - publishers[who].at[number % IN_FLIGHT]);
    }
    if (&sessions[who] == session && !option.acknowledged) finished(who, number);
}

static void look_for_markers(Session *session, const char *data, size_t length) {
    if (session->tail_length) {
        char joined[3 * MARKER_LENGTH];
        size_t more = length < MARKER_LENGTH - 1 ? length : MARKER_LENGTH - 1;
        memcpy(joined, session->tail, session->tail_length);
        memcpy(joined + session->tail_length, data, more);
        if (session->tail_length + more >= MARKER_LENGTH) take_marker(session, joined);
        session->tail_length = 0;
    }
    const char *end = data + length;
    for (const char *at = data; (at = memchr(at, 'Q', end - at)) != NULL;) {
        if (end - at >= MARKER_LENGTH) {
            take_marker(session, at);
            at += at[1] == 'p' && at[17] == 'Q' ? MARKER_LENGTH : 1;
        } else {
            memcpy(session->tail, at, session->tail_length = (int)(end - at));
            return;
        }
    }
}

static void take_message(Session *session, const char *data, size_t length) {
    const Dialect *dialect = option.dialect;
    if (dialect->ping && length == strlen(dialect->ping) && !memcmp(data, dialect->ping, length)) {
        say(session, dialect->opcode, dialect->pong, strlen(dialect->pong));
        count.pings++;
        return;
    }
    if (!session->ready) {
        const char *wait = dialect->steps[session->step].wait;
        if (memmem(data, length, wait, strlen(wait))) step_done(session);
        else if (memmem(data, length, "\"error\"", 7)) fail("refused: %.*s", (int)length, data);
        return;
    }
    if (counting) count.bytes += length;
    if (option.acknowledged) {
        const char *at = memmem(data, length, dialect->acknowledged, strlen(dialect->acknowledged));
        if (!at) return;
        if (memmem(data, length, "\"error\"", 7) && count.refused++ == 0) fprintf(stderr, "%.*s\n", (int)length, data);
        finished((uint32_t)(session - sessions), (uint32_t)atoi(at + strlen(dialect->acknowledged)) - 10);
    } else {
        look_for_markers(session, data, length);
    }
}

static void take_frame(Session *session, Frame *frame) {
    const char *payload = (const char *)frame->payload;
    if (frame->opcode <= BINARY) take_message(session, payload, frame->length);
    else if (frame->opcode == PING) say(session, PONG, payload, frame->length), count.pings++;
    else if (frame->opcode == CLOSE)
        fprintf(stderr, "closed with %d: %.*s\n", payload[0] << 8 | (payload[1] & 0xff), (int)frame->length - 2, payload + 2);
}

static size_t take_handshake(Session *session, const unsigned char *data, size_t length) {
    const unsigned char *end = memmem(data, length, "\r\n\r\n", 4);
    if (!end) return 0;
    if (memcmp(data, "HTTP/1.1 101", 12)) fail("no handshake: %.200s", data);
    session->upgraded = 1;
    if (option.dialect->steps[0].wait) session->step = -1, step_done(session);
    else session->ready = 1, ready++;
    return end + 4 - data;
}

static void keep(Session *session, const unsigned char *data, size_t length) {
    if (session->kept_size < length) {
        session->kept = realloc(session->kept, length);
        session->kept_size = length;
    }
    memmove(session->kept, data, length);
    session->kept_length = length;
}

static void take_bytes(Session *session, const unsigned char *data, size_t length) {
    if (!session->upgraded) {
        size_t head = take_handshake(session, data, length);
        if (!head) return keep(session, data, length);
        data += head;
        length -= head;
    }
    Frame frame;
    while (read_frame(data, length, &frame)) {
        take_frame(session, &frame);
        data += frame.size;
        length -= frame.size;
    }
    keep(session, data, length);
}

static void gone(Session *session) {
    if (!session->ready) fail("a connection was lost before it was ready");
    epoll_ctl(poller, EPOLL_CTL_DEL, session->fd, NULL);
    close(session->fd);
    session->fd = -1;
    lost_connections++;
}

static void read_session(Session *session) {
    static unsigned char buffer[2 * READ_BYTES];
    size_t before = session->kept_length;
    if (before > READ_BYTES) fail("a frame of more than %d bytes", READ_BYTES);
    memcpy(buffer, session->kept, before);
    ssize_t length = recv(session->fd, buffer + before, READ_BYTES, 0);
    if (length < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (length <= 0) return gone(session);
    session->kept_length = 0;
    take_bytes(session, buffer, before + length);
    if (!session->kept_length && session->kept) {
        free(session->kept);
        session->kept = NULL;
        session->kept_size = 0;
    }
}

/* ---- sessions */

static void open_session(int index) {
    Session *session = &sessions[index];
    session->room = index % option.rooms;
    session->due = calloc(option.publishers / option.rooms + 1, sizeof(Due));
    session->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    /* 28,000 ports lead from one address to another: the sessions come from several. */
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK + index / 20000)};
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(option.port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int yes = 1;
    setsockopt(session->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes);
    setsockopt(session->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (index >= 20000 && bind(session->fd, (struct sockaddr *)&from, sizeof from)) fail("bind: %s", strerror(errno));
    if (connect(session->fd, (struct sockaddr *)&to, sizeof to)) fail("connect: %s", strerror(errno));
    fcntl(session->fd, F_SETFL, O_NONBLOCK);
    char path[512], request[1024];
    path[expand(path, option.path, session, 0, 0, "", 0)] = 0;
    int length = sprintf(request,
                         "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                         "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
                         path, option.port);
    write_all(session, request, length);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = session};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, session->fd, &event)) fail("epoll_ctl: %s", strerror(errno));
    opened++;
}

static void wait_for_events(int milliseconds) {
    struct epoll_event events[1024];
    int found = epoll_wait(poller, events, 1024, milliseconds);
    now = clock_now();
    for (int i = 0; i < found; i++) read_session(events[i].data.ptr);
}

static double connect_all(void) {
    double began = clock_now();
    while (ready < option.sessions) {
        while (opened < option.sessions && opened - ready < option.connecting) open_session(opened);
        wait_for_events(1000);
        if (now - began > 300) fail("only %d of %d sessions were ready after 300 s", ready, option.sessions);
    }
    return clock_now() - began;
}

/* ---- a run */

static void run_for(double seconds) {
    double end = clock_now() + seconds, due = clock_now();
    static uint32_t turn;
    do {
        if (option.rate) {
            for (; running && due <= clock_now(); due += 1 / option.rate) publish(turn++ % option.publishers);
            double rest = due - clock_now();
            wait_for_events(rest > 0 ? (int)(rest * 1000) : 0);
        } else {
            wait_for_events(20);
        }
    } while (now < end);
}

/* Messages that some session should have and has not. */
static uint64_t missing(void) {
    uint64_t short_of = count.lost;
    if (option.acknowledged) {
        for (int i = 0; i < option.publishers; i++) short_of += publishers[i].sent - publishers[i].finished;
        return short_of;
    }
    for (int i = 0; i < option.sessions; i++)
        for (uint32_t who = sessions[i].room; who < (uint32_t)option.publishers; who += option.rooms)
            if (sessions[i].fd >= 0) short_of += publishers[who].sent - sessions[i].due[who / option.rooms].next;
    return short_of;
}

static char **read_lines(const char *path, size_t *found) {
    FILE *file = fopen(path, "r");
    if (!file) fail("%s: %s", path, strerror(errno));
    char **lines = NULL, *line = NULL;
    size_t size = 0;
    for (ssize_t length; (length = getline(&line, &size, file)) > 0;) {
        if (line[length - 1] == '\n') line[--length] = 0;
        if (length == 0 || length > TEXT_BYTES - 512) continue;
        lines = realloc(lines, (*found + 1) * sizeof *lines);
        lines[(*found)++] = strdup(line);
    }
    fclose(file);
    if (!*found) fail("%s: no lines", path);
    return lines;
}

static void read_options(int argc, char **argv) {
    static const struct option known[] = {
        {"port", 1, 0, 'p'}, {"path", 1, 0, 'u'}, {"dialect", 1, 0, 'd'}, {"sessions", 1, 0, 's'}, {"publishers", 1, 0, 'n'},
        {"rooms", 1, 0, 'r'}, {"window", 1, 0, 'w'}, {"size", 1, 0, 'z'}, {"warmup", 1, 0, 'a'}, {"seconds", 1, 0, 't'},
        {"rate", 1, 0, 'R'}, {"connecting", 1, 0, 'c'}, {"hold", 1, 0, 'h'}, {"texts", 1, 0, 'x'}, {"tickets", 1, 0, 'k'},
        {"prefix", 1, 0, 'f'}, {"acknowledged", 0, 0, 'A'}, {0}};
    for (int letter; (letter = getopt_long(argc, argv, "", known, NULL)) >= 0;) switch (letter) {
        case 'p': option.port = atoi(optarg); break;
        case 'u': option.path = optarg; break;
        case 's': option.sessions = atoi(optarg); break;
        case 'n': option.publishers = atoi(optarg); break;
        case 'r': option.rooms = atoi(optarg); break;
        case 'w': option.window = atoi(optarg); break;
        case 'z': option.size = atoi(optarg); break;
        case 'a': option.warmup = atof(optarg); break;
        case 't': option.seconds = atof(optarg); break;
        case 'R': option.rate = atof(optarg); break;
        case 'c': option.connecting = atoi(optarg); break;
        case 'h': option.hold = atof(optarg); break;
        case 'x': texts = read_lines(optarg, &text_count); break;
        case 'k': tickets = read_lines(optarg, &ticket_count); break;
        case 'f': option.prefix = optarg; break;
        case 'A': option.acknowledged = 1; break;
        case 'd':
            option.dialect = NULL;
            for (size_t i = 0; i < sizeof dialects / sizeof *dialects; i++)
                if (!strcmp(dialects[i].name, optarg)) option.dialect = &dialects[i];
            if (!option.dialect) fail("there is no dialect %s", optarg);
            break;
        default: exit(2);
        }
    if (option.publishers > option.sessions) fail("every publisher is one of the sessions");
    if (option.window > IN_FLIGHT / 2) fail("--window is at most %d", IN_FLIGHT / 2);
    if (option.size > TEXT_BYTES - 1024) fail("--size is at most %d", TEXT_BYTES - 1024);
    if (text_count && !option.acknowledged) fail("--texts have no marker to count by: with --acknowledged only");
    if (option.acknowledged && !option.dialect->acknowledged) fail("%s acknowledges nothing", option.dialect->name);
}

int main(int argc, char **argv) {
    read_options(argc, argv);
    memset(filler, 'x', sizeof filler);
    sessions = calloc(option.sessions, sizeof *sessions);
    publishers = calloc(option.publishers + 1, sizeof *publishers);
    poller = epoll_create1(EPOLL_CLOEXEC);
    double cpu = cpu_seconds(), connecting = connect_all();
    double connecting_cpu = cpu_seconds() - cpu;
    if (option.hold) puts("ready"), fflush(stdout);
    running = option.publishers > 0;
    if (running && !option.rate)
        for (int who = 0; who < option.publishers; who++)
            for (int i = 0; i < option.window; i++) publish(who);
    run_for(option.warmup);
    counting = 1;
    cpu = cpu_seconds();
    double began = clock_now();
    run_for(option.hold ? option.hold : option.seconds);
    double seconds = clock_now() - began;
    cpu = cpu_seconds() - cpu;
    counting = running = 0;
    for (double end = clock_now() + 10; missing() && clock_now() < end;) wait_for_events(50);
    printf("{\"dialect\":\"%s\",\"sessions\":%d,\"connected_per_second\":%.1f,\"connecting_cpu\":%.3f,\"seconds\":%.3f,"
           "\"messages\":%lu,\"deliveries\":%lu,\"bytes\":%lu,\"lost\":%lu,\"repeated\":%lu,\"disordered\":%lu,"
           "\"refused\":%lu,\"lost_connections\":%d,\"pings\":%lu,\"p50_us\":%.0f,\"p99_us\":%.0f,\"max_us\":%.0f,\"cpu\":%.3f}\n",
           option.dialect->name, option.sessions, option.sessions / connecting, connecting_cpu / connecting, seconds,
           count.messages, count.deliveries, count.bytes, missing(), count.repeated, count.disordered, count.refused,
           lost_connections, count.pings, timed ? quantile(0.5) : 0, timed ? quantile(0.99) : 0, largest * 1e6, cpu / seconds);
    return 0;
}
