/** How far a person has read in each room: told at once, then every few seconds, because each move is stored. */

import { quietly } from "./socket.js";

/** @import { Attention } from "./attention.js" */
/** @import { Feed } from "./feed.js" */
/** @import { OwnRooms } from "./own-rooms.js" */
/** @import { Socket } from "./socket.js" */
/** @import { Threads } from "./threads.js" */

const READ_EVERY = 5_000;

export class Marks {
  /**
   * @param {Socket} socket
   * @param {Map<string, Feed>} feeds  The rooms that the page shows.
   * @param {Threads} threads  Those that it shows.
   * @param {OwnRooms} ownRooms
   * @param {Attention} attention
   * @param {() => void} changed
   */
  constructor(socket, feeds, threads, ownRooms, attention, changed) {
    this.socket = socket;
    this.feeds = feeds;
    this.threads = threads;
    this.ownRooms = ownRooms;
    this.attention = attention;
    this.changed = changed;
  }

  /**
   * Moves the read mark: at once, then every few seconds, because each move is stored.
   * @param {Feed} feed
   * @param {number} seq
   */
  markRead(feed, seq) {
    feed.looked = Math.max(feed.looked, seq);
    // What was looked at before the room was live is marked when it is.
    if (feed.state !== "live" || feed.keptUnread || seq <= feed.read) return;
    feed.read = seq;
    this.#moved(feed);
    const wait = feed.marked + READ_EVERY - Date.now();
    if (wait <= 0) this.#mark(feed);
    else feed.marking ??= setTimeout(() => this.#mark(feed), wait);
  }

  /** @param {Feed} feed */
  #mark(feed) {
    clearTimeout(feed.marking);
    feed.marking = undefined;
    feed.marked = Date.now();
    feed.told = feed.read;
    quietly(this.socket.request("read", { room: feed.slug, seq: feed.read, thread: feed.thread }));
  }

  /** The read mark stands elsewhere now. @param {Feed} feed */
  #moved(feed) {
    if (feed.thread !== undefined) {
      if (!feed.store.countSince(feed.read)) this.attention.readThread(feed.thread);
      return this.ownRooms.readInThread(feed);
    }
    this.ownRooms.store.marked(feed.slug, feed.read);
    this.ownRooms.count(feed);
  }

  /** What waits for its time goes now. @param {Feed} feed */
  markNow(feed) {
    if (feed.marking !== undefined) this.#mark(feed);
  }

  /** What was looked at is marked before another room is: from then on the server counts. @param {Feed} feed */
  leave(feed) {
    if (feed.looked > feed.read && !feed.keptUnread) {
      feed.read = feed.looked;
      this.ownRooms.store.marked(feed.slug, feed.read);
      this.#mark(feed);
    } else if (feed.marking !== undefined) this.#mark(feed);
  }

  /**
   * Moves the read mark back, so that this message and all after it are unread, on all devices. Looking at them does
   * not count until one comes back to them.
   * @param {Feed} feed
   * @param {number} seq
   */
  async markUnread(feed, seq) {
    clearTimeout(feed.marking);
    feed.marking = undefined;
    await this.socket.request("read", { room: feed.slug, seq: seq - 1, back: true, thread: feed.thread });
    feed.read = feed.told = seq - 1;
    feed.keptUnread = true;
    this.#moved(feed);
    this.changed();
  }

  /** The page is left or put aside: what waits for its time goes now. */
  markAll() {
    for (const feed of [...this.feeds.values(), ...this.threads.all()]) this.markNow(feed);
  }
}
