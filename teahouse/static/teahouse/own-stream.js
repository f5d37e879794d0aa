/**
 * A person's own stream, `@me`: what concerns one person on all devices. It is followed from the beginning of a
 * session on, whose hello told the state; after a break what came between is heard of too.
 */

import { Disconnected, Refused } from "./socket.js";

/** @import { Socket } from "./socket.js" */
/** @import { OwnEvent, Position } from "./types.js" */

export class OwnStream {
  /** @type {Position | null} */
  #position = null;
  /** Events that came while older ones were being read. @type {OwnEvent[]} */
  #early = [];
  #live = false;
  #person = 0;
  /** Up to there the hello has told all. @type {Position | null} */
  #told = null;

  /**
   * @param {Socket} socket
   * @param {(event: OwnEvent, live: boolean) => void} apply  `live` is false for what the hello may have told already.
   */
  constructor(socket, apply) {
    this.socket = socket;
    this.apply = apply;
  }

  /** A session of this person began. @param {number} person @param {Position} [told]  Up to where its hello told all. */
  begin(person, told) {
    if (person !== this.#person) this.#position = null;
    this.#person = person;
    this.#told = told ?? null;
    this.#position ??= this.#told;
    return this.#follow();
  }

  async #follow() {
    this.#live = false;
    try {
      while (await this.#page()) {
        // Page after page, until all that was missed is here.
      }
    } catch (error) {
      if (error instanceof Disconnected) return; // The next session follows it again.
      if (!(error instanceof Refused)) throw error;
      if (error.problem.retry) setTimeout(() => this.socket.connected && this.#follow(), (error.problem.after ?? 2) * 1000);
    }
  }

  /** @returns {Promise<boolean>} Whether there is more. */
  async #page() {
    const since = this.#position ?? undefined;
    const { position, events, more, reset } = await this.socket.request("subscribe", { room: "@me", since });
    if (reset || !since) this.#position = position;
    for (const event of events) this.#take(event, this.#isNews(event));
    if (more) return true;
    this.#live = true;
    for (const event of this.#early.splice(0)) this.heard(event);
    return false;
  }

  /** @param {OwnEvent} event */
  heard(event) {
    if (!this.#live) this.#early.push(event);
    else if (event.seq > (this.#position?.seq ?? 0) + 1) this.#follow();
    else this.#take(event, true);
  }

  /** Whether the hello knew nothing of it. @param {OwnEvent} event */
  #isNews({ seq }) {
    return this.#told !== null && this.#told.epoch === this.#position?.epoch && seq > this.#told.seq;
  }

  /** @param {OwnEvent} event @param {boolean} live */
  #take(event, live) {
    if (!this.#position || event.seq <= this.#position.seq) return;
    this.#position = { epoch: this.#position.epoch, seq: event.seq };
    this.apply(event, live);
  }
}
