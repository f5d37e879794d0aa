/** A page follows threads with the rooms in which they are: their end is read, and the rest is what the room hears. */

import { quietly } from "./socket.js";

/** @import { Attention } from "./attention.js" */
/** @import { Feed } from "./feed.js" */
/** @import { Marks } from "./marks.js" */
/** @import { Outgoing } from "./outgoing.js" */
/** @import { Reading } from "./reading.js" */
/** @import { Socket } from "./socket.js" */
/** @import { Threads } from "./threads.js" */
/** @import { ListedThread, Position, RoomEvent } from "./types.js" */

const LISTED = 50;

export class FollowingThreads {
  /**
   * @param {Socket} socket
   * @param {Threads} threads
   * @param {Reading} reading
   * @param {Marks} marks
   * @param {Outgoing} outgoing
   * @param {Attention} attention
   * @param {() => void} changed
   */
  constructor(socket, threads, reading, marks, outgoing, attention, changed) {
    this.socket = socket;
    this.threads = threads;
    this.reading = reading;
    this.marks = marks;
    this.outgoing = outgoing;
    this.attention = attention;
    this.changed = changed;
  }

  /** A thread that a room's element shows from now on. @param {Feed} feed @param {number} root @returns {Feed} */
  open(feed, root) {
    const thread = this.threads.open(feed, root);
    this.outgoing.adopt(thread);
    if (feed.state === "live") quietly(this.begun(thread));
    return thread;
  }

  /** @param {Feed} thread */
  close(thread) {
    this.marks.markNow(thread);
    this.threads.close(thread);
  }

  /** @param {Feed} feed  A room. */
  roomIsLive(feed) {
    for (const thread of this.threads.of(feed.slug)) quietly(this.begun(thread));
  }

  /** What a room has applied. @param {Feed} feed @param {RoomEvent} event */
  heard(feed, event) {
    this.threads.heard(feed.slug, event);
  }

  /** Another history of the room began. @param {Feed} feed @param {Position} position */
  reset(feed, position) {
    this.threads.reset(feed.slug, position);
  }

  /** Reads the end of a thread, if it was not read. @param {Feed} thread */
  async begun(thread) {
    if (!thread.store.loaded && !thread.reading) await this.reading.read(thread, {}, "last");
    this.marks.markRead(thread, thread.looked);
  }

  /** In which threads there is something unread: the newest of them, when the number was told. */
  async readUnread() {
    if (!this.attention.threads) return;
    /** @type {{threads: ListedThread[]}} */
    const { threads } = await this.socket.request("threads", { limit: LISTED });
    this.attention.unreadThreads = new Set(threads.filter(({ unread }) => unread).map(({ message }) => message.id));
    this.changed();
  }
}
