/**
 * What is known of one room: a pure table, tested without a browser. In go history, events, acknowledgements
 * and what was written here; out come pages of messages to draw. Objects are replaced, never changed, so that
 * whoever draws compares identities.
 *
 * Two stretches of messages are held at most: the newest, which events go on with, and while somebody reads far
 * above it another one there. Both are bounded: what is far from the reader is let go, and read again when wanted.
 */

import { happened } from "./happened.js";
import { Stretch } from "./stretch.js";

/** @import { Here, History, Message, MessageState, Position, Problem, RoomEvent, RoomState, Unsent, Who } from "./types.js" */
/** @import { Page } from "./stretch.js" */

const TYPING_LASTS = 5_000;
/** Messages that are held where somebody reads, and so many more before any is let go. */
export const HELD = 600;
const SLACK = 200;
/** Of the newest ones, while somebody reads elsewhere. */
const NEWEST = 100;
/** Messages that were read only to be quoted. */
const QUOTED = 200;
/** Of what is replied to so many are known before those of messages long gone are forgotten. */
const MOST_REPLIED = 5_000;

/** @typedef {"last" | "older" | "newer" | "around"} Side  Where a page of history belongs. */

export class RoomStore {
  /** @param {number | null} [thread]  Id of the message whose thread it holds; null: what was said in the room itself. */
  constructor(thread = null) {
    this.thread = thread;
  }

  /** @type {Position | null} */
  position = null;
  /** @type {RoomState | null} */
  room = null;
  /** @type {Here} */
  here = { count: 0, people: [] };
  /** Whether the newest messages have been read. */
  loaded = false;
  /** Grows with each change that is to be drawn. */
  version = 0;
  /** @type {Unsent[]} In the order written. */
  pending = [];
  /** Whose messages are one's own; null before one has a name. @type {number | null} */
  me = null;

  #newest = new Stretch();
  /** Where somebody reads, if it is not the newest. @type {Stretch | null} */
  #elsewhere = null;
  /** Read to be quoted, and in neither stretch. @type {Map<number, Message>} */
  #quoted = new Map();
  /** Messages that those held reply to. @type {Set<number>} */
  #repliedTo = new Set();
  /** Pages of history on their way, and what changed since they were asked for. */
  #asked = 0;
  /** @type {{kind: string, state: MessageState, seq: number}[]} */
  #meanwhile = [];
  /** @type {Map<number, {who: Who, until: number}>} */
  #typing = new Map();

