/**
 * A line to the server without a WebSocket, with the shape of one: the same frames in requests and answers
 * (docs/protocol.md, "Over HTTP"). What socket.js does with a WebSocket it does with this.
 */

import { page } from "./around.js";
import { Polled } from "./polled.js";

/** @import { Followed } from "./polled.js" */

const WAIT = 20; // s that the server may keep a question
/** An answer that takes longer than it may, by so much, does not come. */
const SLACK = 15_000;
const PAUSE = 300; // ms between two questions, at least
/** A page that nobody looks at asks from time to time: browsers open six connections to a server, for all windows. */
const HIDDEN_PAUSE = 10_000;
/** After all others something else may be told: who has read in a room is told from then on what is unread there. */
const CHANGES_NOTHING = new Set(["history", "edits", "rooms", "members", "people", "activity"]);
const LASTING = 60_000; // characters of a request that may outlive its page
const LOST = 1006;

/** @typedef {{frames: any[], end: {pause: number, known?: string, code?: undefined} | {code: number, reason: string}}} Answer */

export class ByHttp {
  /** @type {number} */
  readyState = WebSocket.CONNECTING;
  /** @type {(() => void) | null} */
  onopen = null;
  /** @type {((message: {data: string}) => void) | null} */
  onmessage = null;
  /** @type {((close: {code: number, reason: string}) => void) | null} */
  onclose = null;

  #polled = new Polled();
  /** Commands that go with the next request. @type {any[]} */
  #queue = [];
  #sending = false;
  /** Only what was asked is still answered. */
  #retired = false;
  #person = 0;
  /** Of who does not speak by a cookie. */
  #token = "";
  /** What the last answer said of other rooms, in short. */
  #known = "";
  #ended = new AbortController();
  #question = new AbortController();
  /** Ends a pause. @type {(() => void) | null} */
  #wake = null;

  /** @param {string} url  Of the WebSocket in whose place it is. */
  constructor(url) {
    const where = new URL(url, globalThis.location?.href);
    where.protocol = where.protocol.replace("ws", "http");
    where.pathname = where.pathname.replace(/ws\/?$/, "frames/");
    this.url = where.href;
    page.addEventListener("visibilitychange", () => this.#ask(), { signal: this.#ended.signal });
    queueMicrotask(() => {
      if (this.readyState !== WebSocket.CONNECTING) return;
      this.readyState = WebSocket.OPEN;
      this.onopen?.();
    });
  }

  /** @param {string} text  A frame. */
  send(text) {
    const command = JSON.parse(text);
    if (command.do === "unsubscribe") {
      this.#polled.leave(command.room);
      this.#tell({ re: command.id, ok: {} });
      return;
    }
    // From here on events of the room are those behind the answer.
    if (command.do === "subscribe") this.#polled.leave(command.room);
    // Whether the line holds is not to be answered behind what is slow to be stored.
    if (command.do === "ping") {
      this.#ping(command);
      return;
    }
    // Nothing is remembered from one request to the next: who types says again where they are.
    if (command.do === "typing") this.#queue.push({ id: `${command.id}`, do: "subscribe", room: command.room });
    this.#queue.push(command);
    this.#send();
  }

  /** Nothing more is asked for; what was asked is still answered. */
  retire() {
    this.#retired = true;
    this.#question.abort();
    this.#wake?.();
    if (!this.#sending) this.close();
  }

  close() {
    this.readyState = WebSocket.CLOSED;
    this.#ended.abort();
    this.#question.abort();
    this.#wake?.();
  }

  /** @param {any} command */
  async #ping(command) {
    const answer = await this.#request([command], 0, this.#ended.signal);
    for (const frame of answer?.frames ?? []) this.#tell(frame);
  }

  /** Commands go out in their order: one request after the other, each with all that has been said meanwhile. */
  async #send() {
    if (this.#sending) return;
    this.#sending = true;
    while (this.#queue.length && this.readyState === WebSocket.OPEN) {
      const commands = this.#queue.splice(0);
      const answer = await this.#request(commands, 0, this.#ended.signal);
      for (const frame of answer?.frames ?? []) this.#answered(frame, commands);
      if (answer?.end.code !== undefined) this.#lose(answer.end.code, answer.end.reason);
      else if (!commands.every((command) => CHANGES_NOTHING.has(command.do))) this.#ask();
    }
    this.#sending = false;
    if (this.#retired) this.close();
  }

  /** @param {any} frame @param {any[]} commands */
  #answered(frame, commands) {
    const command = commands.find((one) => one.id === frame.re);
    if (frame.ok && command?.do === "hello") {
      this.#person = frame.ok.you.id;
      if (command.token || command.name) this.#token = frame.ok.ticket ?? command.token;
      this.#polled.begin(frame.ok);
      queueMicrotask(() => this.#poll());
    }
    if (frame.ok && command?.do === "subscribe" && typeof command.id === "number") this.#polled.follow(command.room, frame.ok);
    this.#tell(frame);
  }

  /** Asks for what is new, again and again. */
  async #poll() {
    while (this.readyState === WebSocket.OPEN && !this.#retired) {
      this.#question = new AbortController();
      const { commands, asked } = this.#polled.ask();
      const answer = await this.#request(commands, page.hidden ? 0 : WAIT, this.#question.signal);
      if (answer) await this.#take(answer, asked);
    }
  }

  /** @param {Answer} answer @param {Map<string, Followed>} asked */
  async #take({ frames, end }, asked) {
    const { told, more, reset } = this.#polled.take(frames, asked);
    for (const frame of told) this.#tell(frame);
    if (end.code !== undefined) {
      this.#lose(end.code, end.reason);
      return;
    }
    this.#known = end.known ?? "";
    // As the server closes a socket whose room has another history: all of it is begun anew.
    if (reset) this.#lose(4200, "0");
    else if (!more) await this.#pause(Math.max(end.pause * 1000, page.hidden ? HIDDEN_PAUSE : PAUSE));
  }

