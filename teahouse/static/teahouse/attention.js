/**
 * What needs the person, and when they may be disturbed: settings as all devices have them, how much was not seen, and
 * whether a message may be shown outside the page. Pure: tested without a browser.
 */

/** @import { Hello, OwnEvent, OwnSettings } from "./types.js" */

/** Events of the own stream that need the person. */
const CALLING = new Set(["mention", "reply", "reaction"]);
const ENOUGH = 100; // as the server counts

export class Attention {
  /** @type {OwnSettings} */
  settings = { quiet: null, language: null, seen: 0 };
  /** How much was not seen, at most 100. */
  unseen = 0;
  /** In how many of one's threads there is something unread. */
  threads = 0;
  /** The roots of those, as far as they are known. @type {Set<number>} */
  unreadThreads = new Set();
  /** Grows whenever that was told. */
  toldThreads = 0;
  /** Number of the last event of the own stream that needs the person. */
  last = 0;

  /** @param {Hello} hello */
  hello({ settings, unseen = 0, threads = 0 }) {
    this.threadsUnread(threads);
    if (settings) this.settings = settings;
    this.unseen = unseen;
  }

  /** The signal `threads`. @param {number} unread */
  threadsUnread(unread) {
    this.threads = unread;
    this.toldThreads += 1;
    if (!unread) this.unreadThreads = new Set();
  }

  /** Nothing is unread any more in the thread of this message. @param {number} root */
  readThread(root) {
    if (!this.unreadThreads.has(root)) return;
    this.unreadThreads = new Set([...this.unreadThreads].filter((one) => one !== root));
  }

  /** @param {OwnEvent} event @param {boolean} live  Otherwise the hello has told it. */
  heard({ event, seq, settings }, live) {
    if (CALLING.has(event)) {
      this.last = Math.max(this.last, seq);
      if (live && seq > this.settings.seen) this.unseen = Math.min(ENOUGH, this.unseen + 1);
    }
    if (event === "settings" && settings && live) {
      if (settings.seen > this.settings.seen && settings.seen >= this.last) this.unseen = 0;
      this.settings = settings;
    }
  }

  /** Whether these are hours in which not to be disturbed. @param {Date} [now] */
  isQuiet(now = new Date()) {
    const { quiet } = this.settings;
    if (!quiet) return false;
    const time = clock(now, quiet.zone);
    return quiet.from < quiet.to ? time >= quiet.from && time < quiet.to : time >= quiet.from || time < quiet.to;
  }
}

/**
 * Whether something is shown of a room with this level.
 * @param {string} level @param {boolean} called  It names the person or replies to them.
 */
export function tells(level, called) {
  return level === "all" || (level === "mentions" && called);
}

/** @param {string} level @param {string} kind  Of the room. */
export function levelOf(level, kind) {
  return level || (kind === "direct" ? "all" : "mentions");
}

/** Hours and minutes there, such as 22:05. @param {Date} now @param {string} zone */
function clock(now, zone) {
  const form = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  try {
    return now.toLocaleTimeString("en-GB", { .../** @type {any} */ (form), timeZone: zone });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return now.toLocaleTimeString("en-GB", /** @type {any} */ (form)); // This browser does not know that zone.
  }
}
