/**
 * Threads that the page shows, beside the rooms in which they are. A thread is followed with its room: it hears what the
 * room hears, and has a store, a read mark and a draft of its own.
 */

import { RoomStore } from "./store.js";

/** @import { Feed } from "./feed.js" */
/** @import { Position, RoomEvent } from "./types.js" */

export class Threads {
  /** By the room's name and the root's id. @type {Map<string, Map<number, Feed>>} */
  #open = new Map();

  /**
   * The thread of a message, from now on until `close`, which each who has opened it calls.
   * @param {Feed} room @param {number} root
   * @returns {Feed}
   */
  open(room, root) {
    const open = this.#open.get(room.slug) ?? new Map();
    this.#open.set(room.slug, open);
    const held = open.get(root);
    if (held) {
      held.users += 1;
      return held;
    }
    // All that is the room's own it has from there, as it is at any moment: state, rights, whether it is aside.
    const own = { store: new RoomStore(root), thread: root, users: 1, reading: false, typed: 0, read: 0, marked: 0, told: 0, looked: 0, readBefore: null, unreadBefore: 0, wanted: null, keptUnread: false, marking: undefined };
    const feed = /** @type {Feed} */ (Object.assign(Object.create(room), own));
    feed.store.room = room.store.room;
    open.set(root, feed);
    return feed;
  }

  /** @param {Feed} thread */
  close(thread) {
    thread.users -= 1;
    if (thread.users <= 0) this.#open.get(thread.slug)?.delete(thread.thread ?? 0);
  }

  /** @param {string} slug @param {number | undefined} root @returns {Feed | undefined} */
  get(slug, root) {
    return root === undefined ? undefined : this.#open.get(slug)?.get(root);
  }

  /** Those of one room. @param {string} slug @returns {Feed[]} */
  of(slug) {
    return [...(this.#open.get(slug)?.values() ?? [])];
  }

  /** All of them. @returns {Feed[]} */
  all() {
    return [...this.#open.values()].flatMap((open) => [...open.values()]);
  }

  /** An event that the room has applied. @param {string} slug @param {RoomEvent} event */
  heard(slug, event) {
    for (const { store } of this.of(slug)) store.overhear(event);
  }

  /** Another history of the room began. @param {string} slug @param {Position} position */
  reset(slug, position) {
    for (const { store } of this.of(slug)) store.reset(position);
  }
}
