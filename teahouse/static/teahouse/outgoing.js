/**
 * What goes out: each message is kept by the browser (unsent.js) before it is sent, and until it is acknowledged.
 */

import { listen } from "./around.js";
import { Disconnected, Refused } from "./socket.js";
import { lasting, storage } from "./storage.js";
import { newKey, UnsentQueue } from "./unsent.js";

/** @import { Feed } from "./feed.js" */
/** @import { Socket } from "./socket.js" */
/** @import { Threads } from "./threads.js" */
/** @import { Quoted, Unsent, Who } from "./types.js" */

const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 30_000;
/** After so long a message that another window wrote is sent from here: that window may be gone. */
const ADOPT_AFTER = 5_000;

export class Outgoing {
  /** @type {UnsentQueue | null} */
  #queue = null;
  /** Is told what became of each message: where it stands, or why it was refused. @type {(key: string, outcome: {message?: number, seq: number} | Refused) => void} */
  settled = () => {};
  /** @type {number | null} */
  #me = null;
  /** Rooms into which something is being sent at this moment. @type {Set<string>} */
  #sending = new Set();
  /** Pauses that the server asked for, by room. @type {Map<string, {until: number, length: number}>} */
  #pauses = new Map();

  /**
   * @param {Socket} socket
   * @param {Map<string, Feed>} feeds  The rooms that this page shows.
   * @param {Threads} threads  The same of threads.
   * @param {() => void} changed
   */
  constructor(socket, feeds, threads, changed) {
    this.socket = socket;
    this.feeds = feeds;
    this.threads = threads;
    this.changed = changed;
    listen("storage", (event) => this.#heard(event));
    listen("beforeunload", (event) => {
      if (this.forgetful && this.#queue?.size) event.preventDefault();
    });
  }

  /** How many messages wait to be sent; refused ones wait for their writer instead. */
  get waiting() {
    return this.#queue?.all().filter((unsent) => !unsent.problem).length ?? 0;
  }

  /** True once the browser would not keep what waits to be sent. */
  get forgetful() {
    return this.#queue !== null && !this.#queue.kept;
  }

  /** When the server's pause for a room ends, in ms since the epoch, or 0. @param {string} room */
  pausedUntil(room) {
    return this.#pauses.get(room)?.until ?? 0;
  }

  /**
   * From now on this person speaks. What the one before wrote and could not send is not said in another name by itself: it is kept as refused.
   * @param {Who} who
   * @param {string} url  Of the server: what was written for one is not sent to another.
   */
  speakAs(who, url) {
    this.#me = who.id;
    const before = this.#queue;
    this.#queue = new UnsentQueue(`${url}:${who.id}`, storage, lasting);
    for (const unsent of before?.all() ?? []) {
      const problem = { code: "not_you", message: "", retry: false };
      this.#queue.add({ ...unsent, problem });
      this.#store(unsent)?.failed(unsent.key, problem);
      before?.remove(unsent.key);
    }
    for (const feed of this.#shown()) this.adopt(feed);
  }

  /** Where it is shown, if it is. @param {Unsent} unsent */
  #store({ room, thread }) {
    return (thread === undefined ? this.feeds.get(room) : this.threads.get(room, thread))?.store;
  }

  #shown() {
    return [...this.feeds.values(), ...this.threads.all()];
  }

  /**
   * @param {Feed} feed @param {string} text @param {Quoted} [reply]  What it replies to.
   * @returns {string} Its key.
   */
  send(feed, text, reply) {
    if (!this.#queue) throw new Error("nobody speaks here yet");
    /** @type {Unsent} */
    const unsent = { key: newKey(), room: feed.slug, text, at: new Date().toISOString(), ...(reply && { reply }), ...(feed.thread !== undefined && { thread: feed.thread }) };
    this.#queue.add(unsent);
    feed.store.addPending(unsent);
    feed.typed = 0;
    this.changed();
    this.pump(feed.slug);
    return unsent.key;
  }

  /** Sends a refused message again; where its key was used up, under a new one. @param {Feed} feed @param {string} key */
  again(feed, key) {
    const unsent = this.#queue?.all().find((one) => one.key === key);
    if (!unsent) return;
    if (unsent.problem?.code === "key_reused") {
      this.discard(feed, key);
      this.send(feed, unsent.text, unsent.reply);
      return;
    }
    this.#queue?.mark(key, null);
    feed.store.failed(key, null);
    this.changed();
    this.pump(feed.slug);
  }

  /** @param {Feed} feed @param {string} key */
  discard(feed, key) {
    this.#queue?.remove(key);
    feed.store.discard(key);
    this.changed();
  }

  /**
   * Sends what waits in a room, one after the other: were the first told to come later, the second would
   * overtake it.
   * @param {string} room
   */
  async pump(room) {
    if (this.#sending.has(room) || !this.socket.connected) return;
    if (this.pausedUntil(room) > Date.now()) return;
    this.#sending.add(room);
    try {
      for (let next = this.#nextUnsent(room); next; next = this.#nextUnsent(room)) {
        if (!(await this.#sendOne(room, next))) break;
      }
    } finally {
      this.#sending.delete(room);
      this.changed();
    }
  }

  /** @param {string} room */
  #nextUnsent(room) {
    const feed = this.feeds.get(room);
    if (feed && feed.state !== "live" && feed.state !== "aside") return undefined;
    return this.#queue?.all().find((unsent) => unsent.room === room && !unsent.problem);
  }

  /** @param {string} room @param {Unsent} unsent @returns {Promise<boolean>} Whether the next may follow. */
  async #sendOne(room, unsent) {
    const { key, text, reply, thread } = unsent;
    const store = this.#store(unsent);
    try {
      const { message, seq } = await this.socket.request("send", { room, key, text, reply: reply?.id, thread });
      this.#pauses.delete(room);
      this.#queue?.acknowledged(key, seq);
      store?.acknowledged(key, seq);
      this.settled(key, { message, seq });
    } catch (error) {
      if (error instanceof Disconnected) return false; // Perhaps stored, perhaps not: the key makes sure.
      if (!(error instanceof Refused)) throw error;
      if (error.problem.retry) {
        this.#pause(room, error.problem.after);
        return false;
      }
      this.#queue?.mark(key, error.problem);
      store?.failed(key, error.problem);
      this.settled(key, error);
    }
    this.changed();
    return true;
  }

  /** @param {string} room @param {number | undefined} after  Seconds, if the server said so. */
  #pause(room, after) {
    const before = this.#pauses.get(room)?.length ?? FIRST_PAUSE / 2;
    const length = after === undefined ? Math.min(before * 2, LONGEST_PAUSE) : after * 1000;
    this.#pauses.set(room, { until: Date.now() + length, length });
    setTimeout(() => this.pump(room), length + 10);
  }

  /** A session began: sends what was written for rooms that this page does not show. The others go when live. */
  resume() {
    this.#pauses.clear();
    const rooms = new Set(this.#queue?.all().map((unsent) => unsent.room));
    for (const room of rooms) if (!this.feeds.has(room)) this.pump(room);
  }

  /** A room is shown from now on: what waits for it is seen there. @param {Feed} feed */
  adopt(feed) {
    feed.store.me = this.#me;
    for (const unsent of this.#queue?.all() ?? []) if (unsent.room === feed.slug && unsent.thread === feed.thread) feed.store.addPending(unsent);
  }

  /** @param {StorageEvent} event  Another window wrote something, gave it up, or its message was acknowledged. */
  #heard(event) {
    const { added, stored, removed } = this.#queue?.heard(event) ?? {};
    if (added) {
      const store = this.#store(added);
      store?.addPending(added);
      store?.failed(added.key, added.problem ?? null);
      setTimeout(() => this.pump(added.room), ADOPT_AFTER);
    }
    if (stored) {
      this.#store(stored)?.acknowledged(stored.key, stored.seq);
      this.settled(stored.key, { seq: stored.seq });
    }
    if (removed) for (const feed of this.#shown()) feed.store.discard(removed);
    if (added || stored || removed) this.changed();
  }
}
