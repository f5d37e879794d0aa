/**
 * The page's side of one server: a session, the rooms it follows, and what waits to be sent. All elements of a
 * page that name the same address share one.
 */

import { Attention } from "./attention.js";
import { Outgoing } from "./outgoing.js";
import { OwnRooms } from "./own-rooms.js";
import { OwnStream } from "./own-stream.js";
import { Disconnected, Refused, Socket } from "./socket.js";
import { RoomStore } from "./store.js";
import { Threads } from "./threads.js";

/** @import { Side } from "./store.js" */
/** @import { Hello, History, ListedThread, Message, Problem, RoomEvent, Subscribed, Who } from "./types.js" */

const HISTORY_PAGE = 50;
const FAR = 500; // events
const TYPING_EVERY = 3_000;
const READ_EVERY = 5_000;
/** A page without rooms needs no session; it is kept so long because an element may only be moved. */
const LINGER = 5_000;
const NOT_YOU = 4001;

/**
 * A room as this page follows it.
 * @typedef {object} Feed
 * @property {string} slug
 * @property {RoomStore} store
 * @property {"away" | "catching-up" | "live" | "refused" | "aside"} state  "aside": there is a session, and the room is not looked at.
 * @property {boolean} aside  Another room is being looked at; the server then tells how much is unread here.
 * @property {boolean} returning  It was aside, and what came meanwhile is not all here yet.
 * @property {string | null} role  The person's own here, and …
 * @property {string[] | null} may  … what goes with it; null until the server has said.
 * @property {Problem | null} problem  Why it is "refused".
 * @property {boolean} make  Make the room where there is none.
 * @property {number} users  Elements that show it.
 * @property {boolean} reading  A page of history is on its way.
 * @property {number} typed  When others were last told that one is typing here.
 * @property {number} read  The person's read mark, as far as it is known.
 * @property {number} marked  When the server was last told of it.
 * @property {number} told  What it was then told.
 * @property {boolean} [kept]  What is in the store was kept from an earlier visit.
 * @property {number} looked  The last number that was in view.
 * @property {ReturnType<typeof setTimeout>} [marking]  Runs until it may be told again.
 * @property {number} [members]  Grows when somebody joins, leaves or gets another role.
 * @property {number | null} readBefore  Where it was when the page came; null until that is known.
 * @property {number} unreadBefore  How much was unread then.
 * @property {unknown} wanted  The place elsewhere in the room that was asked for last.
 * @property {boolean} keptUnread  Marked unread by hand: looking at it does not mark it read.
 * @property {number} [thread]  Id of the message whose thread it is, if it is one.
 */

/** @type {Map<string, Client>} */
const clients = new Map();

/** @param {string} url  Of the WebSocket. @returns {Client} */
export function clientFor(url) {
  let client = clients.get(url);
  if (!client) clients.set(url, (client = new Client(url)));
  return client;
}

export class Client extends EventTarget {
  /** @type {Who | null} */
  you = null;
  /** @type {Record<string, number>} */
  limits = {};
  /** @type {"ok" | "degraded" | "unavailable"} What the server says of its own state. */
  service = "ok";
  /** @type {Map<string, Feed>} */
  feeds = new Map();
  /** What one may do on the site: make rooms, look for people. @type {string[]} */
  may = [];

  /** Threads that the page shows. */
  threads = new Threads();

  /** What needs one, and one's settings. */
  attention = new Attention();

  #ownRooms = new OwnRooms(this.feeds, this.threads, (feed) => this.retry(feed, false));
  /** @type {OwnStream | null} */
  #own = null;
  #announced = false;
  /** Quoted messages that are being read. @type {Set<string>} */
  #asked = new Set();