  get #shown() {
    return this.#elsewhere ?? this.#newest;
  }

  /** Whether what is shown goes on to the newest message. */
  get atNewest() {
    return this.#elsewhere === null;
  }

  /** What is shown, oldest first: pages with at least one message. @returns {Page[]} */
  get pages() {
    return this.#shown.pages;
  }

  /** Nothing was said before the first message shown. */
  get complete() {
    return this.#shown.complete;
  }

  get size() {
    return this.#shown.size;
  }

  /** @returns {Message | undefined} Of what is shown. */
  get first() {
    return this.#shown.first;
  }

  /** @returns {Message | undefined} Of what is shown. */
  get last() {
    return this.#shown.last;
  }

  /** @returns {Message | undefined} */
  get newest() {
    return this.#newest.last;
  }

  /** The stretch that ends there: what is kept for another visit. @returns {{messages: Message[], complete: boolean}} */
  get tail() {
    return { messages: [...this.#newest], complete: this.#newest.complete };
  }

  /** One that is held, as it is now, wherever it stands. @param {number} id @returns {Message | undefined} */
  message(id) {
    return this.#newest.message(id) ?? this.#elsewhere?.message(id) ?? this.#quoted.get(id);
  }

  /** Whether the place of this number is among what is shown. @param {number} seq */
  shows(seq) {
    const { first, last } = this.#shown;
    if (!first || !last) return false;
    return (this.complete || seq >= first.seq) && (this.atNewest || seq <= last.seq);
  }

  /** Whether a message with this number is among what is shown. @param {number} seq */
  holds(seq) {
    return this.shows(seq) && this.at(seq)?.seq === seq;
  }

  /** The first message shown that stands at this number or after it. @param {number} seq */
  at(seq) {
    for (const message of this.#shown) if (message.seq >= seq) return message;
    return this.#shown.last;
  }

  /** The newest own message that can still be edited. @returns {Message | undefined} */
  lastOwn() {
    for (const message of this.#newest.backwards()) if (message.by.id === this.me && !message.deleted && !message.event) return message;
    return undefined;
  }

  /** Who spoke last, each once. @returns {Who[]} */
  speakers() {
    /** @type {Map<number, Who>} */
    const found = new Map();
    for (const { by, event } of this.#newest.backwards()) if (!event && !found.has(by.id)) found.set(by.id, by);
    return [...found.values()];
  }

  /** Undeleted messages of others after `seq`, as far as they are held at the end. @param {number} seq */
  countSince(seq) {
    let count = 0;
    for (const message of this.#newest.backwards()) {
      if (message.seq <= seq) break;
      if (this.#isNews(message)) count += 1;
    }
    return count;
  }

  /** Whether all that was said after `seq` is held, so that `countSince` is the whole count. @param {number} seq */
  holdsSince(seq) {
    const { complete, first } = this.#newest;
    return this.loaded && (complete || (first !== undefined && first.seq <= seq + 1));
  }

  /**
   * The first undeleted message of somebody else after `seq`; undefined also while it may not be among what is shown.
   * @param {number} seq
   * @returns {Message | undefined}
   */
  firstSince(seq) {
    if (!this.complete && seq < (this.first?.seq ?? 0)) return undefined;
    for (const message of this.#shown) {
      if (message.seq > seq && this.#isNews(message)) return message;
    }
    return undefined;
  }

  /** Whether it counts as unread, as the server counts. @param {Message} message */
  #isNews({ by, deleted, event }) {
    return by.id !== this.me && !deleted && !event;
  }

  // History

  /** A page of history is asked for: until `answered`, what changes is remembered, because the page may not have it. */
  asking() {
    this.#asked += 1;
  }

  answered() {
    this.#asked -= 1;
    if (this.#asked === 0) this.#meanwhile = [];
  }

  /**
   * Takes in a page of history. The first one sets the position, the others only fill in.
   * @param {History} history
   * @param {Side} [side]
   * @returns {boolean} False: it is of another history of the room; reset and read again.
   */
  merge(history, side = this.loaded ? "older" : "last") {
    if (this.position && this.position.epoch !== history.position.epoch) return false;
    this.position ??= history.position;
    const { messages, more } = history;
    if (side === "around") this.#elsewhere = new Stretch();
    const into = side === "last" ? this.#newest : this.#shown;
    for (const message of messages) this.#fill(into, message);
    for (const row of (history.events ?? []).map(happened)) if (row) this.#fill(into, row);
    if (!more.before && side !== "newer") into.complete = true;
    if (side === "last") this.loaded = true;
    if (this.#elsewhere) this.#joinOr(side, !more.after && (side === "newer" || side === "around"));
    else if (side === "older") this.#part();
    this.#catchUp(history.position.seq);
    this.version += 1;
    return true;
  }

  /** @param {Stretch} into @param {Message} message */
  #fill(into, message) {
    const held = this.message(message.id);
    this.#put(into, held && held.rev > message.rev ? held : message);
  }

  /** What came while the page was on its way, and is newer than it. @param {number} seq */
  #catchUp(seq) {
    for (const change of this.#meanwhile) if (change.seq > seq) this.#change(change.kind, change.state, change.seq);
  }

  /**
   * The stretch that is shown has grown: where it has reached the newest both become one, else it lets go of what is
   * far away.
   * @param {Side} side
   * @param {boolean} atEnd  Nothing was said behind it when it was read.
   */
  #joinOr(side, atEnd) {
    const elsewhere = /** @type {Stretch} */ (this.#elsewhere);
    const begins = this.#newest.first?.seq;
    const reached = begins !== undefined && (elsewhere.last?.seq ?? 0) >= begins;
    // Before the newest were read the page is all that there is of them.
    if (reached || atEnd) {
      for (const message of this.#newest) elsewhere.put(message);
      this.#newest = elsewhere;
      this.#elsewhere = null;
      this.loaded = true;
      if (side === "newer" && elsewhere.size > HELD + SLACK) elsewhere.keepLast(HELD);
    } else if (elsewhere.size > HELD + SLACK) {
      if (side === "newer") elsewhere.keepLast(HELD);
      else elsewhere.keepFirst(HELD);
    }
  }

  /** Who has read far up from the end leaves it behind: then two stretches are held, and what is between is let go. */
  #part() {
    const newest = this.#newest;
    if (newest.size <= HELD + SLACK) return;
    const read = newest;
    this.#newest = new Stretch();
    for (const message of [...read].slice(-NEWEST)) this.#newest.put(message);
    read.keepFirst(HELD);
    this.#elsewhere = read;
  }

  /** Goes to the newest messages, which are always held once they were read. */
  toNewest() {
    if (!this.#elsewhere) return;
    this.#elsewhere = null;
    this.version += 1;
  }

  /** Whoever looks at the end does not need what is far above it. */
  trim() {
    if (this.atNewest && this.size > HELD + SLACK) this.#newest.keepLast(HELD);
  }

  /** Another history began: nothing of the old one holds, but what waits to be sent. @param {Position} position */
  reset(position) {
    this.#newest = new Stretch();
    this.#elsewhere = null;
    this.#quoted.clear();
    this.#repliedTo.clear();
    this.#meanwhile = [];
    this.#typing.clear();
    // What was stored in the old one either stands in the new one too, or is gone.
    this.pending = this.pending.filter((one) => one.seq === undefined);
    this.position = position;
    this.loaded = false;
    this.version += 1;
  }

  /** A message that was read because another one quotes it. @param {History} history */
  quote(history) {
    if (this.position?.epoch !== history.position.epoch) return;
    for (const message of history.messages) {
      if (this.message(message.id)) continue;
      this.#quoted.set(message.id, message);
      this.#touchRepliesTo(message.id);
    }
    for (const id of this.#quoted.keys()) {
      if (this.#quoted.size <= QUOTED) break;
      if (id !== this.thread) this.#quoted.delete(id);
    }
    this.#catchUp(history.position.seq);
    this.version += 1;
  }

  // Events

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
    const state = event.message ?? happened(event);
    if (state) {
      const change = { kind: event.event, state, seq: event.seq };
      if (this.#asked) this.#meanwhile.push(change);
      this.#change(change.kind, change.state, change.seq);
      if (event.event === "message" && state.by) this.#typing.delete(state.by.id);
    }
    if (event.state) this.room = { ...this.room, ...event.state };
    this.version += 1;
    return "applied";
  }

  /**
   * Hears an event of the room of whose threads it holds one: which events have come is known to the room's own store.
   * @param {RoomEvent} event
   */
  overhear({ event, seq, message }) {
    if (this.position) this.position = { epoch: this.position.epoch, seq: Math.max(seq, this.position.seq) };
    if (!message) return;
    if (this.#asked) this.#meanwhile.push({ kind: event, state: message, seq });
    this.#change(event, message, seq);
    if (event === "message" && message.by && message.root?.id === this.thread) this.#typing.delete(message.by.id);
    this.version += 1;
  }

  /**
   * @param {string} kind
   * @param {MessageState} state
   * @param {number} seq
   */
  #change(kind, state, seq) {
    const held = this.message(state.id);
    if (held && held.rev >= seq) return;
    const rev = Math.max(seq, state.rev ?? 0);
    const message = held ? { ...kept(held, kind), ...state, rev } : whole(state) ? { ...state, rev } : null;
    if (!message) return;
    if (this.#quoted.has(message.id)) this.#quoted.set(message.id, message);
    for (const stretch of [this.#newest, this.#elsewhere]) {
      if (stretch && (stretch.message(message.id) || this.#covers(stretch, message))) this.#put(stretch, message);
    }
    this.#touchRepliesTo(message.id);
  }

  /** Whether a message belongs between those held. @param {Stretch} stretch @param {Message} message */
  #covers(stretch, { seq, rev, root }) {
    if ((root?.id ?? null) !== this.thread) return false;
    const { first, last, complete } = stretch;
    const begun = complete || (first && seq >= first.seq);
    if (stretch !== this.#newest) return Boolean(begun) && last !== undefined && seq <= last.seq;
    // Before the newest were read only what is just said is certain to be one of them.
    return first || complete ? Boolean(begun) : seq === rev;
  }

  /** @param {Stretch} stretch @param {Message} message */
  #put(stretch, message) {
    stretch.put(message);
    if (message.reply) this.#repliedTo.add(message.reply.id);
    if (this.#repliedTo.size > MOST_REPLIED) this.#countReplies();
    if (message.key && message.by.id === this.me) this.#settle(message.key);
  }

  /** Forgets what only messages that were let go replied to. */
  #countReplies() {
    this.#repliedTo.clear();
    for (const stretch of [this.#newest, this.#elsewhere]) {
      for (const { reply } of stretch ?? []) if (reply) this.#repliedTo.add(reply.id);
    }
  }

  /** A quotation shows the message as it is now. @param {number} id */
  #touchRepliesTo(id) {
    if (!this.#repliedTo.has(id)) return;
    for (const stretch of [this.#newest, this.#elsewhere]) stretch?.touch((message) => message.reply?.id === id);
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
    for (const message of this.#newest.backwards()) if (message.key === key && message.by.id === this.me) return true;
    return false;
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
    for (const stretch of [this.#newest, this.#elsewhere]) {
      for (const message of stretch ? [...stretch] : []) if (isOf(message, who)) stretch?.put(withName(message, who));
    }
    for (const [id, message] of this.#quoted) if (isOf(message, who)) this.#quoted.set(id, withName(message, who));
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
  if (kind === "reactions" || kind === "thread") return message;
  const { id, key, seq, at, by, reply, reactions, root, thread, rev } = message;
  const gone = kind === "deleted";
  return { id, key, seq, at, by, root, thread, reply: gone ? undefined : reply, reactions: gone ? undefined : reactions, rev };
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

/** Whether somebody wrote a message, or what it replies to. @param {Message} message @param {Who} who */
function isOf({ by, reply }, { id }) {
  return by.id === id || reply?.by.id === id;
}

/** @param {Message} message @param {Who} who  As they are called now. @returns {Message} */
function withName(message, who) {
  const by = message.by.id === who.id ? who : message.by;
  const reply = message.reply?.by.id === who.id ? { ...message.reply, by: who } : message.reply;
  return reply ? { ...message, by, reply } : { ...message, by };
}
