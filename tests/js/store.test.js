import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";

import { RoomStore } from "../../teahouse/static/teahouse/store.js";

const MEI = { id: 7, name: "梅", kind: "guest" };
const BOB = { id: 9, name: "Bob", kind: "user" };
const AT = "2026-11-22T10:00:00.000Z";
const WHOLE = { before: false, after: false };

const message = (seq, more = {}) => ({ id: 100 + seq, key: `k${seq}`, seq, at: AT, by: BOB, text: `said ${seq}`, rev: seq, ...more });
const said = (seq, more = {}) => {
  const { rev: _, ...state } = message(seq, more);
  return { event: "message", room: "main", seq, at: AT, by: BOB, message: state };
};
const texts = (store) => store.pages.flatMap((page) => page.messages.map((one) => one.text ?? "gone"));
const position = (seq, epoch = "e") => ({ epoch, seq });
const history = (seqs, at, more = WHOLE) => ({ messages: seqs.map((seq) => message(seq)), position: position(at), more });

/** @type {RoomStore} */
let store;
beforeEach(() => {
  store = new RoomStore();
  store.me = MEI.id;
  store.merge(history([1, 2, 3], 3));
});

describe("somebody who is called otherwise", () => {
  const ROBERT = { ...BOB, name: "Robert", avatar: "0123456789abcdef" };

  test("is so in all that they said, and among those who are here", () => {
    store.setHere({ count: 2, people: [MEI, BOB] });
    store.apply(said(4, { by: MEI }));
    const others = store.message(104);
    store.renamed(ROBERT);
    assert.deepEqual(store.pages.flatMap((page) => page.messages.map(({ by }) => by.name)), ["Robert", "Robert", "Robert", "梅"]);
    assert.equal(store.message(104), others);
    assert.deepEqual(store.here.people?.map(({ name }) => name), ["Robert", "梅"]);
    assert.deepEqual(texts(store), ["said 1", "said 2", "said 3", "said 4"]);
  });

  test("who is not here does not come by it", () => {
    store.setHere({ count: 1, people: [MEI] });
    store.renamed(ROBERT);
    assert.deepEqual(store.here, { count: 1, people: [MEI] });
  });

  test("goes on typing", () => {
    store.heardTyping(BOB, 1_000);
    store.renamed(ROBERT);
    assert.deepEqual(store.typing(2_000), [ROBERT]);
  });
});

describe("events", () => {
  test("are applied in order", () => {
    assert.equal(store.apply(said(4)), "applied");
    assert.deepEqual(texts(store), ["said 1", "said 2", "said 3", "said 4"]);
    assert.deepEqual(store.position, position(4));
  });

  test("that came before are nothing new", () => {
    store.apply(said(4));
    assert.equal(store.apply(said(4, { text: "again" })), "old");
    assert.equal(store.apply(said(3)), "old");
    assert.equal(texts(store).at(-1), "said 4");
  });

  test("with a gap before them are not applied", () => {
    assert.equal(store.apply(said(5)), "gap");
    assert.deepEqual(store.position, position(3));
    assert.equal(store.size, 3);
  });

  test("change the message that they name, and nothing else", () => {
    const untouched = store.message(101);
    store.apply({ event: "message", room: "main", seq: 4, at: AT, by: BOB, message: { id: 103, seq: 3, at: AT, by: BOB, text: "better", edited: AT } });
    assert.deepEqual(texts(store), ["said 1", "said 2", "better"]);
    assert.equal(store.message(103)?.key, "k3");
    assert.equal(store.message(101), untouched);
  });

  test("take markup away when an edit has none", () => {
    store.apply(said(4, { html: "<b>x</b>" }));
    store.apply({ event: "message", room: "main", seq: 5, at: AT, by: BOB, message: { id: 104, seq: 4, at: AT, by: BOB, text: "plain", edited: AT } });
    assert.equal(store.message(104)?.html, undefined);
  });

  test("leave nothing of a deleted message but that it was there", () => {
    store.apply({ event: "reactions", room: "main", seq: 4, at: AT, by: MEI, message: { id: 103, reactions: { "🍵": [7] } } });
    assert.deepEqual(store.message(103)?.reactions, { "🍵": [7] });
    assert.equal(store.message(103)?.text, "said 3");
    store.apply({ event: "deleted", room: "main", seq: 5, at: AT, by: BOB, message: { id: 103, seq: 3, at: AT, by: BOB, deleted: AT } });
    assert.deepEqual(texts(store), ["said 1", "said 2", "gone"]);
    assert.equal(store.message(103)?.reactions, undefined);
  });

  test("about messages that were not read yet change nothing that is shown", () => {
    const late = new RoomStore();
    late.merge(history([40, 41], 41, { before: true, after: false }));
    late.apply({ event: "message", room: "main", seq: 42, at: AT, by: BOB, message: { id: 103, seq: 3, at: AT, by: BOB, text: "old", edited: AT } });
    late.apply({ event: "reactions", room: "main", seq: 43, at: AT, by: BOB, message: { id: 102, reactions: { "👍": [9] } } });
    assert.deepEqual(texts(late), ["said 40", "said 41"]);
    assert.deepEqual(late.position, position(43));
  });

  test("that only move the number on do so", () => {
    assert.equal(store.apply({ event: "the-host's-own", room: "main", seq: 4, at: AT }), "applied");
    assert.deepEqual(store.position, position(4));
  });

  test("of the room change its title", () => {
    store.apply({ event: "room", room: "main", seq: 4, at: AT, state: { room: "main", title: "茶馆", topic: "", kind: "open", archived: false } });
    assert.equal(store.room?.title, "茶馆");
  });
});

