/** Threads beside their rooms: what is said in one stands there alone, and its root tells of it. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Attention } from "../../teahouse/static/teahouse/attention.js";
import { RoomsStore } from "../../teahouse/static/teahouse/rooms-store.js";
import { RoomStore } from "../../teahouse/static/teahouse/store.js";
import { Threads } from "../../teahouse/static/teahouse/threads.js";

const AT = "2026-11-22T10:00:00.000Z";
const MEI = { id: 1, name: "梅", kind: /** @type {const} */ ("user") };
const BOB = { id: 2, name: "Bob", kind: /** @type {const} */ ("user") };
const ROOT = { id: 10, seq: 1 };

/** @param {number} seq @param {Record<string, unknown>} [more] */
function said(seq, more = {}) {
  return { id: seq * 10, key: `k${seq}`, seq, at: AT, by: BOB, text: `said ${seq}`, rev: seq, ...more };
}

/** @param {number} seq @param {Record<string, unknown>} [more] */
function event(seq, more = {}) {
  const { rev, ...message } = said(seq, more);
  return { event: "message", room: "tea", seq, at: AT, by: BOB, message };
}

/** @param {number} seq @param {number} count */
function told(seq, count) {
  const thread = { count, last: AT, seq: seq - 1, people: [BOB] };
  return { event: "thread", room: "tea", seq, at: AT, by: BOB, message: { id: ROOT.id, thread } };
}

/** @param {RoomStore} store */
const texts = (store) => store.pages.flatMap((page) => page.messages.map(({ text }) => text));

/** @param {...any} messages */
function page(...messages) {
  return { position: { epoch: "e", seq: messages.at(-1)?.seq ?? 0 }, messages, more: { before: false, after: false } };
}

/** A room with a root, and its thread, which hears what the room hears. */
function both() {
  const room = /** @type {any} */ ({ slug: "tea", state: "live", aside: false, store: new RoomStore() });
  room.store.me = MEI.id;
  room.store.merge(page(said(1)));
  const threads = new Threads();
  const thread = threads.open(room, ROOT.id);
  thread.store.me = MEI.id;
  thread.store.merge({ ...page(), position: { epoch: "e", seq: 1 } });
  /** @param {any} one */
  const hear = (one) => {
    assert.equal(room.store.apply(one), "applied");
    threads.heard("tea", one);
  };
  return { room, thread, threads, hear };
}

test("what is said in a thread stands there alone, in order with the room", () => {
  const { room, thread, hear } = both();
  hear(event(2, { root: ROOT }));
  hear(told(3, 1));
  hear(event(4));
  hear(event(5, { root: { id: 999, seq: 0 } }));
  assert.deepEqual(texts(room.store), ["said 1", "said 4"]);
  assert.deepEqual(texts(thread.store), ["said 2"]);
  assert.equal(room.store.message(ROOT.id)?.thread?.count, 1);
  assert.equal(room.store.countSince(1), 1, "what is said in threads is not unread in the room");
  assert.equal(room.store.position.seq, 5, "each event is one of the room's");
});

test("what is told of a thread outlives its root, and an edit of it", () => {
  const { room, hear } = both();
  hear(event(2, { root: ROOT }));
  hear(told(3, 1));
  hear({ ...event(4), message: { ...said(1), text: "edited", edited: AT } });
  assert.equal(room.store.message(ROOT.id)?.thread?.count, 1);
  hear({ event: "deleted", room: "tea", seq: 5, at: AT, by: BOB, message: { id: 10, key: "k1", seq: 1, at: AT, by: BOB, deleted: AT } });
  assert.equal(room.store.message(ROOT.id)?.text, undefined);
  assert.equal(room.store.message(ROOT.id)?.thread?.count, 1);
});

test("a thread's message stays in it when it changes, and what is on its way settles there", () => {
  const { room, thread, hear } = both();
  thread.store.addPending({ key: "k2", room: "tea", thread: ROOT.id, text: "said 2", at: AT });
  hear(event(2, { root: ROOT, by: MEI }));
  assert.deepEqual(thread.store.pending, []);
  hear({ event: "deleted", room: "tea", seq: 3, at: AT, by: MEI, message: { id: 20, key: "k2", seq: 2, at: AT, by: MEI, root: ROOT, deleted: AT } });
  assert.deepEqual(thread.store.message(20)?.root, ROOT);
  assert.deepEqual(texts(room.store), ["said 1"]);
  thread.store.addPending({ key: "k9", room: "tea", thread: ROOT.id, text: "later", at: AT });
  thread.store.acknowledged("k9", 9);
  assert.equal(thread.store.pending[0]?.seq, 9, "shown until its event is here");
  thread.store.acknowledged("k9", 3);
  assert.deepEqual(thread.store.pending, []);
});

test("what comes while a thread's page is on its way is not lost", () => {
  const { room, threads } = both();
  const late = threads.open(room, 50);
  late.store.asking();
  threads.heard("tea", { event: "reactions", room: "tea", seq: 7, at: AT, by: MEI, message: { id: 60, reactions: { "🍵": [1] } } });
  late.store.merge({ ...page(said(6, { root: { id: 50, seq: 5 } })), position: { epoch: "e", seq: 6 } }, "last");
  late.store.answered();
  assert.deepEqual(late.store.message(60)?.reactions, { "🍵": [1] });
});

test("a thread has its room's state, and its own marks", () => {
  const { room, thread, threads } = both();
  room.state = "away";
  assert.equal(thread.state, "away");
  thread.read = 5;
  assert.equal(room.read, undefined);
  assert.equal(threads.open(room, ROOT.id), thread, "it is one however often it is opened");
  threads.close(thread);
  assert.deepEqual(threads.of("tea"), [thread], "who else has opened it still has it");
  threads.close(thread);
  assert.deepEqual(threads.of("tea"), []);
});

test("another history of the room is another one of its threads", () => {
  const { thread, threads, hear } = both();
  hear(event(2, { root: ROOT }));
  threads.reset("tea", { epoch: "f", seq: 7 });
  assert.equal(thread.store.loaded, false);
  assert.equal(thread.store.size, 0);
});

test("the root of a thread is never let go with what was quoted", () => {
  const store = new RoomStore(10);
  store.merge(page(said(2, { root: ROOT })));
  store.quote(page(said(1)));
  for (let seq = 300; seq < 600; seq++) store.quote(page(said(seq)));
  assert.equal(store.message(10)?.text, "said 1");
});

test("who is called in a thread is called though nothing is unread in the room", () => {
  const rooms = new RoomsStore();
  rooms.hello([{ room: "tea", title: "Tea", position: { epoch: "e", seq: 4 }, read: 4, unread: 0, mentions: 0 }]);
  rooms.named("tea", 5);
  rooms.counted("tea", 6, 0);
  assert.equal(rooms.get("tea")?.mentions, 1);
  rooms.unnamed("tea", 5);
  assert.equal(rooms.get("tea")?.mentions, 0);
});

test("a thread that was read is no unread one", () => {
  const attention = new Attention();
  attention.threadsUnread(2);
  const before = (attention.unreadThreads = new Set([1, 2]));
  attention.readThread(1);
  assert.deepEqual([...attention.unreadThreads], [2]);
  assert.notEqual(attention.unreadThreads, before, "another object, so that it is drawn anew");
  attention.threadsUnread(0);
  assert.equal(attention.unreadThreads.size, 0);
});
