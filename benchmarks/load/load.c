/* Load for a WebSocket server: many sessions, some of which speak; every delivery is counted and checked.
 *
 *     load --port 8000 --path /ws/ --dialect teahouse --sessions 1000 --publishers 10 --window 1 --size 64
 *
 * Prints one line of JSON. Begins when every session is subscribed. A publisher has `window` messages on their way
 * and sends the next when its own comes back (or, with --acknowledged, is acknowledged; or with --rate, by the clock).
 * One thread: `cpu` in the result says how much of its core it took. Over 0.8 it may have been the bottleneck; with
 * --server-core N the result has `server_core` too, how busy that core was: near 1 it was not.
 *
 *   --hold SECONDS   prints "ready" once all are, then does nothing but answer pings
 *   --returning      prints "ready"; sessions that are cut come back and go on from where they were, publishers say
 *                    again what they did not hear; ends --seconds after every session was cut and is back
 *   --deaf N         the last N sessions never read once they are ready
 *   --roaming        each message of a sender goes to the next room (with --acknowledged)
 *   --stragglers S   waits so many seconds at the end for what has not come; 10 by default
 *   --turn SECONDS   who only listens in a race is read so long after the last time, or later (turns.h); 0.001 by default
 *   --per-address N  so many sessions come from 127.0.0.1, the next from 127.0.0.2, and so on
 *
 * Times are from sending to receipt: the clock is read for every read of a socket, and a message that the system
 * holds meanwhile is late by as much as a real reader's would be.
 *
 * state.h has the words; a frame's way is connections.h, turns.h, hearing.h, markers.h; a message's dialects.h, speaking.h.
 */
#define _GNU_SOURCE
#include <getopt.h>

#include "connections.h"