describe("history", () => {
  test("does not bring old content back", () => {
    store.apply({ event: "message", room: "main", seq: 4, at: AT, by: BOB, message: { id: 103, seq: 3, at: AT, by: BOB, text: "better", edited: AT } });
    store.merge(history([2, 3], 3));
    assert.deepEqual(texts(store), ["said 1", "said 2", "better"]);
  });

  test("newer than the position is not undone by the events that led to it", () => {
    store.merge({ messages: [message(3, { text: "best", rev: 6 })], position: position(6), more: WHOLE });
    assert.deepEqual(store.position, position(3));
    for (const [seq, text] of [[4, "good"], [5, "better"], [6, "best"]]) {
      store.apply({ event: "message", room: "main", seq, at: AT, by: BOB, message: { id: 103, seq: 3, at: AT, by: BOB, text, edited: AT } });
      assert.equal(store.message(103)?.text, "best");
    }
    assert.deepEqual(store.position, position(6));
  });

  test("fills in above, in order, and tells the beginning", () => {
    const late = new RoomStore();
    late.merge(history([70, 71, 99], 99, { before: true, after: false }));
    assert.equal(late.complete, false);
    const page = late.pages.at(-1);
    late.merge(history([1, 33, 34], 99));
    assert.deepEqual(texts(late).slice(0, 4), ["said 1", "said 33", "said 34", "said 70"]);
    assert.equal(late.complete, true);
    assert.equal(late.pages.at(-1), page, "pages that did not change stay the same objects");
  });

  test("of another epoch is refused", () => {
    assert.equal(store.merge({ messages: [message(1)], position: position(1, "other"), more: WHOLE }), false);
    assert.equal(store.size, 3);
  });

  test("after a reset do not wait for an event of the old history", () => {
    store.addPending({ key: "K1", room: "main", text: "stored in the old history", at: AT });
    store.acknowledged("K1", 9);
    store.reset(position(0, "other"));
    assert.deepEqual(store.pending, []);
  });

  test("begins anew after a reset, but what waits to be sent waits on", () => {
    store.addPending({ key: "K1", room: "main", text: "mine", at: AT });
    store.reset(position(0, "other"));
    assert.equal(store.size, 0);
    assert.equal(store.pending.length, 1);
    assert.equal(store.apply(said(1)), "applied");
    assert.deepEqual(texts(store), ["said 1"]);
  });
});

