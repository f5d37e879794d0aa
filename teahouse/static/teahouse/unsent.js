/**
 * What was written and not yet acknowledged: kept by the browser until it is, over reloads and restarts.
 *
 * Each message is an entry of its own in localStorage, so two windows never overwrite each other's queue. Both
 * may send the same message; its key makes the second a repeat, which the server answers with the first result.
 */

/** @import { Problem, Unsent } from "./types.js" */

/** What is needed of a Storage: tests bring their own. @typedef {Pick<Storage, "length" | "key" | "getItem" | "setItem" | "removeItem">} Shelf */

const CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const RANDOM_LENGTH = 16;

let lastKey = "";

/**
 * A ULID: 48 bits of time and 80 of chance, in 26 characters that sort by time. Two made in the same
 * millisecond sort in the order made.
 * @param {number} [now]
 */
export function newKey(now = Date.now()) {
  let time = "";
  for (let rest = now, i = 0; i < 10; i++, rest = Math.floor(rest / 32)) time = CROCKFORD[rest % 32] + time;
  // A clock that was set back must not put what is written now before what was written earlier.
  if (lastKey && time <= lastKey.slice(0, 10)) lastKey = successor(lastKey);
  else lastKey = time + [...crypto.getRandomValues(new Uint8Array(RANDOM_LENGTH))].map((byte) => CROCKFORD[byte % 32]).join("");
  return lastKey;
}

/** @param {string} key */
function successor(key) {
  const last = key.search(/.Z*$/);
  const digit = CROCKFORD.indexOf(key.charAt(last));
  return key.slice(0, last) + CROCKFORD[digit + 1] + "0".repeat(key.length - last - 1);
}

export class UnsentQueue {
  /** @type {Map<string, Unsent>} */
  #entries = new Map();

  /**
   * @param {string} name  Of the person on this site: nobody sends what somebody else wrote here before.
   * @param {Shelf} storage
   * @param {boolean} [lasting]  Whether the storage outlives the page.
   */
  constructor(name, storage, lasting = true) {
    /** False where the browser keeps nothing, or no more: what is written then lives only as long as the page. */
    this.kept = lasting;
    this.prefix = `teahouse:unsent:${name}:`;
    this.storage = storage;
    for (let i = 0; i < storage.length; i++) {
      const key = storage.key(i);
      if (key?.startsWith(this.prefix)) this.#read(storage.getItem(key));
    }
  }

  /** All of it, in the order written. @returns {Unsent[]} */
  all() {
    return [...this.#entries.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  get size() {
    return this.#entries.size;
  }

  /** @param {Unsent} unsent */
  add(unsent) {
    this.#entries.set(unsent.key, unsent);
    try {
      this.storage.setItem(this.prefix + unsent.key, JSON.stringify(unsent));
    } catch {
      // Full, or forbidden by the person's settings: the page says so and asks before it is closed.
      this.kept = false;
    }
  }

  /** @param {string} key @param {Problem | null} problem */
  mark(key, problem) {
    const entry = this.#entries.get(key);
    if (entry) this.add({ ...entry, problem: problem ?? undefined });
  }

  /**
   * Stored under this number. Other windows are told of it before the entry goes, or they would take it for given up.
   * @param {string} key @param {number} seq
   */
  acknowledged(key, seq) {
    const entry = this.#entries.get(key);
    if (entry) this.add({ ...entry, problem: undefined, seq });
    this.remove(key);
  }

  /** Given up. @param {string} key */
  remove(key) {
    this.#entries.delete(key);
    this.storage.removeItem(this.prefix + key);
  }

  /**
   * What another window did to the queue.
   * @param {{key: string | null, newValue: string | null}} event  A StorageEvent.
   * @returns {{added?: Unsent, stored?: Unsent & {seq: number}, removed?: string}}
   */
  heard({ key, newValue }) {
    if (!key?.startsWith(this.prefix)) return {};
    const own = key.slice(this.prefix.length);
    if (newValue === null) return this.#entries.delete(own) ? { removed: own } : {};
    const entry = parsed(newValue);
    if (!entry) return {};
    if (isStored(entry)) {
      this.#entries.delete(own);
      return { stored: entry };
    }
    this.#entries.set(own, entry);
    return { added: entry };
  }

  /** @param {string | null} value */
  #read(value) {
    const entry = parsed(value);
    // One that is stored was left behind by a window that closed just then.
    if (entry && !isStored(entry)) this.#entries.set(entry.key, entry);
  }
}

/** @param {Unsent} entry @returns {entry is Unsent & {seq: number}} */
function isStored(entry) {
  return entry.seq !== undefined;
}

/** Anything may lie in a browser's storage. @param {string | null} value @returns {Unsent | undefined} */
function parsed(value) {
  try {
    const { key, room, text, at, reply, thread, problem, seq } = JSON.parse(value ?? "null") ?? {};
    if ([key, room, text, at].every((field) => typeof field === "string")) return { key, room, text, at, problem, seq, ...(reply && { reply }), ...(thread && { thread }) };
  } catch {
    // Not ours, or cut off: nothing that could be sent.
  }
  return undefined;
}
