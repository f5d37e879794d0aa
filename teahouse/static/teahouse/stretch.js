/**
 * Messages that stand one behind the other in a room, without a gap between them: pure. They are kept in pages of 32
 * numbers, so a page stays put whatever comes in before it. Pages are replaced, never changed, so that whoever draws
 * compares identities.
 */

/** @import { Message } from "./types.js" */

const PAGE_BITS = 5;

/** @typedef {{id: number, messages: Message[]}} Page */

export class Stretch {
  /** Nothing was said in the room before the first message held. */
  complete = false;
  /** @type {Map<number, Message>} By id. */
  #messages = new Map();
  /** @type {Map<number, Page>} */
  #pages = new Map();
  /** @type {Page[] | null} */
  #sorted = [];

  /** Pages with at least one message, oldest first. */
  get pages() {
    this.#sorted ??= [...this.#pages.values()].sort((a, b) => a.id - b.id);
    return this.#sorted;
  }

  get size() {
    return this.#messages.size;
  }

  /** @returns {Message | undefined} */
  get first() {
    return this.pages[0]?.messages[0];
  }

  /** @returns {Message | undefined} */
  get last() {
    return this.pages.at(-1)?.messages.at(-1);
  }

  /** @param {number} id */
  message(id) {
    return this.#messages.get(id);
  }

  /** The messages, oldest first. */
  *[Symbol.iterator]() {
    for (const page of this.pages) yield* page.messages;
  }

  /** The messages, newest first. */
  *backwards() {
    const { pages } = this;
    for (let at = pages.length - 1; at >= 0; at--) yield* [.../** @type {Page} */ (pages[at]).messages].reverse();
  }

  /** Takes a message in, in its place; one with the same id goes. @param {Message} message */
  put(message) {
    const id = message.seq >> PAGE_BITS;
    const messages = this.#pages.get(id)?.messages ?? [];
    const others = messages.filter((other) => other.id !== message.id);
    const place = others.findLastIndex((other) => other.seq < message.seq) + 1;
    if (!this.#pages.has(id)) this.#sorted = null;
    this.#replace({ id, messages: [...others.slice(0, place), message, ...others.slice(place)] });
    this.#messages.set(message.id, message);
  }

  /** Has the pages drawn anew that have such a message. @param {(message: Message) => boolean} which */
  touch(which) {
    for (const page of this.pages) if (page.messages.some(which)) this.#replace({ ...page });
  }

  /** @param {Page} page */
  #replace(page) {
    this.#pages.set(page.id, page);
    this.#sorted = null;
  }

  /** Lets go of the oldest pages, so that about `most` messages stay. @param {number} most */
  keepLast(most) {
    for (const page of this.pages) {
      if (this.size - page.messages.length < most) return;
      this.#drop(page);
      this.complete = false;
    }
  }

  /** Lets go of the newest pages. @param {number} most */
  keepFirst(most) {
    for (const page of [...this.pages].reverse()) {
      if (this.size - page.messages.length < most) return;
      this.#drop(page);
    }
  }

  /** @param {Page} page */
  #drop(page) {
    this.#pages.delete(page.id);
    for (const { id } of page.messages) this.#messages.delete(id);
    this.#sorted = null;
  }
}
