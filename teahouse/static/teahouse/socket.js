/**
 * One session with the server, for ever: it connects, says hello, notices a dead line and comes back. By which way the
 * lines go is `lines.js`'s business, what is said in the session `clients.js`'s.
 */

import { comeback } from "./backoff.js";
import { Lines } from "./lines.js";
import { Disconnected, Refused } from "./refused.js";

export { Disconnected, problemOf, quietly, Refused } from "./refused.js";

/** @import { Line } from "./lines.js" */
/** @import { Hello, Phase, Problem } from "./types.js" */

const NO_ANSWER = 5_000; // to a ping
const NO_HELLO = 10_000; // to the opening of the socket and the hello
const SETTLED = 10_000; // a session that lasted so long was a good one
const LOST = 1006;

/**
 * @typedef {object} Handlers
 * @property {() => Record<string, unknown>} [hello]  Fields for the hello: a name, a token, or none with a cookie.
 * @property {(hello: Hello) => void} onSession  Each time a session begins.
 * @property {(frame: any) => void} onFrame  Events and signals.
 * @property {() => void} onChange  `phase` or what goes with it has changed.
 */

export class Socket {
  /** @type {Phase} */
  phase = "idle";
  /** Whether the server ever took anybody in here. */
  met = false;
  /** The last close code, and the error said before it. */
  code = 0;
  /** @type {Problem | null} */
  problem = null;
  /** When it will try again: ms since the epoch, or 0. */
  nextTry = 0;

  #failures = 0;
  #begun = 0;
  #ping = 25_000;
  #heard = 0;
  #lastId = 0;
  /** @type {Map<number, {line: Line, resolve: (ok: any) => void, reject: (error: Error) => void}>} */
  #waiting = new Map();
  /** What is asked while it connects waits until that has come to an end. @type {(() => void)[]} */
  #held = [];
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #probing = false;
  #lines;

  /**
   * @param {string} url
   * @param {Handlers} handlers
   */
  constructor(url, handlers) {
    this.handlers = handlers;
    this.#lines = new Lines(url, {
      greet: (line) => this.#ask(line, "hello", { v: 1, ...this.handlers.hello?.() }),
      received: (data) => this.#received(data),
      began: (hello) => this.#began(hello),
      gone: (line, code) => this.#forget(line, code),
      refused: (problem) => (this.problem = problem),
      lost: (code, reason) => this.#drop(code, reason),
    });
  }

  get connected() {
    return this.phase === "open";
  }

  /** Whether the session goes on by HTTP. */
  get byHttp() {
    return this.#lines.byHttp;
  }

  /** Connects now, whatever it was waiting for. */
  connect() {
    if (this.phase === "connecting" || this.phase === "open") return;
    clearTimeout(this.#timer);
    this.#enter("connecting");
    this.#timer = setTimeout(() => this.#drop(LOST, ""), NO_HELLO);
    this.#lines.open();
  }

  /** Ends the session and does not come back before `connect`. */
  close() {
    this.#lines.close(1000);
    clearTimeout(this.#timer);
    this.#enter("idle");
  }

  /** Ends it as if the server had closed with this code. @param {number} code */
  giveUp(code) {
    this.#drop(code, "");
  }

  /** Something happened to the network or the page was looked at again: see at once whether the line holds. */
  nudge() {
    if (this.phase === "waiting") this.connect();
    else if (this.phase === "open") this.#probe();
    this.#lines.tryAgain();
  }

  /**
   * While it connects it waits for the session: on a slow line a page can be used before that has begun.
   * @param {string} command
   * @param {Record<string, unknown>} [fields]
   * @returns {Promise<any>} What is under `ok`; rejects with Refused or Disconnected.
   */
  async request(command, fields = {}) {
    if (this.phase === "connecting") await new Promise((/** @type {(nothing?: any) => void} */ go) => this.#held.push(go));
    return this.#ask(this.#lines.line, command, fields);
  }

  /** @param {Line | null} line @param {string} command @param {Record<string, unknown>} fields @returns {Promise<any>} */
  #ask(line, command, fields) {
    if (!line || line.readyState !== WebSocket.OPEN) return Promise.reject(new Disconnected(command));
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { line, resolve, reject });
      line.send(JSON.stringify({ id, do: command, ...fields }));
    });
  }

  /** @param {Hello} hello */
  #began(hello) {
    this.#ping = hello.ping * 1000;
    this.#begun = Date.now();
    this.#probing = false;
    this.problem = null;
    this.met = true;
    clearTimeout(this.#timer);
    this.#enter("open");
    this.#watch();
    this.handlers.onSession(hello);
  }

  /** @param {string} data */
  #received(data) {
    this.#heard = Date.now();
    const frame = JSON.parse(data);
    if (frame.re === undefined || frame.re === null) {
      if (frame.error) this.problem = frame.error;
      else this.handlers.onFrame(frame);
      return;
    }
    const waiting = this.#waiting.get(frame.re);
    this.#waiting.delete(frame.re);
    if (frame.error) waiting?.reject(new Refused(frame.error));
    else waiting?.resolve(frame.ok);
  }

  /** A browser cannot see WebSocket pings: after `ping` seconds of silence it asks itself. */
  #watch() {
    clearTimeout(this.#timer);
    const silent = Date.now() - this.#heard;
    if (silent >= this.#ping) this.#probe();
    else this.#timer = setTimeout(() => this.#watch(), this.#ping - silent);
  }

  #probe() {
    if (this.#probing) return;
    this.#probing = true;
    const asked = Date.now();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#probing = false;
      // Anything heard since may be an answer, if the server has much to say before the pong, or have been on its way.
      if (this.#heard >= asked) this.#probe();
      else this.#drop(LOST, "");
    }, NO_ANSWER);
    this.request("ping").then(
      () => {
        this.#probing = false;
        this.#watch();
      },
      () => {}, // The drop has been dealt with where it happened.
    );
  }

  /**
   * The line is gone, or given up.
   * @param {number} code
   * @param {string} reason
   */
  #drop(code, reason) {
    this.#lines.close(code);
    this.#probing = false;
    this.code = code;
    // A server that takes everyone in and falls over at once must not be hammered.
    if (this.#begun && Date.now() - this.#begun > SETTLED) this.#failures = 0;
    this.#begun = 0;
    const seconds = comeback(code, reason, this.#failures);
    clearTimeout(this.#timer);
    if (seconds === null) {
      this.#enter("stopped");
      return;
    }
    this.#failures += 1;
    this.nextTry = Date.now() + seconds * 1000;
    this.#timer = setTimeout(() => this.connect(), seconds * 1000);
    this.#enter("waiting");
  }

  /** Nothing comes from this line any more. @param {Line} line @param {number} code */
  #forget(line, code) {
    for (const [id, waiting] of this.#waiting) {
      if (waiting.line !== line) continue;
      this.#waiting.delete(id);
      waiting.reject(new Disconnected(String(code)));
    }
  }

  /** @param {Phase} phase */
  #enter(phase) {
    this.phase = phase;
    if (phase !== "waiting") this.nextTry = 0;
    if (phase !== "connecting") for (const go of this.#held.splice(0)) go();
    this.handlers.onChange();
  }
}
