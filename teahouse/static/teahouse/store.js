/**
 * What is known of one room: a pure table, tested without a browser. In go history, events, acknowledgements
 * and what was written here; out come pages of messages to draw. Objects are replaced, never changed, so that
 * whoever draws compares identities.
 */

/** @import { Here, History, Message, MessageState, Position, Problem, RoomEvent, RoomState, Unsent, Who } from "./types.js" */

/** Messages of one page have the same `seq >> PAGE_BITS`, so pages stay put when older ones come in. */
const PAGE_BITS = 5;
const TYPING_LASTS = 5_000;

/** @typedef {{id: number, messages: Message[]}} Page */

export class RoomStore {
  /** @type {Position | null} */
  position = null;
  /** @type {RoomState | null} */
  room = null;
  /** @type {Here} */
  here = { count: 0, people: [] };
  /** Nothing was said before the first message held. */
  complete = false;
  /** Whether a history has been read at all. */
  loaded = false;
  /** Grows with each change that is to be drawn. */
  version = 0;
  /** @type {Unsent[]} In the order written. */
  pending = [];
  /** Whose messages are one's own; null before one has a name. @type {number | null} */
  me = null;

  /** @type {Map<number, Message>} By id. */
  #messages = new Map();
  /** @type {Map<number, Page>} */
  #pages = new Map();
  /** @type {Page[] | null} */
  #sorted = [];
  /** @type {Map<number, {who: Who, until: number}>} */
  #typing = new Map();

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

  /** The newest own message that can still be edited. @returns {Message | undefined} */
  lastOwn() {
    for (const page of [...this.pages].reverse()) {
      const own = page.messages.findLast((message) => message.by.id === this.me && !message.deleted);
      if (own) return own;
    }
    return undefined;
  }

  /** Undeleted messages of others after `seq`. @param {number} seq */
  countSince(seq) {
    let count = 0;
    for (const page of [...this.pages].reverse()) {
      if ((page.messages.at(-1)?.seq ?? 0) <= seq) break;
      for (const message of page.messages) {
        if (message.seq > seq && message.by.id !== this.me && !message.deleted) count += 1;
      }
    }
    return count;
  }

  /**
   * The first undeleted message of somebody else after `seq`; undefined also while it may not be held yet.
   * @param {number} seq
   * @returns {Message | undefined}
   */
  firstSince(seq) {
    if (!this.complete && seq < (this.first?.seq ?? 0)) return undefined;
    for (const page of this.pages) {
      const found = page.messages.find((one) => one.seq > seq && one.by.id !== this.me && !one.deleted);
      if (found) return found;
    }
    return undefined;
  }

  /**
   * Takes in the last page of history or one before those held: the first sets the position, the others
   * only fill in.
   * @param {History} history
   * @returns {boolean} False: it is of another history of the room; reset and read again.
   */
  merge(history) {
    if (this.position && this.position.epoch !== history.position.epoch) return false;
    this.position ??= history.position;
    for (const message of history.messages) {
      const held = this.#messages.get(message.id);
      if (!held || held.rev <= message.rev) this.#put(message);
    }
    if (!history.more.before) this.complete = true;
    this.loaded = true;
    this.version += 1;
    return true;
  }

  /** Another history began: nothing of the old one holds, but what waits to be sent. @param {Position} position */
  reset(position) {
    this.#messages.clear();
    this.#pages.clear();
    this.#sorted = [];
    this.#typing.clear();
    // What was stored in the old one either stands in the new one too, or is gone.
    this.pending = this.pending.filter((one) => one.seq === undefined);
    this.position = position;
    this.complete = false;
    this.loaded = false;
    this.version += 1;
  }

  /**
   * Applies one event of the room.
   * @param {RoomEvent} event
   * @returns {"applied" | "old" | "gap"} "gap": events before it are missing; subscribe again from `position`.
   */
  apply(event) {
    if (!this.position) return "gap";
    if (event.seq <= this.position.seq) return "old";
    if (event.seq > this.position.seq + 1) return "gap";
    this.position = { epoch: this.position.epoch, seq: event.seq };
    if (event.message) this.#change(event.event, event.message, event.seq);
    if (event.state) this.room = { ...this.room, ...event.state };
    this.version += 1;
    return "applied";
  }

  /**
   * @param {string} kind
   * @param {MessageState} state
   * @param {number} seq
   */
  #change(kind, state, seq) {
    const held = this.#messages.get(state.id);
    if (held && held.rev >= seq) return;
    const rev = Math.max(seq, state.rev ?? 0);
    if (held) this.#put({ ...kept(held, kind), ...state, rev });
    else if (whole(state) && this.#covers(state.seq)) this.#put({ ...state, rev });
    if (kind === "message" && state.by) this.#typing.delete(state.by.id);
  }

