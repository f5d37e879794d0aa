/**
 * The rooms of a person and how much is unread in each: a pure table, tested without a browser. In go the hello,
 * signals, events of the person's own stream, and what this page has counted itself; out come lists to draw.
 *
 * Who counts what: of rooms that the page has not subscribed to the server tells numbers (`head`), of the others
 * the page holds every message and counts. A number that would be older than the read mark is never shown.
 */

/** @import { OwnRoom, Position, RoomState, Who } from "./types.js" */

/**
 * One room in the list. Replaced, never changed.
 * @typedef {object} Listed
 * @property {string} room
 * @property {string} title  Empty for a direct conversation, which is called by its people.
 * @property {string} kind
 * @property {boolean} archived
 * @property {string | null} role
 * @property {Who[]} people  Of a direct conversation.
 * @property {number} seq  Number of the room's last event, as far as heard of.
 * @property {number} read
 * @property {number} unread
 * @property {number} mentions
 * @property {string} level  What one wants to be told of; empty: what is usual.
 * @property {boolean} own  Whether one belongs to it; others are only looked at.
 */

/** @type {Omit<Listed, "room">} */
const BLANK = { title: "", kind: "open", archived: false, role: null, people: [], seq: 0, read: 0, unread: 0, mentions: 0, level: "", own: false };

export class RoomsStore {
  /** Grows with each change that is to be drawn. */
  version = 0;
  /** Whether the server has told all of it. */
  loaded = false;
  /** Not listed among the people of a direct conversation. @type {number | null} */
  me = null;

  /** @type {Map<string, Listed>} */
  #rooms = new Map();
  /** Unread messages that name one, in rooms that the page counts itself: room to numbers. @type {Map<string, Set<number>>} */
  #named = new Map();

  /** @param {string} room @returns {Listed | undefined} */
  get(room) {
    return this.#rooms.get(room);
  }

