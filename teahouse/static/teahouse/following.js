/** A page follows a room, from wherever it was: what is missing is read page by page, then each event counts. */

import { Disconnected, Refused } from "./socket.js";

/** @import { Feed } from "./feed.js" */
/** @import { FollowingThreads } from "./following-threads.js" */
/** @import { Marks } from "./marks.js" */
/** @import { Outgoing } from "./outgoing.js" */
/** @import { OwnRooms } from "./own-rooms.js" */
/** @import { Reading } from "./reading.js" */
/** @import { Socket } from "./socket.js" */
/** @import { RoomEvent, Subscribed } from "./types.js" */

export class Following {
  /**
   * @param {Socket} socket
   * @param {OwnRooms} ownRooms
   * @param {Reading} reading
   * @param {Marks} marks
   * @param {Outgoing} outgoing
   * @param {FollowingThreads} threads
   * @param {(event: RoomEvent) => void} told  Of the project's own events.
   * @param {() => void} changed
   */
  constructor(socket, ownRooms, reading, marks, outgoing, threads, told, changed) {
    this.socket = socket;
    this.ownRooms = ownRooms;
    this.reading = reading;
    this.marks = marks;
    this.outgoing = outgoing;
    this.threads = threads;
    this.told = told;
    this.changed = changed;
  }

  /** Reads what is missing and goes live. @param {Feed} feed */
  async follow(feed) {
    if (feed.aside) return;
    feed.state = "catching-up";
    this.changed();
    try {
      if (!feed.store.loaded && !feed.make) await this.reading.read(feed, {}, "last");
      if (feed.aside) return; // Left again while it was read: unsubscribing went out before.
      while (await this.#subscribe(feed)) this.changed();
      if (!feed.store.loaded) await this.reading.read(feed, {}, "last");
      if (feed.aside) return; // Left again meanwhile; unsubscribing went out behind.
      feed.state = "live";
      feed.make = false;
      this.marks.markRead(feed, feed.looked);
      this.ownRooms.count(feed);
      this.threads.roomIsLive(feed);
      // After what was missed has been drawn, as something that is new.
      if (feed.returning) setTimeout(() => this.#returned(feed));
      this.outgoing.pump(feed.slug);
    } catch (error) {
      this.#followFailed(feed, error);
    }
    this.changed();
  }

  /** An event of a room, which its threads hear too. @param {Feed} feed @param {RoomEvent} event */
  apply(feed, event) {
    const outcome = feed.store.apply(event);
    if (outcome === "applied") {
      this.threads.heard(feed, event);
      if (event.data) this.told(event);
      feed.hear?.(event);
    }
    return outcome;
  }

  /** @param {Feed} feed */
  #returned(feed) {
    feed.returning = feed.aside;
    this.changed();
  }

  /** One page of what is missing. @param {Feed} feed @returns {Promise<boolean>} Whether there is more. */
  async #subscribe(feed) {
    const since = feed.store.position ?? undefined;
    /** @type {Subscribed} */
    const answer = await this.socket.request("subscribe", { room: feed.slug, since, make: feed.make || undefined });
    const { store } = feed;
    if (answer.reset || !since) {
      store.reset(answer.position);
      this.threads.reset(feed, answer.position);
      if (answer.reset) feed.hear?.({ event: "reset", room: feed.slug, seq: answer.position.seq, at: "" });
    }
    for (const event of answer.events ?? []) this.apply(feed, event);
    if (answer.room) {
      store.room = answer.room;
      this.ownRooms.store.opened(answer.room);
    }
    if (answer.here) store.setHere(answer.here);
    feed.role = answer.role ?? null;
    feed.may = answer.may ?? null;
    if (answer.more) return !feed.aside;
    // From here on each event counts, those too that come before a first page of history is read.
    if (!feed.aside) feed.state = "live";
    return false;
  }

  /** @param {Feed} feed @param {unknown} error */
  #followFailed(feed, error) {
    if (error instanceof Disconnected) return; // The next session follows it again.
    if (!(error instanceof Refused)) throw error;
    const { problem } = error;
    if (problem.retry) {
      setTimeout(() => this.socket.connected && this.follow(feed), (problem.after ?? 2) * 1000);
      return;
    }
    feed.state = "refused";
    feed.problem = problem;
  }
}