describe("own messages", () => {
  const unsent = { key: "K1", room: "main", text: "mine", at: AT };
  const own = (seq) => said(seq, { by: MEI, key: "K1", text: "mine" });

  test("are pending until acknowledgement and event are both there, in either order", () => {
    store.addPending(unsent);
    store.acknowledged("K1", 4);
    assert.equal(store.pending[0]?.seq, 4, "acknowledged: shown until the event comes");
    store.apply(own(4));
    assert.deepEqual(store.pending, []);

    store.addPending({ ...unsent, key: "K2" });
    store.apply(said(5, { by: MEI, key: "K2" }));
    assert.deepEqual(store.pending, []);
    store.acknowledged("K2", 5);
    assert.deepEqual(store.pending, []);
  });

  test("acknowledged with a number that was passed already are no longer pending", () => {
    store.addPending(unsent);
    store.acknowledged("K1", 2);
    assert.deepEqual(store.pending, []);
  });

  test("are not taken for said because somebody else used the same key", () => {
    store.addPending(unsent);
    store.apply(said(4, { key: "K1" }));
    assert.equal(store.pending.length, 1);
  });

  test("found in the history are not pending again", () => {
    store.apply(own(4));
    store.addPending(unsent);
    assert.deepEqual(store.pending, []);
  });

  test("keep the order in which they were written", () => {
    store.addPending({ ...unsent, key: "K3" });
    store.addPending({ ...unsent, key: "K2" });
    store.addPending({ ...unsent, key: "K2" });
    assert.deepEqual(store.pending.map((one) => one.key), ["K2", "K3"]);
  });

  test("that were refused say so until tried again or given up", () => {
    store.addPending(unsent);
    store.failed("K1", { code: "forbidden", message: "", retry: false });
    assert.equal(store.pending[0]?.problem?.code, "forbidden");
    store.failed("K1", null);
    assert.equal(store.pending[0]?.problem, undefined);
    store.discard("K1");
    assert.deepEqual(store.pending, []);
  });

  test("are found for a change: the last one that is still there", () => {
    assert.equal(store.lastOwn(), undefined);
    store.apply(own(4));
    store.apply(said(5));
    assert.equal(store.lastOwn()?.id, 104);
    store.apply({ event: "deleted", room: "main", seq: 6, at: AT, by: MEI, message: { id: 104, seq: 4, at: AT, by: MEI, deleted: AT } });
    assert.equal(store.lastOwn(), undefined);
  });
});

describe("unread", () => {
  test("counts undeleted messages of others after a number", () => {
    store.apply(said(4, { by: MEI }));
    store.apply(said(5));
    store.apply(said(6));
    store.apply({ event: "deleted", room: "main", seq: 7, at: AT, by: BOB, message: { id: 106, seq: 6, at: AT, by: BOB, deleted: AT } });
    assert.equal(store.countSince(3), 1);
    assert.equal(store.countSince(0), 4);
    assert.equal(store.countSince(5), 0);
  });
});

describe("the first new message", () => {
  test("is somebody else's, undeleted, and known only when all before it is held", () => {
    store.apply(said(4, { by: MEI }));
    store.apply(said(5));
    assert.equal(store.firstSince(3)?.seq, 5);
    assert.equal(store.firstSince(5), undefined);
    const late = new RoomStore();
    late.merge(history([40, 41], 41, { before: true, after: false }));
    assert.equal(late.firstSince(12), undefined);
    assert.equal(late.firstSince(40)?.seq, 41);
  });
});

describe("people", () => {
  test("come and go", () => {
    store.setHere({ count: 1, people: [MEI] });
    store.presence({ came: [BOB], went: [], count: 2 });
    assert.deepEqual(store.here.people?.map((who) => who.name), ["Bob", "梅"]);
    store.presence({ came: [], went: [MEI], count: 1 });
    assert.deepEqual(store.here, { count: 1, people: [BOB] });
  });

  test("are only counted when they are many, and listed again when they are few", () => {
    store.setHere({ count: 120, people: null });
    store.presence({ came: [], went: [], count: 119 });
    assert.deepEqual(store.here, { count: 119, people: null });
    store.presence({ came: [MEI, BOB], went: [], count: 2, whole: true });
    assert.equal(store.here.people?.length, 2);
  });

  test("whose name is not known yet are shown all the same", () => {
    store.setHere({ count: 1, people: [MEI] });
    store.presence({ came: [{ id: 12 }], went: [], count: 2 });
    assert.equal(store.here.people?.find((who) => who.id === 12)?.name, "#12");
  });

  test("stop typing when they have spoken, or after a while", () => {
    store.heardTyping(BOB, 1000);
    store.heardTyping(MEI, 1000);
    assert.deepEqual(store.typing(2000), [BOB], "oneself is not told");
    store.apply(said(4));
    assert.deepEqual(store.typing(2000), []);
    store.heardTyping(BOB, 3000);
    assert.deepEqual(store.typing(9000), []);
  });
});