  /** All of it, to be kept and given to `restore`. */
  all() {
    return [...this.#rooms.values()];
  }

  /** What was kept, until the server has spoken. @param {Listed[]} rooms */
  restore(rooms) {
    if (this.loaded) return;
    for (const listed of rooms) if (!this.#rooms.has(listed.room)) this.#put(listed.room, listed);
  }

  /** A session began: its word counts. Rooms that are only looked at stay. @param {OwnRoom[]} rooms */
  hello(rooms) {
    const own = new Set(rooms.map((one) => one.room));
    for (const [name, listed] of this.#rooms) if (listed.own && !own.has(name)) this.#rooms.delete(name);
    this.#named.clear();
    for (const { position, ...told } of rooms) {
      this.#put(told.room, { ...told, seq: position.seq, own: true });
    }
    this.loaded = true;
  }

  /** Somebody else's list is not shown for a moment. */
  forget() {
    this.#rooms.clear();
    this.#named.clear();
    this.loaded = false;
    this.version += 1;
  }

  /** The room's title, topic and so on, of one that is opened or of an own one. @param {RoomState} state */
  opened(state) {
    this.#put(state.room, this.#fields(state));
  }

  /** The same, where it is news of an own room. @param {RoomState} state */
  changed(state) {
    if (this.#rooms.has(state.room)) this.opened(state);
  }

  /** An opened room that one does not belong to is left. @param {string} room */
  closed(room) {
    if (this.#rooms.get(room)?.own === false) this.#remove(room);
  }

  /**
   * One belongs to it now. What was said before is not new.
   * @param {string} room @param {RoomState} [state] @param {string | null} [role] @param {Position} [position]
   */
  added(room, state, role = null, position = undefined) {
    const known = this.#rooms.get(room);
    const seq = Math.max(position?.seq ?? 0, known?.seq ?? 0);
    this.#put(room, { title: known?.title || room, ...(state ? this.#fields(state) : {}), role, seq, read: Math.max(seq, known?.read ?? 0), own: true });
  }

  /** One belongs to it no more. @param {string} room @param {boolean} stays  It is being looked at, and may be. */
  removed(room, stays = false) {
    if (!this.#rooms.has(room)) return;
    if (stays) this.#put(room, { own: false, role: null });
    else this.#remove(room);
  }

  /** The signal `head`. @param {{room: string, seq: number, unread: number, mentions: number}} signal */
  head({ room, seq, unread, mentions }) {
    const known = this.#rooms.get(room);
    if (!known || seq < known.seq) return;
    this.#named.delete(room);
    const isRead = seq <= known.read;
    this.#put(room, { seq, unread: isRead ? 0 : unread, mentions: isRead ? 0 : mentions });
  }

  /** The read mark moved, here or elsewhere. What is left unread is told by whoever counts. @param {string} room @param {number} read */
  marked(room, read) {
    const known = this.#rooms.get(room);
    if (!known) return;
    const all = read >= known.seq;
    for (const seq of this.#named.get(room) ?? []) if (seq <= read) this.#named.get(room)?.delete(seq);
    this.#put(room, { read, unread: all ? 0 : known.unread, mentions: all ? 0 : known.mentions });
  }

  /** What the page counted in a room whose events it gets. @param {string} room @param {number} seq @param {number} unread */
  counted(room, seq, unread) {
    const known = this.#rooms.get(room);
    if (!known) return;
    const named = this.#named.get(room)?.size;
    this.#put(room, { seq: Math.max(seq, known.seq), unread, mentions: named ?? Math.min(unread, known.mentions) });
  }

  /** A message of a room that the page counts names one. @param {string} room @param {number} seq */
  named(room, seq) {
    const known = this.#rooms.get(room);
    if (!known || seq <= known.read) return;
    const named = this.#named.get(room) ?? new Set();
    this.#named.set(room, named.add(seq));
    this.#put(room, { mentions: Math.max(known.mentions, named.size) });
  }

  /** What one wants to be told of it. @param {string} room @param {string} level */
  leveled(room, level) {
    if (this.#rooms.has(room)) this.#put(room, { level });
  }

  /** It was deleted. @param {string} room @param {number} seq */
  unnamed(room, seq) {
    const named = this.#named.get(room);
    if (named?.delete(seq)) this.#put(room, { mentions: named.size });
  }

  // To draw

  /** Rooms by title, conversations by their people, archived ones apart. */
  lists() {
    const all = this.all().sort((a, b) => titleOf(a, this.me).localeCompare(titleOf(b, this.me), undefined, { numeric: true }));
    const shown = all.filter((one) => !one.archived);
    return {
      rooms: shown.filter((one) => one.kind !== "direct"),
      direct: shown.filter((one) => one.kind === "direct"),
      archived: all.filter((one) => one.archived),
    };
  }

  /** Of all rooms that are not archived or silenced; direct conversations are like mentions: somebody means one. */
  totals() {
    let unread = 0;
    let mentions = 0;
    for (const one of this.#rooms.values()) {
      if (one.archived || one.level === "nothing") continue;
      unread += one.unread;
      mentions += one.kind === "direct" ? one.unread : one.mentions;
    }
    return { unread, mentions };
  }

  /**
   * The room after or before this one in the list, round its end.
   * @param {string} from @param {1 | -1} step @param {boolean} onlyUnread
   * @returns {string | undefined}  Undefined where there is no other.
   */
  neighbour(from, step, onlyUnread) {
    const { rooms, direct } = this.lists();
    const all = [...rooms, ...direct];
    const at = all.findIndex((one) => one.room === from);
    for (let i = 1; i <= all.length; i++) {
      const base = at < 0 && step < 0 ? 0 : at;
      const one = all[(base + step * i + all.length * 2) % all.length];
      if (one && one.room !== from && (!onlyUnread || one.unread)) return one.room;
    }
    return undefined;
  }

  /** @param {RoomState} state @returns {Partial<Listed>} */
  #fields({ title, kind, archived, people }) {
    return { title, kind, archived, ...(people ? { people } : {}) };
  }

  /** @param {string} room @param {Partial<Listed>} fields */
  #put(room, fields) {
    this.#rooms.set(room, { ...BLANK, ...this.#rooms.get(room), ...fields, room });
    this.version += 1;
  }

  /** @param {string} room */
  #remove(room) {
    this.#rooms.delete(room);
    this.#named.delete(room);
    this.version += 1;
  }
}

/**
 * What a room is called: a conversation by the others in it, by oneself where there are none.
 * @param {{room: string, title: string, kind: string, people?: Who[]}} state
 * @param {number | null} [me]
 */
export function titleOf({ room, title, kind, people = [] }, me = null) {
  if (kind !== "direct") return title || room;
  const others = people.filter((who) => who.id !== me);
  const names = (others.length ? others : people).map((who) => who.name);
  // Between Chinese names stands their own comma.
  return names.join(names.every((name) => /\p{Script=Han}/u.test(name)) ? "、" : ", ") || title || room;
}
