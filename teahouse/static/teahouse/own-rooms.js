/** What the list of rooms hears of: the person's own stream, and what happens in the rooms that the page follows. */

import { RoomsStore } from "./rooms-store.js";

/** @import { Feed } from "./feed.js" */
/** @import { Threads } from "./threads.js" */
/** @import { OwnEvent, RoomEvent } from "./types.js" */

export class OwnRooms {
  store = new RoomsStore();

  /**
   * @param {Map<string, Feed>} feeds  The rooms that the page shows.
   * @param {Threads} threads  Those of them that it shows.
   * @param {(feed: Feed) => void} retry  Of one that was refused, and may now be read again.
   */
  constructor(feeds, threads, retry) {
    this.feeds = feeds;
    this.threads = threads;
    this.retry = retry;
  }

  /** Tells the list how much is unread where the page holds all of it. @param {Feed} feed */
  count({ slug, store, read }) {
    if (store.holdsSince(read) && store.position) this.store.counted(slug, store.position.seq, store.countSince(read));
  }

  /** Who was called in a thread that was read is called no more. @param {Feed} thread */
  readInThread({ slug, store, read }) {
    for (const { messages } of store.pages) for (const { seq } of messages) if (seq <= read) this.store.unnamed(slug, seq);
  }

  /** Something happened in a room that is followed, and was applied there. @param {Feed} feed @param {RoomEvent} event */
  heard(feed, event) {
    if (event.state) this.store.changed(event.state);
    if (event.event === "deleted" && event.message?.seq) this.store.unnamed(feed.slug, event.message.seq);
    if (event.message) this.count(feed);
    if (event.member) feed.members = (feed.members ?? 0) + 1;
  }

  /** @param {OwnEvent} event @param {boolean} live  Otherwise the hello may have told it. */
  ownEvent({ event, about = "", read = 0, thread, message, role, state, position, level }, live) {
    const feed = this.feeds.get(about);
    if (event === "room_added") {
      if (!this.store.get(about)?.own) this.store.added(about, state, role, position);
      if (feed?.problem?.code === "removed") this.retry(feed);
    }
    if (event === "room_removed" && live) {
      const isOpen = this.store.get(about)?.kind === "open";
      if (feed && !isOpen) this.lose(feed);
      this.store.removed(about, feed?.aside === false && isOpen);
    }
    if (event === "settings" && level && live) this.store.leveled(about, level);
    // What was read before this session its hello has told.
    if (event === "read" && live) this.#markedElsewhere(about, read, feed);
    if (event === "thread_read" && live) this.#threadRead(this.threads.get(about, thread), read);
    if (event === "mention" && message?.seq && feed?.state === "live") this.store.named(about, message.seq);
  }

  /** The mark of a thread that is shown here moved, perhaps on another device. @param {Feed | undefined} feed @param {number} read */
  #threadRead(feed, read) {
    if (!feed || feed.told === read || feed.marking !== undefined) return;
    feed.read = feed.told = read;
    this.readInThread(feed);
  }

  /** @param {string} room @param {number} read @param {Feed} [feed] */
  #markedElsewhere(room, read, feed) {
    // What this page told itself, or is going to tell, it knows better.
    if (feed && (feed.told === read || feed.marking !== undefined)) return;
    if (feed) feed.read = read;
    this.store.marked(room, read);
    if (feed?.state === "live") this.count(feed);
  }

  /** The signal `rights`. @param {Feed} feed @param {{role: string | null, may: string[]}} signal */
  rights(feed, { role, may }) {
    feed.role = role;
    feed.may = may;
    if (!role && !may.length) this.lose(feed);
  }

  /** One may not read it any more: what was read goes too, and who is there. @param {Feed} feed */
  lose(feed) {
    const { store } = feed;
    feed.state = "refused";
    feed.problem = { code: "removed", message: "", retry: false };
    store.reset({ epoch: "", seq: 0 });
    store.setHere({ count: 0, people: [] });
    if (store.room) store.room = { ...store.room, topic: "" };
    this.threads.reset(feed.slug, { epoch: "", seq: 0 });
  }
}