  /** @param {string} url */
  constructor(url) {
    super();
    this.url = url;
    this.socket = new Socket(url, {
      onSession: (hello) => this.#begin(hello),
      onFrame: (frame) => this.#frame(frame),
      onChange: () => this.#phaseChanged(),
    });
    this.outgoing = new Outgoing(this.socket, this.feeds, this.threads, () => this.#changed());
    addEventListener("online", () => this.socket.nudge());
    addEventListener("offline", () => this.socket.nudge());
    addEventListener("pagehide", () => this.#markAll());
    document.addEventListener("visibilitychange", () => (document.hidden ? this.#markAll() : this.socket.nudge()));
  }

  /** Who is speaking here, as the page was told; the server's word in the hello counts. @param {Who} who */
  identify(who) {
    const another = this.you?.id !== who.id;
    this.you = who;
    if (another) {
      this.outgoing.speakAs(who, this.url);
      if (this.rooms.me !== null) this.rooms.forget();
      this.rooms.me = who.id;
    }
    this.#changed();
  }

  /** The rooms that one belongs to, and those that this page has opened. */
  get rooms() {
    return this.#ownRooms.store;
  }

  /** From now on `rooms` is kept up to date, whatever other devices do. */
  listRooms() {
    this.#own ??= new OwnStream(this.socket, (event, live) => {
      this.#ownRooms.ownEvent(event, live);
      this.attention.heard(event, live);
      if (live) this.dispatchEvent(new CustomEvent("own", { detail: event }));
      this.#changed();
    });
    if (this.socket.connected && this.you) this.#own.follow(this.you.id);
  }

  /**
   * Carries out a command.
   * @param {string} name @param {Record<string, unknown>} [fields]
   * @returns {Promise<any>} Its result; rejects with Refused or Disconnected.
   */
  command(name, fields) {
    return this.socket.request(name, fields);
  }

  /** Another person speaks from now on, or the same one with a better credential. */
  reconnect() {
    this.socket.close();
    this.socket.connect();
  }

  /**
   * Follows a room until `unwatch`.
   * @param {string} slug
   * @param {History} [history]  The first page, if it came with the page.
   * @param {boolean} [elsewhere]  Whether that is not the last one.
   * @returns {Feed}
   */
  watch(slug, history, elsewhere = false) {
    let feed = this.feeds.get(slug);
    if (!feed) {
      feed = { slug, store: new RoomStore(), state: "away", aside: false, returning: false, problem: null, role: null, may: null, make: false, users: 0, reading: false, typed: 0, read: 0, marked: 0, told: 0, looked: 0, readBefore: null, unreadBefore: 0, wanted: null, keptUnread: false };
      this.feeds.set(slug, feed);
      if (history) feed.store.merge(history, elsewhere ? "around" : "last");
      const own = this.rooms.get(slug);
      if (own) {
        feed.read = feed.told = own.read;
        feed.unreadBefore = own.unread;
      }
      if (this.socket.connected) feed.readBefore = feed.read;
      this.outgoing.adopt(feed);
      if (this.socket.connected) this.#follow(feed);
    }
    feed.users += 1;
    return feed;
  }

  /** @param {Feed} feed */
  unwatch(feed) {
    feed.users -= 1;
    if (feed.users > 0) return;
    this.feeds.delete(feed.slug);
    if (this.socket.connected) this.quietly(this.socket.request("unsubscribe", { room: feed.slug }));
    setTimeout(() => this.feeds.size || this.socket.close(), LINGER);
  }

  /**
   * Another room is looked at, or this one again. One that is aside is heard of no more: the server counts what is
   * new there, and what was missed comes when one returns.
   * @param {Feed} feed @param {boolean} aside
   */
  setAside(feed, aside) {
    if (feed.aside === aside) return;
    feed.aside = aside;
    if (aside) feed.returning = true;
    else feed.keptUnread = false;
    if (!this.socket.connected || feed.state === "refused") return;
    if (!aside) this.#follow(feed);
    else {
      this.#leave(feed);
      feed.state = "aside";
      this.quietly(this.socket.request("unsubscribe", { room: feed.slug }));
    }
    this.#changed();
  }

  /** Tries a refused room again, making it if need be. @param {Feed} feed @param {boolean} make */
  retry(feed, make) {
    feed.make = make;
    feed.state = "away";
    feed.problem = null;
    if (this.socket.connected) this.#follow(feed);
    this.#changed();
  }

  // Sessions

  /** @param {Hello} hello */
  #begin(hello) {
    // A login or ticket that no longer holds makes one a new, nameless guest. That is not who was speaking here.
    if (this.you && this.you.id !== hello.you.id && hello.you.kind === "guest") {
      this.socket.giveUp(NOT_YOU);
      return;
    }
    this.limits = hello.limits;
    this.may = hello.may ?? [];
    this.service = hello.state ?? "ok";
    this.identify(hello.you);
    this.rooms.hello(hello.rooms);
    this.attention.hello(hello);
    this.quietly(this.#readThreads());
    for (const own of hello.rooms) {
      const feed = this.feeds.get(own.room);
      if (!feed) continue;
      feed.read = Math.max(feed.read, own.read);
      // Of an earlier visit that is far back: the last messages are nearer than all that was said since.
      const since = feed.store.position;
      if (feed.kept && since && (since.epoch !== own.position.epoch || own.position.seq - since.seq > FAR)) feed.store.reset(own.position);
      feed.kept = false;
      this.rooms.marked(feed.slug, feed.read);
      if (feed.readBefore === null) feed.unreadBefore = own.unread;
    }
    for (const feed of this.feeds.values()) feed.readBefore ??= feed.read;
    for (const feed of this.feeds.values()) {
      if (!feed.aside) this.#follow(feed);
      else if (feed.state !== "refused") {
        this.#leave(feed);
        feed.state = "aside";
      }
    }
    this.#own?.follow(hello.you.id);
    this.outgoing.resume();
    for (const feed of this.feeds.values()) if (feed.aside) this.outgoing.pump(feed.slug);
  }

  #phaseChanged() {
    if (!this.socket.connected) {
      for (const feed of this.feeds.values()) if (feed.state !== "refused") feed.state = "away";
    }
    this.#changed();
  }

  /** @param {any} frame  An event or a signal. */
  #frame(frame) {
    if (frame.signal === "service") this.service = frame.state;
    if (frame.signal === "threads") {
      this.attention.threadsUnread(frame.unread);
      this.quietly(this.#readThreads());
    }
    if (frame.signal === "person") this.#renamed(frame.who);
    if (frame.signal === "head") {
      const before = this.rooms.get(frame.room)?.unread ?? 0;
      this.rooms.head(frame);
      if (frame.unread > before) this.dispatchEvent(new CustomEvent("said", { detail: frame }));
    }
    if (frame.signal === "room") this.rooms.changed(frame.state);
    if (frame.room === "@me") this.#own?.heard(frame);
    const feed = this.feeds.get(frame.room);
    if (feed) this.#feedFrame(feed, frame);
    this.#changed();
  }

  /** @param {Feed} feed @param {any} frame */
  #feedFrame(feed, frame) {
    if (frame.signal === "presence") feed.store.presence(frame);
    if (frame.signal === "typing") (frame.thread ? this.threads.get(feed.slug, frame.thread) : feed)?.store.heardTyping(frame.by, Date.now());
    if (frame.signal === "rights") this.#ownRooms.rights(feed, frame);
    if (frame.event) this.#event(feed, frame);
  }