describe("a stretch elsewhere", () => {
  const MORE = { before: true, after: true };
  const range = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
  /** @type {RoomStore} */
  let long;
  beforeEach(() => {
    long = new RoomStore();
    long.me = MEI.id;
    long.merge(history(range(951, 1000), 1000, { before: true, after: false }));
    long.merge(history(range(101, 150), 1000, MORE), "around");
  });
  const seqs = () => long.pages.flatMap((page) => page.messages.map((one) => one.seq));

  test("is shown, and the newest are still there", () => {
    assert.deepEqual(seqs(), range(101, 150));
    assert.equal(long.atNewest, false);
    assert.equal(long.newest?.seq, 1000);
    long.toNewest();
    assert.deepEqual(seqs(), range(951, 1000));
  });

  test("does not take in what is said meanwhile, but loses none of it", () => {
    for (const seq of range(1001, 1003)) long.apply(said(seq));
    assert.deepEqual(seqs(), range(101, 150));
    assert.equal(long.countSince(1000), 3);
    assert.equal(long.holdsSince(950), true);
    assert.equal(long.holdsSince(949), false);
    long.toNewest();
    assert.deepEqual(seqs(), range(951, 1003));
  });

  test("shows edits and deletions", () => {
    long.apply({ event: "message", room: "main", seq: 1001, at: AT, by: BOB, message: { id: 205, seq: 105, at: AT, by: BOB, text: "better", edited: AT } });
    assert.equal(long.message(205)?.text, "better");
    assert.equal(long.at(105)?.text, "better");
  });

  test("grows on both sides", () => {
    long.merge(history(range(151, 200), 1000, MORE), "newer");
    long.merge(history(range(51, 100), 1000, MORE), "older");
    assert.deepEqual(seqs(), range(51, 200));
    assert.equal(long.complete, false);
    long.merge(history(range(1, 50), 1000, { before: false, after: true }), "older");
    assert.equal(long.complete, true);
  });

  test("lets go of what is far away, and reads it again", () => {
    for (let from = 151; from < 951; from += 50) long.merge(history(range(from, from + 49), 1000, MORE), "newer");
    assert.ok(long.size <= 850, String(long.size));
    assert.ok((long.first?.seq ?? 0) > 101);
    assert.equal(long.complete, false);
    assert.equal(long.last?.seq, 950);
  });

  test("becomes one with the newest where they meet", () => {
    long.merge(history(range(930, 979), 1000, MORE), "around");
    long.apply(said(1001));
    assert.equal(long.atNewest, true, "they overlap");
    assert.deepEqual(seqs(), range(930, 1001));
  });

  test("that ends at the newest is the newest, whatever was said while it was read", () => {
    const alone = new RoomStore();
    alone.asking();
    assert.equal(alone.merge(history(range(1, 10), 10), "around"), true);
    alone.answered();
    assert.equal(alone.atNewest, true);
    assert.equal(alone.loaded, true);
  });

  test("of another jump takes its place", () => {
    long.merge(history(range(501, 550), 1000, MORE), "around");
    assert.deepEqual(seqs(), range(501, 550));
    assert.equal(long.shows(520), true);
    assert.equal(long.shows(120), false);
    assert.equal(long.shows(1000), false);
  });

  test("is left behind by who reads up from the end, and memory stays bounded", () => {
    long.toNewest();
    for (let to = 950; to > 0; to -= 50) long.merge(history(range(to - 49, to), 1000, { before: to > 50, after: true }), "older");
    assert.ok(long.size <= 850, String(long.size));
    assert.equal(long.atNewest, false);
    assert.equal(long.first?.seq, 1);
    assert.equal(long.complete, true);
    long.toNewest();
    assert.ok(long.size >= 100);
    assert.equal(long.last?.seq, 1000);
    assert.equal(long.complete, false);
  });

  test("at the end lets go of what is far above", () => {
    long.toNewest();
    for (const seq of range(1001, 2000)) long.apply(said(seq));
    long.trim();
    assert.ok(long.size <= 650, String(long.size));
    assert.equal(long.last?.seq, 2000);
    assert.equal(long.complete, false);
  });
});

