import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { beforeEach, describe, test } from "node:test";

// Node 18, which Debian 12 has, knows it by this name only.
globalThis.crypto ??= webcrypto;

import { newKey, UnsentQueue } from "../../teahouse/static/teahouse/unsent.js";

/** A Storage that can be full. */
class Shelf {
  items = new Map();
  full = false;
  get length() {
    return this.items.size;
  }
  key(index) {
    return [...this.items.keys()][index] ?? null;
  }
  getItem(name) {
    return this.items.get(name) ?? null;
  }
  setItem(name, value) {
    if (this.full) throw new Error("QuotaExceededError");
    this.items.set(name, value);
  }
  removeItem(name) {
    this.items.delete(name);
  }
}

const written = (key, text = "hello") => ({ key, room: "main", text, at: "2026-11-22T10:00:00Z" });

describe("keys", () => {
  test("are 26 characters that the protocol takes, and sort as made", () => {
    const keys = Array.from({ length: 2000 }, () => newKey());
    assert.ok(keys.every((key) => /^[0-9A-HJKMNP-TV-Z]{26}$/.test(key)));
    assert.deepEqual([...keys].sort(), keys);
    assert.equal(new Set(keys).size, keys.length);
  });

  test("sort as made even when the clock is set back", () => {
    const future = newKey(Date.now() + 3_600_000);
    assert.ok(newKey() > future);
  });
});

describe("queue", () => {
  /** @type {Shelf} */
  let shelf;
  beforeEach(() => {
    shelf = new Shelf();
  });

  test("is there again after a reload, in the order written", () => {
    const queue = new UnsentQueue("7", shelf);
    queue.add(written("B"));
    queue.add(written("A"));
    queue.mark("B", { code: "too_long", message: "", retry: false });
    const again = new UnsentQueue("7", shelf);
    assert.deepEqual(again.all().map((one) => [one.key, one.problem?.code]), [["A", undefined], ["B", "too_long"]]);
    again.remove("A");
    again.remove("B");
    assert.equal(shelf.length, 0);
  });

  test("is one person's: another's is not seen", () => {
    new UnsentQueue("7", shelf).add(written("A"));
    assert.equal(new UnsentQueue("71", shelf).size, 0);
    assert.equal(new UnsentQueue("9", shelf).size, 0);
    assert.equal(new UnsentQueue("7", shelf).size, 1);
  });

  test("hears what other windows do", () => {
    const queue = new UnsentQueue("7", shelf);
    const key = `${queue.prefix}A`;
    assert.deepEqual(queue.heard({ key, newValue: JSON.stringify(written("A")) }).added, { ...written("A"), problem: undefined, seq: undefined });
    assert.equal(queue.size, 1);
    assert.deepEqual(queue.heard({ key, newValue: null }), { removed: "A" });
    assert.equal(queue.size, 0);
    assert.deepEqual(queue.heard({ key: "somebody:else", newValue: "x" }), {});
    assert.deepEqual(queue.heard({ key: null, newValue: null }), {});
  });

  test("tells other windows what was stored from what was given up", () => {
    const told = [];
    const watched = { length: 0, key: () => null, getItem: () => null };
    watched.setItem = (key, newValue) => told.push({ key, newValue });
    watched.removeItem = (key) => told.push({ key, newValue: null });
    const [here, there] = [new UnsentQueue("7", watched), new UnsentQueue("7", shelf)];
    for (const key of ["A", "B"]) here.add(written(key));
    here.acknowledged("A", 44);
    here.remove("B");
    const heard = told.map((event) => there.heard(event));
    assert.deepEqual(heard.map((one) => Object.keys(one)[0]), ["added", "added", "stored", undefined, "removed"]);
    assert.equal(heard[2].stored.seq, 44);
    assert.equal(there.size, 0);
  });

  test("does not send again what a window stored that closed before it could clear up", () => {
    shelf.setItem("teahouse:unsent:7:A", JSON.stringify({ ...written("A"), seq: 44 }));
    assert.equal(new UnsentQueue("7", shelf).size, 0);
  });

  test("passes over what it did not write", () => {
    for (const [at, value] of ["null", "{", "[]", '{"key":1}', '"text"'].entries()) shelf.setItem(`teahouse:unsent:7:${at}`, value);
    assert.equal(new UnsentQueue("7", shelf).size, 0);
  });

  test("works on, and says so, where the browser keeps nothing more", () => {
    const queue = new UnsentQueue("7", shelf);
    assert.equal(queue.kept, true);
    shelf.full = true;
    queue.add(written("A"));
    assert.equal(queue.kept, false);
    assert.equal(queue.size, 1);
    assert.equal(new UnsentQueue("7", shelf, false).kept, false);
  });
});
