/**
 * The chat for scripts: `connect`, which client.js hands on (docs/clients.md). It speaks through the same Client as the
 * elements do, and shares theirs where a page has both.
 */

import { Client, clientFor } from "./clients.js";
import { ChatThread } from "./connected-thread.js";
import { Refused } from "./refused.js";

/** @import { Feed } from "./feed.js" */
/** @import { ListedThread, Message, Quoted, RoomEvent, RoomState, Who } from "./types.js" */

/** So many events of a room wait for a loop; over that the room is put aside until some were read. */
const WAITING = 1_000;

const NO_SUCH_ADDRESS = 4004;

/** The session has ended for good; `code` is the close code, 1000 where `close` was called. */
export class Closed extends Error {
  /** @param {number} code */
  constructor(code) {
    super(code === NO_SUCH_ADDRESS ? "There is no chat at this address (4004)." : `The session was closed with ${code}.`);
    this.code = code;
  }
}

/** The first session did not begin in time: there is no chat there, or no way to it. */
export class Unreachable extends Error {
  /** @param {string} address @param {number} timeout */
  constructor(address, timeout) {
    super(`No answer from ${address} within ${timeout} s.`);
  }
}

/**
 * Begins a session, and comes back by itself whenever it is lost.
 * @param {object} options
 * @param {string | URL} options.url  Of the chat's page, or of its `ws/`.
 * @param {string} [options.token]  Of a person or bot, or the ticket of a guest.
 * @param {string} [options.name]  Of a new guest. With neither, the browser's cookies say who speaks.
 * @param {number} [options.timeout]  Seconds that the first session may take to begin; Infinity: as long as it takes.
 * @returns {Promise<Chat>} Rejects with Refused or Closed where one is not let in, with Unreachable where nobody answers.
 */
export async function connect({ url, token, name, timeout = 15 }) {
  const address = endpoint(url);
  // A secret that is not set: it would come as a guest of whom nobody knows.
  if (token !== undefined && !token.trim()) throw new TypeError("The token is empty: give one, or none at all to come as a guest.");
  const credential = token ? { token } : name ? { name } : undefined;
  const chat = new Chat(credential ? new Client(address, credential) : clientFor(address));
  const late = timeout < Infinity ? setTimeout(() => chat.close(new Unreachable(address, timeout)), timeout * 1_000) : undefined;
  try {
    await chat.begun();
  } finally {
    clearTimeout(late);
  }
  return chat;
}

/** @param {string | URL} url */
function endpoint(url) {
  const where = new URL(url, globalThis.document?.baseURI);
  where.protocol = where.protocol.replace("http", "ws");
  if (!["ws:", "wss:"].includes(where.protocol)) throw new TypeError(`A chat is at an address of http, https, ws or wss, not ${where.protocol}`);
  where.pathname = where.pathname.replace(/(rooms\/.*|ws\/?)?$/, "").replace(/\/?$/, "/ws/");
  where.search = where.hash = "";
  return where.href;
}

/** Somebody in a chat. The event `change` says that something is another than before. */
export class Chat extends EventTarget {
  #client;
  /** @type {Map<string, ChatRoom>} */
  #rooms = new Map();
  /** Who wait for something; asked again with each change. @type {Set<() => void>} */
  #waiting = new Set();
  /** @type {Map<string, {resolve: (stored: {message?: number, seq: number}) => void, reject: (error: Error) => void}>} */
  #sent = new Map();
  /** @type {Error | null} */
  #closed = null;
  #changed = () => this.#change();