  /** Whether a message that stands at `seq` belongs between those held. @param {number} seq */
  #covers(seq) {
    return this.complete || seq >= (this.first?.seq ?? 0);
  }

  /** @param {Message} message */
  #put(message) {
    const id = message.seq >> PAGE_BITS;
    const messages = this.#pages.get(id)?.messages ?? [];
    const others = messages.filter((other) => other.id !== message.id);
    const place = others.findLastIndex((other) => other.seq < message.seq) + 1;
    this.#pages.set(id, { id, messages: [...others.slice(0, place), message, ...others.slice(place)] });
    this.#messages.set(message.id, message);
    this.#sorted = null;
    if (message.key && message.by.id === this.me) this.#settle(message.key);
  }

  // What was written here

  /** @param {Unsent} unsent */
  addPending(unsent) {
    if (this.pending.some((other) => other.key === unsent.key) || this.#said(unsent.key)) return;
    this.pending = [...this.pending, unsent].sort((a, b) => (a.key < b.key ? -1 : 1));
    this.version += 1;
  }

  /** @param {string} key */
  #said(key) {
    return this.pages.some((page) =>
      page.messages.some((message) => message.key === key && message.by.id === this.me),
    );
  }

  /**
   * The server has stored it. It stays to be seen until its event is here too.
   * @param {string} key
   * @param {number} seq
   */
  acknowledged(key, seq) {
    const heard = this.position !== null && seq <= this.position.seq;
    if (heard) this.#settle(key);
    else this.pending = this.pending.map((one) => (one.key === key ? { ...one, seq, problem: undefined } : one));
    this.version += 1;
  }

  /**
   * Refused, or with null to be tried again.
   * @param {string} key
   * @param {Problem | null} problem
   */
  failed(key, problem) {
    this.pending = this.pending.map((one) =>
      one.key === key ? { ...one, problem: problem ?? undefined } : one,
    );
    this.version += 1;
  }

  /** Given up by who wrote it, here or in another window. @param {string} key */
  discard(key) {
    this.#settle(key);
    this.version += 1;
  }

  /** @param {string} key */
  #settle(key) {
    if (this.pending.some((one) => one.key === key)) this.pending = this.pending.filter((one) => one.key !== key);
  }

  // Who is here

  /** The signal `person`: somebody has another name or picture, or as a guest got an account. @param {Who} who */
  renamed(who) {
    for (const message of [...this.#messages.values()]) if (message.by.id === who.id) this.#put({ ...message, by: who });
    const { count, people } = this.here;
    if (people?.some(({ id }) => id === who.id)) {
      this.setHere({ count, people: people.map((one) => (one.id === who.id ? who : one)) });
    }
    const typing = this.#typing.get(who.id);
    if (typing) this.#typing.set(who.id, { ...typing, who });
    this.version += 1;
  }

  /** @param {Here} here */
  setHere(here) {
    this.here = { count: here.count, people: here.people ? sortPeople(here.people) : null };
    this.version += 1;
  }

  /**
   * The signal `presence`. Over a hundred people there is only a count; back under it, `whole` brings all.
   * @param {{came?: Who[], went?: (Who | number)[], count: number, whole?: boolean}} signal
   */
  presence({ came = [], went = [], count, whole: everybody = false }) {
    const gone = new Set(went.map((who) => (typeof who === "number" ? who : who.id)));
    const arrived = new Set(came.map((who) => who.id));
    const before = everybody ? [] : this.here.people;
    const stay = before?.filter((who) => !gone.has(who.id) && !arrived.has(who.id));
    const people = stay && stay.length + came.length === count ? sortPeople([...stay, ...came]) : null;
    this.here = { count, people };
    this.version += 1;
  }

  /** The signal `typing`. @param {Who} who @param {number} now */
  heardTyping(who, now) {
    if (who.id === this.me) return;
    this.#typing.set(who.id, { who, until: now + TYPING_LASTS });
    this.version += 1;
  }

  /** Who is typing at this moment. @param {number} now @returns {Who[]} */
  typing(now) {
    for (const [id, { until }] of this.#typing) if (until <= now) this.#typing.delete(id);
    return [...this.#typing.values()].map(({ who }) => who);
  }
}

/**
 * What an event of this kind leaves as it was. Text and html come anew with it or are gone.
 * @param {Message} message
 * @param {string} kind
 * @returns {Message}
 */
function kept(message, kind) {
  if (kind === "reactions") return message;
  const { id, key, seq, at, by, reactions, rev } = message;
  return { id, key, seq, at, by, reactions: kind === "deleted" ? undefined : reactions, rev };
}

/** @param {MessageState} state @returns {state is Message} */
function whole(state) {
  return state.seq !== undefined && state.by !== undefined && state.at !== undefined;
}

/** Of who just came in another process only the id may be known yet. @param {Who[]} people */
function sortPeople(people) {
  return people
    .map((who) => (who.name === undefined ? { ...who, name: `#${who.id}` } : who))
    .sort((a, b) => a.name.localeCompare(b.name) || a.id - b.id);
}
