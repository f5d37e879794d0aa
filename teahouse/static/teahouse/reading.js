/** A page reads what was said: the last messages of a room, those before and after, those around a place, one that is quoted. */

import { Disconnected, quietly, Refused } from "./socket.js";

/** @import { Feed } from "./feed.js" */
/** @import { Socket } from "./socket.js" */
/** @import { Side } from "./store.js" */
/** @import { History, Message } from "./types.js" */

const HISTORY_PAGE = 50;

export class Reading {
  /** Quoted messages that are being read. @type {Set<string>} */
  #asked = new Set();

  /**
   * @param {Socket} socket
   * @param {Map<string, Feed>} feeds  The rooms that the page shows.
   * @param {(feed: Feed) => void} follow  From the position that the store has now.
   * @param {() => void} changed
   */
  constructor(socket, feeds, follow, changed) {
    this.socket = socket;
    this.feeds = feeds;
    this.follow = follow;
    this.changed = changed;
  }

  /** Messages before the first one shown. Answers whether any came. @param {Feed} feed */
  async older(feed) {
    const { first, complete } = feed.store;
    if (feed.reading || complete || !first || !this.socket.connected) return false;
    return this.#more(feed, { before: first.seq }, "older");
  }

  /** Messages after the last one shown, where that is not the newest. @param {Feed} feed */
  async newer(feed) {
    const { last, atNewest } = feed.store;
    if (feed.reading || atNewest || !last || !this.socket.connected) return false;
    return this.#more(feed, { after: last.seq }, "newer");
  }

  /**
   * Shows the messages around a place that may be anywhere in the room.
   * @param {Feed} feed
   * @param {{around: number} | {at: string}} place  A number, or a time: the first message said then or later.
   * @returns {Promise<{message?: Message, root?: Message}>} The message there, or the next one; in a room, where it was
   *   said in a thread, its root too.
   */
  async around(feed, place) {
    feed.wanted = place;
    if ("around" in place && feed.store.holds(place.around)) return { message: feed.store.at(place.around) };
    const history = await this.read(feed, place, "around");
    if (isEmpty(history)) return {};
    const root = feed.thread === undefined ? history.root : undefined;
    if ("around" in place) return { message: feed.store.at(root?.seq ?? place.around), root };
    return { message: saidAt(history, place.at) };
  }

  /** Shows the newest messages again. @param {Feed} feed */
  toNewest(feed) {
    // On the page of an old message, and offline, there are none yet to go to.
    if (!feed.store.loaded) return;
    feed.wanted = null;
    feed.store.toNewest();
    this.changed();
  }

  /** Reads a message that another one quotes. Nobody waits for it. @param {Feed} feed @param {{id: number, seq: number}} quoted */
  quoted(feed, { id, seq }) {
    const asked = `${feed.slug} ${id}`;
    if (this.#asked.has(asked) || !this.socket.connected) return;
    this.#asked.add(asked);
    quietly(this.#quote(feed, seq).finally(() => this.#asked.delete(asked)));
  }

  /** @param {Feed} feed @param {number} seq */
  async #quote({ slug, store, thread }, seq) {
    store.asking();
    try {
      store.quote(await this.socket.request("history", { room: slug, around: seq, limit: 1, thread }));
    } finally {
      store.answered();
      this.changed();
    }
  }

  /** @param {Feed} feed @param {Record<string, unknown>} where @param {Side} side @returns {Promise<boolean>} */
  async #more(feed, where, side) {
    try {
      return !isEmpty(await this.read(feed, where, side));
    } catch (error) {
      if (error instanceof Refused || error instanceof Disconnected) return false;
      throw error;
    }
  }

  /**
   * @param {Feed} feed
   * @param {Record<string, unknown>} where  Nothing: the last page.
   * @param {Side} side
   * @returns {Promise<History>}  Without messages where one has gone elsewhere meanwhile.
   */
  async read(feed, where, side) {
    feed.reading = true;
    feed.store.asking();
    this.changed();
    try {
      /** @type {History} */
      const history = await this.socket.request("history", { room: feed.slug, limit: HISTORY_PAGE, ...inside(feed), ...where });
      if (gone(feed, where, side)) return { ...history, messages: [], events: [] };
      if (!feed.store.merge(history, side)) {
        feed.store.reset(history.position);
        if (side === "last") feed.store.merge(history, side);
        else this.follow(feed);
      }
      if (feed.thread !== undefined) this.#told(feed, history);
      return history;
    } finally {
      feed.reading = false;
      feed.store.answered();
      this.changed();
    }
  }

  /** What comes with a page of a thread: its root, and how far one has read there. @param {Feed} thread @param {History} history */
  #told(thread, { root, read, position, more }) {
    thread.store.room ??= this.feeds.get(thread.slug)?.store.room ?? null;
    if (read != null && read > thread.read) thread.read = thread.told = read;
    // Who takes no part in it has read all of it, as far as anybody counts.
    thread.readBefore ??= read ?? root?.thread?.seq ?? 0;
    if (root) thread.store.quote({ messages: [root], position, more });
  }
}

/** What else a page of history has: the project's events, which stand in no thread. @param {Feed} feed */
function inside({ thread }) {
  return thread === undefined ? { events: "shown" } : { thread };
}

/** @param {History} history */
function isEmpty({ messages, events = [] }) {
  return !messages.length && !events.length;
}

/** @param {History} history @param {string} at */
function saidAt({ messages }, at) {
  return messages.find((message) => Date.parse(message.at) >= Date.parse(at)) ?? messages.at(-1);
}

/**
 * Whether a page that was asked for no longer fits to what is shown.
 * @param {Feed} feed
 * @param {Record<string, unknown>} where
 * @param {Side} side
 */
function gone({ store, wanted }, where, side) {
  if (side === "older") return store.first?.seq !== where.before;
  if (side === "newer") return store.atNewest || store.last?.seq !== where.after;
  return side === "around" && wanted !== where;
}
