import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";

import { addressOf, roomAt } from "../../teahouse/static/teahouse/addresses.js";
import { RoomsStore, titleOf } from "../../teahouse/static/teahouse/rooms-store.js";
import { shortcutOf } from "../../teahouse/static/teahouse/shortcuts.js";

const MEI = { id: 7, name: "梅", kind: "user" };
const BOB = { id: 9, name: "Bob", kind: "user" };
const own = (room, more = {}) => ({ room, title: room, kind: "open", archived: false, role: "member", position: { epoch: "e", seq: 10 }, read: 10, unread: 0, mentions: 0, ...more });
const counts = (store, room) => [store.get(room).unread, store.get(room).mentions];
const names = (listed) => listed.map((one) => one.room);

/** @type {RoomsStore} */
let store;
beforeEach(() => {
  store = new RoomsStore();
  store.me = MEI.id;
  store.hello([own("kitchen"), own("attic", { read: 4, unread: 3, mentions: 1 }), own("@dm", { title: "", kind: "direct", people: [BOB, MEI] }), own("old", { archived: true, unread: 5 })]);
});

describe("the list", () => {
  test("has rooms by title, conversations and archived rooms apart", () => {
    const { rooms, direct, archived } = store.lists();
    assert.deepEqual([names(rooms), names(direct), names(archived)], [["attic", "kitchen"], ["@dm"], ["old"]]);
  });

  test("a new hello takes out what is no longer own, but not what is only looked at", () => {
    store.opened({ room: "visited", title: "Visited", kind: "open", topic: "", archived: false });
    store.hello([own("kitchen")]);
    assert.deepEqual(names(store.lists().rooms), ["kitchen", "visited"]);
    store.closed("visited");
    store.closed("kitchen");
    assert.deepEqual(names(store.lists().rooms), ["kitchen"]);
  });

  test("gains and loses rooms, and hears of new titles", () => {
    const state = { room: "new", title: "New", kind: "private", topic: "", archived: false };
    store.added("new", state, "member", { epoch: "e", seq: 6 });
    assert.deepEqual([store.get("new").title, store.get("new").role, ...counts(store, "new")], ["New", "member", 0, 0]);
    store.changed({ ...state, title: "Newer" });
    store.changed({ ...state, room: "nobody's" });
    assert.equal(store.get("new").title, "Newer");
    assert.equal(store.get("nobody's"), undefined);
    store.removed("new");
    assert.equal(store.get("new"), undefined);
    store.removed("kitchen", true);
    assert.equal(store.get("kitchen").own, false);
  });

  test("that was kept is shown until the server has spoken", () => {
    const kept = store.all();
    const fresh = new RoomsStore();
    fresh.restore(kept);
    assert.deepEqual(counts(fresh, "attic"), [3, 1]);
    fresh.hello([own("kitchen")]);
    fresh.restore(kept);
    assert.deepEqual(fresh.all().length, 1);
  });

  test("calls a conversation by the others in it", () => {
    const direct = { room: "x", title: "", kind: "direct" };
    assert.equal(titleOf({ ...direct, people: [MEI, BOB] }, MEI.id), "Bob");
    assert.equal(titleOf({ ...direct, people: [MEI] }, MEI.id), "梅");
    assert.equal(titleOf({ ...direct, people: [MEI, { id: 8, name: "阿茶", kind: "user" }] }), "梅、阿茶");
    assert.equal(titleOf({ ...direct, people: [MEI, BOB] }), "梅, Bob");
    assert.equal(titleOf({ ...direct, title: "T", kind: "open" }), "T");
  });
});

