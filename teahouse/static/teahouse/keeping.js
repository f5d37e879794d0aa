/**
 * What was seen, kept by the browser for when there is no connection: who one is, the rooms, the last messages of
 * those that were opened. In a database of the browser, which holds more than localStorage and is written beside
 * the page's own work. Where the browser has none, nothing is kept and nothing else is different.
 */

/** @import { Client, Feed } from "./clients.js" */
/** @import { Listed } from "./rooms-store.js" */
/** @import { History, RoomState, Who } from "./types.js" */

const MESSAGES = 50; // of a room
const PAUSE = 1_500; // ms between what happened and its being kept
const DATABASE = "teahouse";
const SHELF = "seen";

/** @typedef {{room: RoomState | null, history: History}} KeptRoom */
/** @typedef {{you: Who, rooms: Listed[]}} KeptPerson */

/** @type {Promise<IDBDatabase | null> | undefined} */
let opening;

/** @returns {Promise<IDBDatabase | null>} */
function database() {
  opening ??= new Promise((resolve) => {
    try {
      const request = indexedDB.open(DATABASE, 1);
      request.onupgradeneeded = () => request.result.createObjectStore(SHELF);
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => resolve(null); // Forbidden by the person's settings.
    } catch {
      resolve(null); // The same, in other browsers.
    }
  });
  return opening;
}

/**
 * @template T
 * @param {IDBTransactionMode} mode
 * @param {(shelf: IDBObjectStore) => IDBRequest<T>} act
 * @returns {Promise<T | undefined>}
 */
async function ask(mode, act) {
  const found = await database();
  if (!found) return undefined;
  return new Promise((resolve) => {
    const request = act(found.transaction(SHELF, mode).objectStore(SHELF));
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => resolve(undefined); // Full: it is a courtesy.
  });
}

/** Somebody else came: nothing of the one before stays in this browser. */
export function forgetSeen() {
  return ask("readwrite", (shelf) => shelf.clear());
}

/** Somebody leaves: the same, and nothing is kept any more, neither by this page on its way out nor by others of this browser. */
export function keepNothing() {
  left = true;
  others().postMessage("left");
  return forgetSeen();
}

let left = false;

/** Pages of this browser, this one apart. */
const others = () => new BroadcastChannel(DATABASE);

/** @param {string} url  Of the server. @returns {Promise<KeptPerson | undefined>} */
export function keptPerson(url) {
  return ask("readonly", (shelf) => shelf.get(`${url} person`));
}

/** Shows a room as it was last seen, unless it has been read meanwhile. @param {Client} client @param {Feed} feed */
export async function recall(client, feed) {
  /** @type {KeptRoom | undefined} */
  const kept = await ask("readonly", (shelf) => shelf.get(`${client.url} room ${feed.slug}`));
  if (!kept || feed.store.loaded || client.socket.connected) return;
  feed.store.room ??= kept.room;
  feed.store.merge(kept.history);
  feed.kept = true;
  client.identify(/** @type {Who} */ (client.you));
}

/** Keeps what one client has seen, from now on. */
export class Keeper {
  /** What was kept of each room: the version of its store. @type {Map<string, number>} */
  #versions = new Map();
  #listed = -1;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #soon;

  /** @param {Client} client */
  constructor(client) {
    this.client = client;
    client.addEventListener("change", () => (this.#soon ??= setTimeout(() => this.keep(), PAUSE)));
    addEventListener("pagehide", () => this.keep());
    others().onmessage = () => {
      left = true;
    };
  }

  /** Writes down what is another than it was. */
  keep() {
    clearTimeout(this.#soon);
    this.#soon = undefined;
    const { client } = this;
    const { you, rooms, url } = client;
    if (left || !you || !client.socket.connected) return;
    if (rooms.version !== this.#listed) {
      this.#listed = rooms.version;
      ask("readwrite", (shelf) => shelf.put({ you, rooms: rooms.all() }, `${url} person`));
      if (rooms.loaded) this.#forgetOthers();
    }
    for (const { slug, store, state } of client.feeds.values()) {
      if ((state !== "live" && state !== "aside") || !store.loaded || !store.position || this.#versions.get(slug) === store.version) continue;
      this.#versions.set(slug, store.version);
      const { messages: all, complete } = store.tail;
      const messages = all.slice(-MESSAGES);
      const more = { before: !complete || messages.length < all.length, after: false };
      const kept = { room: store.room, history: { messages, position: store.position, more } };
      ask("readwrite", (shelf) => shelf.put(kept, `${url} room ${slug}`));
    }
  }

  /** Of rooms that are not in the list any more nothing is kept: one may have been removed. */
  async #forgetOthers() {
    const prefix = `${this.client.url} room `;
    const keys = (await ask("readonly", (shelf) => shelf.getAllKeys())) ?? [];
    for (const key of keys.map(String)) {
      if (key.startsWith(prefix) && !this.client.rooms.get(key.slice(prefix.length))) ask("readwrite", (shelf) => shelf.delete(key));
    }
  }
}