describe("a page of history that was read before an event, and comes after it", () => {
  const edited = { event: "message", room: "main", seq: 42, at: AT, by: BOB, message: { id: 103, seq: 3, at: AT, by: BOB, text: "better", edited: AT } };
  const page = { messages: [message(3, { text: "old" })], position: position(41), more: WHOLE };
  /** @type {RoomStore} */
  let late;
  beforeEach(() => {
    late = new RoomStore();
    late.merge(history([40, 41], 41, { before: true, after: false }));
  });

  test("shows what the event said", () => {
    late.asking();
    late.apply(edited);
    late.merge(page, "older");
    late.answered();
    assert.equal(late.message(103)?.text, "better");
  });

  test("while nothing is asked for, events are not remembered", () => {
    late.apply(edited);
    late.merge(page, "older");
    assert.equal(late.message(103)?.text, "old");
  });
});

describe("a quotation", () => {
  const reply = { id: 500, seq: 400, by: BOB };
  const quoted = (text) => ({ messages: [message(400, { text, rev: 4 })], position: position(4), more: WHOLE });

  test("shows the message as it is now, and has its page drawn anew", () => {
    store.apply(said(4, { reply }));
    const before = store.pages.at(-1);
    store.quote(quoted("first"));
    assert.equal(store.message(500)?.text, "first");
    assert.notEqual(store.pages.at(-1), before);
    const then = store.pages.at(-1);
    store.apply({ event: "message", room: "main", seq: 5, at: AT, by: BOB, message: { id: 500, seq: 400, at: AT, by: BOB, text: "second", edited: AT } });
    assert.equal(store.message(500)?.text, "second");
    assert.notEqual(store.pages.at(-1), then);
    store.apply({ event: "deleted", room: "main", seq: 6, at: AT, by: BOB, message: { id: 500, seq: 400, at: AT, by: BOB, deleted: AT } });
    assert.equal(store.message(500)?.text, undefined);
    assert.ok(store.message(500)?.deleted);
  });

  test("is of this history alone", () => {
    store.apply(said(4, { reply }));
    store.quote({ ...quoted("first"), position: position(4, "other") });
    assert.equal(store.message(500), undefined);
  });

  test("goes with a message that is deleted, and stays with one that is edited", () => {
    store.apply(said(4, { reply }));
    store.apply({ event: "message", room: "main", seq: 5, at: AT, by: BOB, message: { id: 104, seq: 4, at: AT, by: BOB, text: "b", edited: AT } });
    assert.deepEqual(store.message(104)?.reply, reply);
    store.apply({ event: "deleted", room: "main", seq: 6, at: AT, by: BOB, message: { id: 104, seq: 4, at: AT, by: BOB, deleted: AT } });
    assert.equal(store.message(104)?.reply, undefined);
  });
});

test("an event of the project stands in its place, is drawn once, and counts as nothing unread", () => {
  const store = new RoomStore();
  store.me = 1;
  const by = { id: 9, name: "Shop", kind: /** @type {const} */ ("bot") };
  const paid = { event: "order.paid", room: "main", seq: 2, at: "2026-11-22T10:00:02.000Z", by, data: { number: 7 }, html: "Order 7" };
  const one = { id: 11, seq: 1, at: "2026-11-22T10:00:01.000Z", by, text: "one", rev: 1 };
  store.merge({ position: { epoch: "e", seq: 2 }, messages: [one], events: [paid], more: { before: false, after: false } });
  const shown = () => store.pages.flatMap((page) => page.messages.map(({ seq, event, html }) => [seq, event, html]));
  assert.deepEqual(shown(), [[1, undefined, undefined], [2, "order.paid", "Order 7"]]);
  assert.equal(store.countSince(0), 1);
  assert.equal(store.firstSince(1), undefined);
  assert.equal(store.apply({ ...paid, seq: 3, html: undefined }), "applied");
  assert.equal(store.apply({ ...paid, seq: 4, html: "Order 8" }), "applied");
  assert.equal(store.apply({ ...paid, seq: 4, html: "Order 8" }), "old");
  assert.deepEqual(shown().slice(2), [[4, "order.paid", "Order 8"]]);
  assert.equal(store.newest?.seq, 4);
  assert.equal(store.lastOwn(), undefined);
  assert.deepEqual(store.speakers().map(({ id }) => id), [9]);
});