describe("what is unread", () => {
  test("is what the server told last", () => {
    store.head({ room: "kitchen", seq: 12, unread: 2, mentions: 1 });
    assert.deepEqual(counts(store, "kitchen"), [2, 1]);
    store.head({ room: "kitchen", seq: 11, unread: 9, mentions: 9 });
    assert.deepEqual(counts(store, "kitchen"), [2, 1], "an older number is none");
    store.head({ room: "unknown", seq: 1, unread: 1, mentions: 0 });
    assert.equal(store.get("unknown"), undefined);
  });

  test("is nothing once all is read, here or elsewhere", () => {
    store.marked("attic", 7);
    assert.deepEqual(counts(store, "attic"), [3, 1], "the server says what is left");
    store.marked("attic", 10);
    assert.deepEqual(counts(store, "attic"), [0, 0]);
    store.head({ room: "attic", seq: 10, unread: 3, mentions: 1 });
    assert.deepEqual(counts(store, "attic"), [0, 0], "counted before the mark was there");
  });

  test("comes back with a mark that is put back", () => {
    store.marked("kitchen", 8);
    store.head({ room: "kitchen", seq: 10, unread: 2, mentions: 0 });
    assert.deepEqual(counts(store, "kitchen"), [2, 0]);
  });

  test("is what the page counts where it holds the messages", () => {
    store.named("kitchen", 12);
    store.counted("kitchen", 12, 2);
    assert.deepEqual(counts(store, "kitchen"), [2, 1]);
    store.unnamed("kitchen", 12);
    assert.deepEqual(counts(store, "kitchen"), [2, 0]);
    store.named("kitchen", 13);
    store.marked("kitchen", 13);
    store.named("kitchen", 13);
    assert.deepEqual(counts(store, "kitchen"), [0, 0]);
  });

  test("is added up without archived rooms; a direct message means one", () => {
    store.head({ room: "@dm", seq: 11, unread: 2, mentions: 0 });
    assert.deepEqual(store.totals(), { unread: 5, mentions: 3 });
  });
});

test("the next room is the next in the list, round its end, or the next unread one", () => {
  assert.equal(store.neighbour("attic", 1, false), "kitchen");
  assert.equal(store.neighbour("@dm", 1, false), "attic");
  assert.equal(store.neighbour("attic", -1, false), "@dm");
  assert.equal(store.neighbour("@dm", -1, true), "attic");
  assert.equal(store.neighbour("attic", 1, true), undefined, "nothing else is unread");
  assert.equal(store.neighbour("elsewhere", 1, false), "attic");
  assert.equal(store.neighbour("elsewhere", -1, false), "@dm");
});

test("a room has one address, and an address one room", () => {
  for (const room of ["main", "茶水间", "a-b"]) assert.equal(roomAt("/chat/", addressOf("/chat/", room)), room);
  assert.equal(addressOf("/", "main"), "/");
  assert.equal(roomAt("/chat/", "/chat/rooms/a/17/"), "a", "of a message in it");
  for (const path of ["/", "/chat/rooms/", "/chat/rooms/a", "/chat/rooms/a/b/", "/chat/rooms/%ff/", "/other/"]) assert.equal(roomAt("/chat/", path), undefined);
});

test("keys do what the list of shortcuts says, unless something else needs them", () => {
  const press = (key, more = {}, busy = false) => shortcutOf({ key, composedPath: () => [], ...more }, busy);
  globalThis.HTMLElement ??= class {};
  assert.equal(press("k", { ctrlKey: true })?.action, "switch");
  assert.equal(press("k", { metaKey: true })?.action, "switch");
  assert.deepEqual(press("ArrowDown", { altKey: true }), { action: "go", step: 1, unread: true });
  assert.deepEqual(press("ArrowUp", { altKey: true, shiftKey: true }), { action: "go", step: -1, unread: false });
  assert.equal(press("Escape")?.action, "read");
  assert.equal(press("?")?.action, "help");
  for (const [key, more, busy] of [["k"], ["ArrowDown"], ["Escape", {}, true], ["Escape", { isComposing: true }], ["Escape", { defaultPrevented: true }], ["k", { ctrlKey: true, altKey: true }]]) {
    assert.equal(press(key, more, busy), null, key);
  }
});
