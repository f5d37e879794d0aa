/**
 * Messages shown outside the page: asked for by the person, by each room's level and the quiet hours, once for all tabs of
 * this browser, and none of a room that one of them looks at. Tabs agree by locks, which end with their tab.
 */

import { levelOf, tells } from "./attention.js";
import { titleOf } from "./rooms-store.js";
import { Disconnected, Refused } from "./socket.js";

/** @import { Client } from "./clients.js" */
/** @import { Message } from "./types.js" */

const CHOICE = "teahouse:notifications";
const LONG = 200; // characters of a message
const REMEMBERED = 60_000; // ms in which another tab may come with the same message

/** Whether this browser can show any, and whether it does. @returns {"on" | "off" | "denied" | "none"} */
export function notifying() {
  if (!("Notification" in window) || !navigator.locks) return "none";
  if (Notification.permission === "denied") return "denied";
  return Notification.permission === "granted" && localStorage.getItem(CHOICE) === "on" ? "on" : "off";
}

/** The person has pressed the button for it. @param {boolean} on */
export async function notify(on) {
  if (on && (await Notification.requestPermission()) !== "granted") return;
  localStorage.setItem(CHOICE, on ? "on" : "off");
}

export class Notifier {
  /** The room whose lock this tab holds. */
  #looking = "";
  /** @type {() => void} */
  #stop = () => {};
  /** The last message that was thought of, by room. @type {Map<string, number>} */
  #thought = new Map();

  /** @param {Client} client @param {(room: string, seq: number) => void} go  Opens a message. */
  constructor(client, go) {
    this.client = client;
    this.go = go;
  }

  /** This tab looks at a room from now on, or at none. @param {string} room */
  look(room) {
    if (room === this.#looking || notifying() === "none") return;
    this.#stop();
    this.#looking = room;
    if (!room) return;
    const name = this.#name("looks", room);
    const until = new Promise((resolve) => (this.#stop = () => resolve(undefined)));
    navigator.locks.request(name, { mode: "shared" }, () => until);
  }

  /** Something that calls the person. @param {string} room @param {number} seq */
  called(room, seq) {
    this.#think(room, seq, true, { around: seq, limit: 1 });
  }

  /** Something was said in a room. @param {string} room @param {number} seq  Of its last event. @param {number} [thread]  Where it was said in one. */
  said(room, seq, thread) {
    this.#think(room, seq, false, { limit: 1, ...(thread && { thread }) });
  }

  /** @param {string} room @param {number} seq @param {boolean} called @param {Record<string, number>} which */
  async #think(room, seq, called, which) {
    const { rooms, attention } = this.client;
    const listed = rooms.get(room);
    if (notifying() !== "on" || attention.isQuiet() || !tells(levelOf(listed?.level ?? "", listed?.kind ?? ""), called)) return;
    if (!called && seq <= (this.#thought.get(room) ?? 0)) return;
    this.#thought.set(room, seq);
    try {
      const held = (await navigator.locks.query()).held ?? [];
      if (held.some((one) => one.name === this.#name("looks", room))) return;
      const messages = await this.#read(room, which);
      const message = /** @type {Message | undefined} */ (messages.at(-1));
      // Deleted meanwhile, or an own one, or read on another device.
      if (!message?.text || message.by.id === this.client.you?.id || message.seq <= (rooms.get(room)?.read ?? 0)) return;
      this.#once(room, message);
    } catch (error) {
      if (!(error instanceof Refused || error instanceof Disconnected)) throw error;
    }
  }

  /** The message, also where its number turns out to be that of one in a thread. @param {string} room @param {Record<string, number>} which */
  async #read(room, which) {
    const { messages, root } = await this.client.command("history", { room, ...which });
    if (!root || which.thread) return messages;
    return (await this.client.command("history", { room, ...which, thread: root.id })).messages;
  }

  /** Of all tabs the first one shows it. @param {string} room @param {Message} message */
  #once(room, message) {
    navigator.locks.request(this.#name("shows", `${room} ${message.seq}`), { ifAvailable: true }, async (lock) => {
      if (!lock) return;
      this.#show(room, message);
      await new Promise((resolve) => setTimeout(resolve, REMEMBERED));
    });
  }

  /** @param {string} room @param {Message} message */
  #show(room, { seq, by, text = "" }) {
    const listed = this.client.rooms.get(room);
    const title = listed ? titleOf(listed, this.client.you?.id) : room;
    const shown = new Notification(listed?.kind === "direct" ? by.name : `${by.name} · ${title}`, {
      body: text.length > LONG ? `${text.slice(0, LONG)}…` : text,
      tag: this.#name(room, String(seq)),
    });
    shown.onclick = () => {
      window.focus();
      this.go(room, seq);
      shown.close();
    };
  }

  /** @param {string} what @param {string} which */
  #name(what, which) {
    return `teahouse ${what} ${this.client.url} ${this.client.you?.id} ${which}`;
  }
}