  /** @param {Who} who  As they are now, wherever they are shown. */
  #renamed(who) {
    for (const { store } of [...this.feeds.values(), ...this.threads.all()]) store.renamed(who);
    if (this.you?.id === who.id) this.you = who;
    this.#changed();
  }

  /** @param {Feed} feed @param {RoomEvent} event */
  #event(feed, event) {
    // While catching up what is missing comes in pages, of which this event will be one.
    if (feed.state !== "live") return;
    if (this.#apply(feed, event) === "gap") this.#follow(feed);
    this.#ownRooms.heard(feed, event);
    if (event.event === "message" && event.message?.seq === event.seq) this.dispatchEvent(new CustomEvent("said", { detail: event }));
  }

  /** @param {Feed} feed @param {RoomEvent} event */
  #apply(feed, event) {
    const outcome = feed.store.apply(event);
    if (outcome === "applied") this.threads.heard(feed.slug, event);
    return outcome;
  }

  // Following a room

  /** Reads what is missing and goes live. @param {Feed} feed */
  async #follow(feed) {
    if (feed.aside) return;
    feed.state = "catching-up";
    this.#changed();
    try {
      if (!feed.store.loaded && !feed.make) await this.#read(feed, {}, "last");
      while (await this.#subscribe(feed)) this.#changed();
      if (!feed.store.loaded) await this.#read(feed, {}, "last");
      if (feed.aside) return; // Left again while it was read; unsubscribing went out behind.
      feed.state = "live";
      feed.make = false;
      this.markRead(feed, feed.looked);
      this.#ownRooms.count(feed);
      for (const thread of this.threads.of(feed.slug)) this.quietly(this.#begun(thread));
      // After what was missed has been drawn, as something that is new.
      if (feed.returning) setTimeout(() => this.#returned(feed));
      this.outgoing.pump(feed.slug);
    } catch (error) {
      this.#followFailed(feed, error);
    }
    this.#changed();
  }

  /** @param {Feed} feed */
  #returned(feed) {
    feed.returning = feed.aside;
    this.#changed();
  }

  /** One page of what is missing. @param {Feed} feed @returns {Promise<boolean>} Whether there is more. */
  async #subscribe(feed) {
    const since = feed.store.position ?? undefined;
    /** @type {Subscribed} */
    const answer = await this.socket.request("subscribe", { room: feed.slug, since, make: feed.make || undefined });
    const { store } = feed;
    if (answer.reset || !since) {
      store.reset(answer.position);
      this.threads.reset(feed.slug, answer.position);
    }
    for (const event of answer.events ?? []) this.#apply(feed, event);
    if (answer.room) {
      store.room = answer.room;
      this.rooms.opened(answer.room);
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
      setTimeout(() => this.socket.connected && this.#follow(feed), (problem.after ?? 2) * 1000);
      return;
    }
    feed.state = "refused";
    feed.problem = problem;
  }

  /** A thread that a room's element shows from now on. @param {Feed} feed @param {number} root @returns {Feed} */
  openThread(feed, root) {
    const thread = this.threads.open(feed, root);
    this.outgoing.adopt(thread);
    if (feed.state === "live") this.quietly(this.#begun(thread));
    return thread;
  }

  /** @param {Feed} thread */
  closeThread(thread) {
    if (thread.marking !== undefined) this.#mark(thread);
    this.threads.close(thread);
  }

  /** Reads the end of a thread, if it was not read. @param {Feed} thread */
  async #begun(thread) {
    if (!thread.store.loaded && !thread.reading) await this.#read(thread, {}, "last");
    this.markRead(thread, thread.looked);
  }

  /** Messages before the first one shown. Answers whether any came. @param {Feed} feed */
  async readOlder(feed) {
    const { first, complete } = feed.store;
    if (feed.reading || complete || !first || !this.socket.connected) return false;
    return this.#readMore(feed, { before: first.seq }, "older");
  }

  /** Messages after the last one shown, where that is not the newest. @param {Feed} feed */
  async readNewer(feed) {
    const { last, atNewest } = feed.store;
    if (feed.reading || atNewest || !last || !this.socket.connected) return false;
    return this.#readMore(feed, { after: last.seq }, "newer");
  }

  /**
   * Shows the messages around a place that may be anywhere in the room.
   * @param {Feed} feed
   * @param {{around: number} | {at: string}} place  A number, or a time: the first message said then or later.
   * @returns {Promise<{message?: Message, root?: Message}>} The message there, or the next one; in a room, where it was
   *   said in a thread, its root too.
   */
  async readAround(feed, place) {
    feed.wanted = place;
    if ("around" in place && feed.store.holds(place.around)) return { message: feed.store.at(place.around) };
    const history = await this.#read(feed, place, "around");
    if (!history.messages.length) return {};
    const root = feed.thread === undefined ? history.root : undefined;
    if ("around" in place) return { message: feed.store.at(root?.seq ?? place.around), root };
    return { message: this.#saidAt(history, place.at) };
  }

  /** @param {History} history @param {string} at */
  #saidAt(history, at) {
    return history.messages.find((message) => Date.parse(message.at) >= Date.parse(at)) ?? history.messages.at(-1);
  }

  /** Shows the newest messages again. @param {Feed} feed */
  toNewest(feed) {
    // On the page of an old message, and offline, there are none yet to go to.
    if (!feed.store.loaded) return;
    feed.wanted = null;
    feed.store.toNewest();
    this.#changed();
  }

  /** Reads a message that another one quotes. Nobody waits for it. @param {Feed} feed @param {{id: number, seq: number}} quoted */
  readQuoted(feed, { id, seq }) {
    const asked = `${feed.slug} ${id}`;
    if (this.#asked.has(asked) || !this.socket.connected) return;
    this.#asked.add(asked);
    this.quietly(this.#quote(feed, seq).finally(() => this.#asked.delete(asked)));
  }

  /** @param {Feed} feed @param {number} seq */
  async #quote({ slug, store, thread }, seq) {
    store.asking();
    try {
      store.quote(await this.socket.request("history", { room: slug, around: seq, limit: 1, thread }));
    } finally {
      store.answered();
      this.#changed();
    }
  }

  /** @param {Feed} feed @param {Record<string, unknown>} where @param {Side} side @returns {Promise<boolean>} */
  async #readMore(feed, where, side) {
    try {
      return (await this.#read(feed, where, side)).messages.length > 0;
    } catch (error) {
      if (error instanceof Refused || error instanceof Disconnected) return false;
      throw error;
    }
  }

  /**
   * @param {Feed} feed
   * @param {Record<string, unknown>} where  Nothing: the last page.
   * @param {Side} side
   * @returns {Promise<History>}  Without messages where one has gone elsewhere meanwhile.
   */
  async #read(feed, where, side) {
    feed.reading = true;
    feed.store.asking();
    this.#changed();
    try {
      /** @type {History} */
      const history = await this.socket.request("history", { room: feed.slug, limit: HISTORY_PAGE, thread: feed.thread, ...where });
      if (gone(feed, where, side)) return { ...history, messages: [] };
      if (!feed.store.merge(history, side)) {
        feed.store.reset(history.position);
        if (side === "last") feed.store.merge(history, side);
        else if (feed.thread !== undefined) this.quietly(this.#begun(feed));
        else this.#follow(feed);
      }
      if (feed.thread !== undefined) this.#told(feed, history);
      return history;
    } finally {
      feed.reading = false;
      feed.store.answered();
      this.#changed();
    }
  }

  /** In which threads there is something unread: the newest of them, when the number was told. */
  async #readThreads() {
    if (!this.attention.threads) return;
    /** @type {{threads: ListedThread[]}} */
    const { threads } = await this.socket.request("threads", { limit: HISTORY_PAGE });
    this.attention.unreadThreads = new Set(threads.filter(({ unread }) => unread).map(({ message }) => message.id));
    this.#changed();
  }

  /** What comes with a page of a thread: its root, and how far one has read there. @param {Feed} thread @param {History} history */
  #told(thread, { root, read, position, more }) {
    thread.store.room ??= this.feeds.get(thread.slug)?.store.room ?? null;
    if (read != null && read > thread.read) thread.read = thread.told = read;
    // Who takes no part in it has read all of it, as far as anybody counts.
    thread.readBefore ??= read ?? root?.thread?.seq ?? 0;
    if (root) thread.store.quote({ messages: [root], position, more });
  }

  // Other commands

  /** @param {Feed} feed @param {number} message @param {string} text */
  edit(feed, message, text) {
    return this.socket.request("edit", { room: feed.slug, message, text });
  }

  /** What a message said before it was edited. @param {Feed} feed @param {number} message */
  edits(feed, message) {
    return this.socket.request("edits", { room: feed.slug, message });
  }

  /** @param {Feed} feed @param {number} message */
  delete(feed, message) {
    return this.socket.request("delete", { room: feed.slug, message });
  }

  /** @param {Feed} feed @param {number} message @param {string} emoji @param {boolean} on */
  react(feed, message, emoji, on) {
    return this.socket.request("react", { room: feed.slug, message, emoji, on });
  }

  /**
   * Members of a room whose names begin so, also those who are not here.
   * @param {string} room @param {string} search @param {number} limit
   * @returns {Promise<Who[]>}
   */
  async findMembers(room, search, limit) {
    /** @type {{members: {person: Who}[]}} */
    const { members } = await this.socket.request("members", { room, search, limit });
    return members.map(({ person }) => person);
  }

  /** Tells the others, every few seconds at most. @param {Feed} feed */
  typing(feed) {
    const now = Date.now();
    if (feed.state !== "live" || now - feed.typed < TYPING_EVERY) return;
    feed.typed = now;
    this.quietly(this.socket.request("typing", { room: feed.slug, thread: feed.thread }));
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
    this.quietly(this.socket.request("read", { room: feed.slug, seq: feed.read, thread: feed.thread }));
  }

  /** The read mark stands elsewhere now. @param {Feed} feed */
  #moved(feed) {
    if (feed.thread !== undefined) {
      if (!feed.store.countSince(feed.read)) this.attention.readThread(feed.thread);
      return this.#ownRooms.readInThread(feed);
    }
    this.rooms.marked(feed.slug, feed.read);
    this.#ownRooms.count(feed);
  }

  /** What was looked at is marked before another room is: from then on the server counts. @param {Feed} feed */
  #leave(feed) {
    if (feed.looked > feed.read && !feed.keptUnread) {
      feed.read = feed.looked;
      this.rooms.marked(feed.slug, feed.read);
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
    this.#changed();
  }

  /** The page is left or put aside: what waits for its time goes now. */
  #markAll() {
    for (const feed of [...this.feeds.values(), ...this.threads.all()]) if (feed.marking !== undefined) this.#mark(feed);
  }

  /** For what is a courtesy: refused or lost, nobody needs to hear of it. @param {Promise<unknown>} request */
  quietly(request) {
    request.catch((error) => {
      if (!(error instanceof Refused || error instanceof Disconnected)) throw error;
    });
  }

  /** Tells whoever draws, once for all that happens in one go. */
  #changed() {
    if (this.#announced) return;
    this.#announced = true;
    queueMicrotask(() => {
      this.#announced = false;
      this.dispatchEvent(new Event("change"));
    });
  }
}

/**
 * Whether a page that was asked for no longer fits to what is shown.
 * @param {Feed} feed
 * @param {Record<string, unknown>} where
 * @param {Side} side
 */
function gone({ store, wanted }, where, side) {
  if (side === "older") return store.first?.seq !== where.before;
  if (side === "newer") return store.atNewest || store.last?.seq !== where.after;
  return side === "around" && wanted !== where;
}