  /** Something else is to be asked than what is being asked now. */
  #ask() {
    this.#question.abort();
    this.#wake?.();
  }

  /** @param {number} ms @returns {Promise<void>} */
  #pause(ms) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /**
   * @param {any[]} commands
   * @param {number} wait  Seconds.
   * @param {AbortSignal} signal
   * @returns {Promise<Answer | null>} Null where it is not wanted any more, or the line is lost.
   */
  async #request(commands, wait, signal) {
    const query = new URLSearchParams({
      ...(wait && { wait: `${wait}`, known: this.#known }),
      ...(this.#person && { as: `${this.#person}` }),
    });
    const body = commands.map((command) => JSON.stringify(command)).join("\n");
    const stop = new AbortController();
    const end = () => stop.abort();
    signal.addEventListener("abort", end);
    const timer = setTimeout(end, wait * 1000 + SLACK);
    try {
      const response = await fetch(`${this.url}?${query}`, {
        method: "POST",
        headers: { "Content-Type": "application/x-ndjson", ...(this.#token && { Authorization: `Bearer ${this.#token}` }) },
        body,
        signal: stop.signal,
        // What is marked as read when a page is left.
        keepalive: page.hidden && body.length < LASTING,
      });
      return answerIn(await response.text());
    } catch {
      // Stopped by us, or lost on the way; why, a page is not told.
      if (!signal.aborted) this.#lose(LOST, "");
      return null;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
    }
  }

  /** @param {any} frame */
  #tell(frame) {
    if (this.readyState === WebSocket.OPEN) this.onmessage?.({ data: JSON.stringify(frame) });
  }

  /** @param {number} code @param {string} reason */
  #lose(code, reason) {
    if (this.readyState === WebSocket.CLOSED) return;
    this.close();
    this.onclose?.({ code, reason });
  }
}

/** @param {string} text @returns {Answer} */
function answerIn(text) {
  const frames = text.split("\n").filter(Boolean).map((line) => JSON.parse(line));
  const { end } = frames.pop() ?? {};
  if (!end) throw new Error("It was cut off, or somebody on the way has answered.");
  return { frames, end };
}
