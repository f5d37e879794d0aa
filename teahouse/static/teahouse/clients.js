/**
 * The page's side of one server: a session, the rooms it follows, and what waits to be sent. All elements of a
 * page that name the same address share one.
 */

import { listen, page } from "./around.js";
import { Attention } from "./attention.js";
import { newFeed } from "./feed.js";
import { Following } from "./following.js";
import { FollowingThreads } from "./following-threads.js";
import { Marks } from "./marks.js";
import { Outgoing } from "./outgoing.js";
import { OwnRooms } from "./own-rooms.js";
import { OwnStream } from "./own-stream.js";
import { Reading } from "./reading.js";
import { quietly, Socket } from "./socket.js";
import { Threads } from "./threads.js";

/** @import { Hello, History, Position, RoomEvent, Who } from "./types.js" */
/** @typedef {import("./feed.js").Feed} Feed */

const FAR = 500; // events
const TYPING_EVERY = 3_000;
/** A page without rooms needs no session; it is kept so long because an element may only be moved. */
const LINGER = 5_000;
const NOT_YOU = 4001;

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
  /** Who of the people of one's conversations is here, in whatever room; nobody while there is no session. @type {Set<number>} */
  around = new Set();
  /** What the site is called, once the server has said it; empty where only the page knows. */
  place = "";

  /** Threads that the page shows. */
  threads = new Threads();

  /** What needs one, and one's settings. */
  attention = new Attention();

  #ownRooms = new OwnRooms(this.feeds, this.threads, (feed) => this.retry(feed, false));
  /** @type {OwnStream | null} */
  #own = null;
  /** Where that stood when the hello was said. @type {Position | undefined} */
  #toldOwn;
  #announced = false;
  #marks;
  #reading;
  #following;
  #followingThreads;

  /** @param {string} url @param {{token?: string, name?: string}} [credential]  Without one, the browser's cookies. */
  constructor(url, credential = {}) {
    super();
    this.url = url;
    this.credential = credential;
    this.socket = new Socket(url, {
      hello: () => this.credential,
      onSession: (hello) => this.#begin(hello),
      onFrame: (frame) => this.#frame(frame),
      onChange: () => this.#phaseChanged(),
    });
    const changed = () => this.#changed();
    this.outgoing = new Outgoing(this.socket, this.feeds, this.threads, changed);
    this.#marks = new Marks(this.socket, this.feeds, this.threads, this.#ownRooms, this.attention, changed);
    this.#reading = new Reading(this.socket, this.feeds, (feed) => this.#followed(feed), changed);
    this.#followingThreads = new FollowingThreads(this.socket, this.threads, this.#reading, this.#marks, this.outgoing, this.attention, changed);
    this.#following = new Following(this.socket, this.#ownRooms, this.#reading, this.#marks, this.outgoing, this.#followingThreads, (event) => this.#told(event), changed);
    listen("online", () => this.socket.nudge());
    listen("offline", () => this.socket.nudge());
    listen("pagehide", () => this.#marks.markAll());
    page.addEventListener("visibilitychange", () => (page.hidden ? this.#marks.markAll() : this.socket.nudge()));
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
    if (this.socket.connected && this.you) this.#own.begin(this.you.id, this.#toldOwn);
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
      feed = newFeed(slug);
      this.feeds.set(slug, feed);
      if (history) feed.store.merge(history, elsewhere ? "around" : "last");
      const own = this.rooms.get(slug);
      if (own) {
        feed.read = feed.told = own.read;
        feed.unreadBefore = own.unread;
      }
      if (this.socket.connected) feed.readBefore = feed.read;
      this.outgoing.adopt(feed);
      if (this.socket.connected) this.#following.follow(feed);
    }
    feed.users += 1;
    return feed;
  }

  /** @param {Feed} feed */
  unwatch(feed) {
    feed.users -= 1;
    if (feed.users > 0) return;
    this.feeds.delete(feed.slug);
    if (this.socket.connected) quietly(this.socket.request("unsubscribe", { room: feed.slug }));
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
    if (!aside) this.#following.follow(feed);
    else {
      this.#marks.leave(feed);
      feed.state = "aside";
      quietly(this.socket.request("unsubscribe", { room: feed.slug }));
    }
    this.#changed();
  }

  /** Tries a refused room again, making it if need be. @param {Feed} feed @param {boolean} make */
  retry(feed, make) {
    feed.make = make;
    feed.state = "away";
    feed.problem = null;
    if (this.socket.connected) this.#following.follow(feed);
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
    // The same guest again, not another one of that name.
    if (hello.ticket && this.credential.name) this.credential = { token: hello.ticket };
    this.limits = hello.limits;
    this.may = hello.may ?? [];
    this.place = hello.place ?? this.place;
    this.around = new Set(hello.here);
    this.service = hello.state ?? "ok";
    this.#toldOwn = hello.me;
    this.identify(hello.you);
    this.rooms.hello(hello.rooms);
    this.attention.hello(hello);
    quietly(this.#followingThreads.readUnread());
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
      if (!feed.aside) this.#following.follow(feed);
      else if (feed.state !== "refused") {
        this.#marks.leave(feed);
        feed.state = "aside";
      }
    }
    this.#own?.begin(hello.you.id, hello.me);
    this.outgoing.resume();
    for (const feed of this.feeds.values()) if (feed.aside) this.outgoing.pump(feed.slug);
  }

  #phaseChanged() {
    if (!this.socket.connected) {
      this.around.clear();
      for (const feed of this.feeds.values()) if (feed.state !== "refused") feed.state = "away";
    }
    this.#changed();
  }

  /** @param {any} frame  An event or a signal. */
  #frame(frame) {
    if (frame.signal === "service") this.service = frame.state;
    if (frame.signal === "here") {
      for (const id of frame.came) this.around.add(id);
      for (const id of frame.went) this.around.delete(id);
    }
    if (frame.signal === "place") this.place = frame.name;
    if (frame.signal === "threads") {
      this.attention.threadsUnread(frame.unread);
      quietly(this.#followingThreads.readUnread());
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
    if (frame.signal === "custom") this.#told(frame);
    if (frame.event) this.#event(feed, frame);
  }

  /** @param {Who} who  As they are now, wherever they are shown. */
  #renamed(who) {
    for (const { store } of [...this.feeds.values(), ...this.threads.all()]) store.renamed(who);
    if (this.you?.id === who.id) this.you = who;
    this.#changed();
  }

  /** What a project tells is for its own scripts too. @param {{room: string}} detail  One of its events, or a signal. */
  #told(detail) {
    this.dispatchEvent(new CustomEvent("told", { detail }));
  }

  /** @param {Feed} feed @param {RoomEvent} event */
  #event(feed, event) {
    // While catching up what is missing comes in pages, of which this event will be one.
    if (feed.state !== "live") return;
    if (this.#following.apply(feed, event) === "gap") this.#following.follow(feed);
    this.#ownRooms.heard(feed, event);
    if (event.event === "message" && event.message?.seq === event.seq) this.dispatchEvent(new CustomEvent("said", { detail: event }));
  }

  /** From the position that the store has now. @param {Feed} feed */
  #followed(feed) {
    if (feed.thread === undefined) this.#following.follow(feed);
    else quietly(this.#followingThreads.begun(feed));
  }

  /** A thread that a room's element shows from now on. @param {Feed} feed @param {number} root @returns {Feed} */
  openThread(feed, root) {
    return this.#followingThreads.open(feed, root);
  }

  /** @param {Feed} thread */
  closeThread(thread) {
    this.#followingThreads.close(thread);
  }

  // What was said, and how far it was read

  /** Messages before the first one shown. Answers whether any came. @param {Feed} feed */
  readOlder(feed) {
    return this.#reading.older(feed);
  }

  /** Messages after the last one shown, where that is not the newest. @param {Feed} feed */
  readNewer(feed) {
    return this.#reading.newer(feed);
  }

  /**
   * Shows the messages around a place that may be anywhere in the room, and answers the one there, or the next; where
   * it was said in a thread, its root too.
   * @param {Feed} feed
   * @param {{around: number} | {at: string}} place  A number, or a time.
   */
  readAround(feed, place) {
    return this.#reading.around(feed, place);
  }

  /** Shows the newest messages again. @param {Feed} feed */
  toNewest(feed) {
    this.#reading.toNewest(feed);
  }

  /** Reads a message that another one quotes. @param {Feed} feed @param {{id: number, seq: number}} quoted */
  readQuoted(feed, quoted) {
    this.#reading.quoted(feed, quoted);
  }

  /** Moves the read mark. @param {Feed} feed @param {number} seq */
  markRead(feed, seq) {
    this.#marks.markRead(feed, seq);
  }

  /** Moves the read mark back, so that this message and all after it are unread. @param {Feed} feed @param {number} seq */
  markUnread(feed, seq) {
    return this.#marks.markUnread(feed, seq);
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
    quietly(this.socket.request("typing", { room: feed.slug, thread: feed.thread }));
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