  /** @param {Client} client */
  constructor(client) {
    super();
    this.#client = client;
    client.addEventListener("change", this.#changed);
    const before = client.outgoing.settled;
    client.outgoing.settled = (key, outcome) => {
      before(key, outcome);
      const sent = this.#sent.get(key);
      this.#sent.delete(key);
      if (outcome instanceof Refused) sent?.reject(outcome);
      else sent?.resolve(outcome);
    };
    client.listRooms();
    client.socket.connect();
  }

  /** Who one is. @returns {Who} */
  get you() {
    return /** @type {Who} */ (this.#client.you);
  }

  /** Whether there is a session at this moment. */
  get connected() {
    return this.#client.socket.connected;
  }

  /** Why it has ended for good, or null. @returns {Error | null} */
  get ended() {
    if (this.#closed) return this.#closed;
    const { phase, code, problem } = this.#client.socket;
    if (phase !== "stopped") return null;
    return problem ? new Refused(problem) : new Closed(code);
  }

  /** Of a guest who came with a name: the `token` with which the same one comes back. @returns {string | undefined} */
  get ticket() {
    return this.you.kind === "guest" ? this.#client.credential.token : undefined;
  }

  /** The rooms that one belongs to and those that were opened here, with what is unread in them, whatever other devices do. */
  get rooms() {
    return this.#client.rooms.all();
  }

  /** Waits for a session. */
  begun() {
    return this.until(() => this.connected && this.#client.you !== null);
  }

  /**
   * Follows a room.
   * @param {string} name
   * @param {{make?: boolean}} [options]  `make`: make an open room where there is none.
   * @returns {Promise<ChatRoom>} Its last messages are there; rejects with Refused where one may not read it.
   */
  async room(name, { make = false } = {}) {
    if (make && !this.#rooms.has(name)) await this.command("subscribe", { room: name, make });
    let room = this.#rooms.get(name);
    if (!room) {
      room = new ChatRoom(this, this.#client, this.#client.watch(name));
      this.#rooms.set(name, room);
    }
    await room.live();
    return room;
  }

  /**
   * A page of the threads that one takes part in, those in which something was said last first.
   * @param {{before?: number, limit?: number}} [page]
   */
  async threads(page) {
    /** @type {{threads: ListedThread[], more: boolean, unread: number}} */
    const listed = await this.command("threads", page);
    return listed;
  }

  /**
   * Any command of the protocol. Rejects with Refused, or with Disconnected where the connection was lost before the
   * answer: then it is not known whether it was carried out.
   * @param {string} name @param {Record<string, unknown>} [fields]
   * @returns {Promise<any>} What is under `ok`.
   */
  command(name, fields) {
    return this.#client.command(name, fields);
  }

  /** Ends the session, unless elements of the page go on with it. Loops over events end. @param {Error} [why] */
  close(why = new Closed(1000)) {
    if (this.#closed) return;
    this.#closed = why;
    for (const room of this.#rooms.values()) this.#client.unwatch(room.feed);
    this.#client.removeEventListener("change", this.#changed);
    if (!this.#client.feeds.size) this.#client.socket.close();
    this.#change();
  }

  /** @param {ChatRoom} room */
  forget(room) {
    if (this.#rooms.delete(room.name)) this.#client.unwatch(room.feed);
    this.#change();
  }

  /** @param {string} key @returns {Promise<{message?: number, seq: number}>} When it is stored. */
  stored(key) {
    return new Promise((resolve, reject) => this.#sent.set(key, { resolve, reject }));
  }

  /** Waits until something is so; rejects where all is over before. @param {() => boolean} so @returns {Promise<void>} */
  until(so) {
    return new Promise((resolve, reject) => {
      const look = () => {
        try {
          const ended = so() ? null : this.ended;
          if (ended) throw ended;
          if (!so()) return;
          resolve();
        } catch (error) {
          reject(error);
        }
        this.#waiting.delete(look);
      };
      this.#waiting.add(look);
      look();
    });
  }

  /** Something is another than before that the client does not tell. */
  look() {
    this.#change();
  }

  #change() {
    for (const look of [...this.#waiting]) look();
    const { ended } = this;
    if (ended) for (const { reject } of this.#sent.values()) reject(ended);
    if (ended) this.#sent.clear();
    this.dispatchEvent(new Event("change"));
  }
}

/**
 * Somebody who loops over events: those that wait, which of them are wanted, and whether it is over.
 * @typedef {{events: RoomEvent[], wants: (event: RoomEvent) => boolean, over: () => boolean}} Loop
 */

/** A room that a chat follows. */
export class ChatRoom {
  #chat;
  #client;
  /** @type {Set<Loop>} */
  #loops = new Set();
  /** By their roots. @type {Map<number, ChatThread>} */
  #threads = new Map();
  #left = false;

  /** @param {Chat} chat @param {Client} client @param {Feed} feed */
  constructor(chat, client, feed) {
    this.#chat = chat;
    this.#client = client;
    this.feed = feed;
    const before = feed.hear;
    feed.hear = (event) => {
      before?.(event);
      this.#heard(event);
    };
  }

  get name() {
    return this.feed.slug;
  }

  /** Title, topic and so on. @returns {RoomState | null} */
  get state() {
    return this.feed.store.room;
  }

  /** What one may do here. @returns {string[]} */
  get may() {
    return this.feed.may ?? [];
  }

  /** Who is here: `count`, and up to 100 `people`. */
  get here() {
    return this.feed.store.here;
  }

  /** Those that are held, as they are now, oldest first. @returns {Message[]} */
  get messages() {
    return this.feed.store.pages.flatMap((page) => page.messages);
  }

  /** Waits until each event counts. */
  live() {
    return this.#chat.until(() => {
      if (this.feed.state === "refused" && this.feed.problem) throw new Refused(this.feed.problem);
      return this.feed.state === "live" || this.feed.aside;
    });
  }

  /**
   * Each event from now on, once, in order, whatever is lost in between. An event `reset` says that the room has another
   * history: `messages` are those of it. Ends when the room or the chat is left; throws Refused where one may read the
   * room no more, Closed where the session has ended.
   * @returns {AsyncGenerator<RoomEvent, void, void>}
   */
  events() {
    return this.loop(() => true, () => false);
  }

  /** @param {Loop["wants"]} wants @param {Loop["over"]} over */
  loop(wants, over) {
    // From now on, not from the first turn of a loop on.
    /** @type {Loop} */
    const loop = { events: [], wants, over };
    this.#loops.add(loop);
    return this.#each(loop);
  }

  /** @param {Loop} loop @returns {AsyncGenerator<RoomEvent, void, void>} */
  async *#each(loop) {
    try {
      for (;;) {
        const event = loop.events.shift();
        if (event) yield event;
        else if (this.#left || loop.over()) return;
        else {
          if (this.feed.aside) this.#client.setAside(this.feed, false);
          try {
            await this.#chat.until(() => loop.events.length > 0 || this.#over() || loop.over());
          } catch (error) {
            if (error instanceof Closed && error.code === 1000) return;
            throw error;
          }
        }
      }
    } finally {
      this.#loops.delete(loop);
    }
  }

  /** Says something. Resolves when it is stored; rejects with Refused. @param {string} text @param {{reply?: Quoted}} [options] */
  async send(text, { reply } = {}) {
    if (this.#chat.ended) throw this.#chat.ended;
    return this.#chat.stored(this.#client.outgoing.send(this.feed, text, reply));
  }

  /** @param {number} message @param {string} text */
  edit(message, text) {
    return this.#client.edit(this.feed, message, text);
  }

  /** @param {number} message */
  delete(message) {
    return this.#client.delete(this.feed, message);
  }

  /** @param {number} message @param {string} emoji @param {boolean} [on] */
  react(message, emoji, on = true) {
    return this.#client.react(this.feed, message, emoji, on);
  }

  /** Messages before those that are held. Answers whether any came. @returns {Promise<boolean>} */
  older() {
    return this.#client.readOlder(this.feed);
  }

  /** Moves the read mark. @param {number} seq */
  read(seq) {
    this.#client.markRead(this.feed, seq);
  }

  /** Tells the others that one is typing. */
  typing() {
    this.#client.typing(this.feed);
  }

  /**
   * The thread of a message, by its id; it is begun by saying something there.
   * @param {number} root
   * @returns {Promise<ChatThread>} Its last messages are there; rejects with Refused where there is no such message.
   */
  async thread(root) {
    await this.live();
    // The page reads a thread quietly: here it is told why it cannot.
    if (!this.#threads.has(root)) await this.#chat.command("history", { room: this.name, thread: root, limit: 1 });
    let thread = this.#threads.get(root);
    if (!thread) {
      thread = new ChatThread(this, this.#chat, this.#client, root, () => this.#threads.delete(root));
      this.#threads.set(root, thread);
    }
    await thread.begun();
    return thread;
  }

  /** Hears of it no more; membership stays. */
  leave() {
    this.#left = true;
    for (const thread of this.#threads.values()) thread.leave();
    this.#chat.forget(this);
  }

  #over() {
    if (this.feed.state === "refused" && this.feed.problem) throw new Refused(this.feed.problem);
    return this.#left;
  }

  /** @param {RoomEvent} event */
  #heard(event) {
    for (const loop of this.#loops) if (loop.wants(event)) loop.events.push(event);
    // What nobody reads is not heaped up: it is missed, and read from there later.
    if (this.feed.users === 1 && [...this.#loops].some((loop) => loop.events.length >= WAITING)) this.#client.setAside(this.feed, true);
  }
}