static void run_for(double seconds) {
    double end = clock_now() + seconds;
    static double due; /* The rate is that of the whole run, into however many calls it is cut. */
    static uint32_t turn;
    if (!due) due = clock_now();
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

/* Until every session was cut once and has come back. */
static void run_until_back(void) {
    double end = clock_now() + option.patience;
    while ((returned < option.sessions - option.deaf || ready < option.sessions - option.deaf) && clock_now() < end)
        run_for(0.02);
}

/* Messages that some session should have and has not. */
static uint64_t missing(void) {
    uint64_t short_of = faults.lost;
    if (option.acknowledged) {
        for (int i = 0; i < option.publishers; i++) short_of += publishers[i].sent - publishers[i].finished;
        return short_of;
    }
    for (int i = 0; i < option.sessions - option.deaf; i++)
        for (uint32_t who = sessions[i].room; who < (uint32_t)option.publishers; who += option.rooms)
            if (sessions[i].fd >= 0 || option.returning)
                short_of += publishers[who].sent - sessions[i].due[who / option.rooms].next;
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

static const Dialect *dialect_called(const char *name) {
    for (size_t i = 0; i < sizeof dialects / sizeof *dialects; i++)
        if (!strcmp(dialects[i].name, name)) return &dialects[i];
    fail("there is no dialect %s", name);
    return NULL;
}

static void check_options(void) {
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    if ((rlim_t)option.sessions + 16 > files.rlim_cur) fail("%lu open files are allowed", (unsigned long)files.rlim_cur);
    if (option.publishers > option.sessions) fail("every publisher is one of the sessions");
    if (option.window > IN_FLIGHT / 2) fail("--window is at most %d", IN_FLIGHT / 2);
    if (option.size > TEXT_BYTES - 1024) fail("--size is at most %d", TEXT_BYTES - 1024);
    if (text_count && !option.acknowledged) fail("--texts have no marker to count by: with --acknowledged only");
    if (option.acknowledged && !option.dialect->acknowledged) fail("%s acknowledges nothing", option.dialect->name);
    if (option.roaming && !option.acknowledged) fail("--roaming: nobody is in all rooms; with --acknowledged only");
    if (option.returning && !option.dialect->resumes) fail("%s cannot go on from where it was", option.dialect->name);
    if (option.returning && !option.rate) fail("--returning: who waits for an echo waits for ever; with --rate only");
    if (option.deaf + option.publishers > option.sessions) fail("a publisher is never deaf");
}

static void read_options(int argc, char **argv) {
    static const struct option known[] = {
        {"port", 1, 0, 'p'}, {"path", 1, 0, 'u'}, {"dialect", 1, 0, 'd'}, {"sessions", 1, 0, 's'}, {"publishers", 1, 0, 'n'},
        {"rooms", 1, 0, 'r'}, {"window", 1, 0, 'w'}, {"size", 1, 0, 'z'}, {"warmup", 1, 0, 'a'}, {"seconds", 1, 0, 't'},
        {"rate", 1, 0, 'R'}, {"connecting", 1, 0, 'c'}, {"hold", 1, 0, 'h'}, {"texts", 1, 0, 'x'}, {"tickets", 1, 0, 'k'},
        {"prefix", 1, 0, 'f'}, {"acknowledged", 0, 0, 'A'}, {"returning", 0, 0, 'B'}, {"roaming", 0, 0, 'M'},
        {"deaf", 1, 0, 'D'}, {"per-address", 1, 0, 'P'}, {"patience", 1, 0, 'W'},
        {"server-core", 1, 0, 'C'}, {"stragglers", 1, 0, 'S'}, {"turn", 1, 0, 'T'}, {0}};
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
        case 'B': option.returning = 1; break;
        case 'M': option.roaming = 1; break;
        case 'D': option.deaf = atoi(optarg); break;
        case 'P': option.per_address = atoi(optarg); break;
        case 'W': option.patience = atof(optarg); break;
        case 'C': option.server_core = atoi(optarg); break;
        case 'S': option.stragglers = atof(optarg); break;
        case 'T': option.turn = atof(optarg); break;
        case 'd': option.dialect = dialect_called(optarg); break;
        default: exit(2);
        }
    check_options();
}

static void print_result(double connecting, double connecting_cpu, double seconds, double cpu, double server,
                         double began) {
    printf("{\"dialect\":\"%s\",\"sessions\":%d,\"connected_per_second\":%.1f,\"connecting_cpu\":%.3f,\"seconds\":%.3f,"
           "\"messages\":%lu,\"deliveries\":%lu,\"bytes\":%lu,\"lost\":%lu,\"repeated\":%lu,\"disordered\":%lu,"
           "\"refused\":%lu,\"lost_connections\":%d,\"pings\":%lu,\"p50_us\":%.0f,\"p99_us\":%.0f,\"max_us\":%.0f,\"cpu\":%.3f,\"turn\":%.4f",
           option.dialect->name, option.sessions, option.sessions / connecting, connecting_cpu / connecting, seconds,
           count.messages, count.deliveries, count.bytes, missing(), faults.repeated, faults.disordered, count.refused,
           lost_connections, count.pings, quantile(&times, 0.5), quantile(&times, 0.99), times.largest * 1e6, cpu / seconds, turn);
    if (option.server_core >= 0) printf(",\"server_core\":%.3f", server / seconds);
    if (option.returning) {
        uint32_t sent = 0;
        for (int who = 0; who < option.publishers; who++) sent += publishers[who].sent;
        printf(",\"sent\":%u,\"returned\":%d,\"back_seconds\":%.3f,\"away_p50_seconds\":%.3f", sent, returned,
               first_lost_at ? back_at - first_lost_at : 0, quantile(&away, 0.5) / 1e6);
    }
    if (option.deaf && deaf_closed_at) printf(",\"deaf_closed_seconds\":%.3f", deaf_closed_at - began);
    printf(",\"closes\":{");
    const char *comma = "";
    for (int code = 0; code < CLOSE_CODES; code++)
        if (closes[code]) printf("%s\"%d\":%d", comma, code, closes[code]), comma = ",";
    puts("}}");
}

int main(int argc, char **argv) {
    read_options(argc, argv);
    know_digits();
    turn = option.turn;
    memset(filler, 'x', sizeof filler);
    sessions = calloc(option.sessions, sizeof *sessions);
    publishers = calloc(option.publishers + 1, sizeof *publishers);
    poller = epoll_create1(EPOLL_CLOEXEC);
    if (option.publishers && !option.rate && !option.acknowledged) listeners = epoll_create1(EPOLL_CLOEXEC);
    double cpu = cpu_seconds(), connecting = connect_all();
    double connecting_cpu = cpu_seconds() - cpu;
    if (option.hold || option.returning) puts("ready"), fflush(stdout);
    running = option.publishers > 0;
    double speaking = clock_now();
    if (running && !option.rate)
        for (int who = 0; who < option.publishers; who++)
            for (int i = 0; i < option.window; i++) publish(who);
    run_for(option.warmup);
    read_all_listeners();
    counting = 1;
    cpu = cpu_seconds();
    double server = core_seconds(option.server_core), began = clock_now();
    if (option.returning) run_until_back();
    run_for(option.hold ? option.hold : option.seconds);
    read_all_listeners();
    double seconds = clock_now() - began;
    cpu = cpu_seconds() - cpu;
    server = core_seconds(option.server_core) - server;
    counting = running = 0;
    for (double end = clock_now() + option.stragglers; missing() && clock_now() < end;) wait_for_events(50);
    print_result(connecting, connecting_cpu, seconds, cpu, server, speaking);
    return 0;
}
