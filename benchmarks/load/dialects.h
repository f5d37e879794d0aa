/* How each server wants to be spoken to. In: numbers and a text. Out: what to send, and what to wait for. */
#ifndef DIALECTS_H
#define DIALECTS_H

#include <stddef.h>

#define STEPS 3

typedef struct {
    const char *send; /* "" : nothing. $r is the room, $s the number of the session, $k its ticket, $i where it was. */
    const char *wait; /* A piece of the answer; the session is ready after the last one. */
} Step;

typedef struct {
    const char *name;
    int opcode; /* 1 text, 2 binary */
    Step steps[STEPS];
    const char *publish; /* $r is the room, $p the publisher, $n which of its messages, $t the text, $l its bytes. */
    const char *ping, *pong; /* of the server's own, above WebSocket's */
    const char *acknowledged; /* a piece of the answer to a message, where there is one */
    int resumes; /* the step whose answer tells where a session is, where there is one */
} Dialect;

static const Dialect dialects[] = {
    {"teahouse", 1,
     {{"{\"id\":1,\"do\":\"hello\",\"v\":1,\"name\":\"load $s\"}", "\"re\":1,\"ok\""},
      {"{\"id\":2,\"do\":\"subscribe\",\"room\":\"$r\",\"make\":true}", "\"re\":2,\"ok\""}},
     "{\"id\":$n,\"do\":\"send\",\"room\":\"$r\",\"key\":\"$p-$n\",\"text\":\"$t\"}",
     NULL, NULL, "\"re\":", 0},
    /* As a guest who was here before. */
    {"teahouse-known", 1,
     {{"{\"id\":1,\"do\":\"hello\",\"v\":1,\"token\":\"$k\"}", "\"re\":1,\"ok\""},
      {"{\"id\":2,\"do\":\"subscribe\",\"room\":\"$r\"}", "\"re\":2,\"ok\""}},
     "{\"id\":$n,\"do\":\"send\",\"room\":\"$r\",\"key\":\"$p-$n\",\"text\":\"$t\"}",
     NULL, NULL, "\"re\":", 0},
    /* The same, and goes on from where it was. */
    {"teahouse-returning", 1,
     {{"{\"id\":1,\"do\":\"hello\",\"v\":1,\"token\":\"$k\"}", "\"re\":1,\"ok\""},
      {"{\"id\":2,\"do\":\"subscribe\",\"room\":\"$r\"$i}", "\"re\":2,\"ok\""}},
     "{\"id\":$n,\"do\":\"send\",\"room\":\"$r\",\"key\":\"$p-$n\",\"text\":\"$t\"}",
     NULL, NULL, "\"re\":", 1},
    /* As a page does, which follows the person's own stream too. */
    {"teahouse-page-returning", 1,
     {{"{\"id\":1,\"do\":\"hello\",\"v\":1,\"token\":\"$k\"}", "\"re\":1,\"ok\""},
      {"{\"id\":3,\"do\":\"subscribe\",\"room\":\"@me\"}", "\"re\":3,\"ok\""},
      {"{\"id\":2,\"do\":\"subscribe\",\"room\":\"$r\"$i}", "\"re\":2,\"ok\""}},
     "{\"id\":$n,\"do\":\"send\",\"room\":\"$r\",\"key\":\"$p-$n\",\"text\":\"$t\"}",
     NULL, NULL, "\"re\":", 2},
    /* Sends and does not listen. */
    {"teahouse-sender", 1,
     {{"{\"id\":1,\"do\":\"hello\",\"v\":1,\"name\":\"load $s\"}", "\"re\":1,\"ok\""}},
     "{\"id\":$n,\"do\":\"send\",\"room\":\"$r\",\"key\":\"$p-$n\",\"text\":\"$t\"}",
     NULL, NULL, "\"re\":", 0},
    /* Asks for pages of 50 all over a room of 100,000. */
    {"teahouse-history", 1,
     {{"{\"id\":1,\"do\":\"hello\",\"v\":1,\"name\":\"load $s\"}", "\"re\":1,\"ok\""}},
     "{\"id\":$n,\"do\":\"history\",\"room\":\"$r\",\"before\":$n00}",
     NULL, NULL, "\"re\":", 0},
    {"plain", 1, {{"", "[已连接!]"}}, "$t", NULL, NULL, NULL, 0},
    {"ready", 1, {{"", "ready"}}, "$t", NULL, NULL, NULL, 0},
    {"silent", 1, {{NULL}}, "$t", NULL, NULL, NULL, 0},
    {"socketio", 1,
     {{"", "0{"}, {"40", "40{"}, {"42[\"join\",\"$r\"]", "\"joined\""}},
     "42[\"say\",\"$r\",\"$t\"]", "2", "3", NULL, 0},
    {"nats", 2,
     {{"", "INFO"}, {"CONNECT {\"verbose\":false,\"protocol\":1,\"echo\":true}\r\nSUB $r 1\r\nPING\r\n", "PONG"}},
     "PUB $r $l\r\n$t\r\n", "PING\r\n", "PONG\r\n", NULL, 0},
    {"centrifugo", 1,
     {{"{\"id\":1,\"connect\":{}}", "\"connect\""},
      {"{\"id\":2,\"subscribe\":{\"channel\":\"$r\"}}", "\"subscribe\""}},
     "{\"id\":$n,\"publish\":{\"channel\":\"$r\",\"data\":\"$t\"}}", "{}", "{}", NULL, 0},
};

#endif
