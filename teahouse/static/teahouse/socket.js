/**
 * One session with the server, for ever: it connects, says hello, notices a dead line and comes back.
 * What is said in the session is `client.js`'s business.
 */

import { comeback } from "./backoff.js";

/** @import { Hello, Phase, Problem } from "./types.js" */

const NO_ANSWER = 5_000; // to a ping
const NO_HELLO = 10_000; // to the opening of the socket and the hello
const SETTLED = 10_000; // a session that lasted so long was a good one
const LOST = 1006;

/** The server said no. */
export class Refused extends Error {
  /** @param {Problem} problem */
  constructor(problem) {
    super(problem.message);
    this.problem = problem;
  }
}

/** The line went before the answer came: whether the command was carried out is not known. */
export class Disconnected extends Error {}

/**
 * What a command's failure is for the person. Anything but a refusal or a lost line is a fault of the program.
 * @param {unknown} error
 * @returns {Problem}
 */
export function problemOf(error) {
  if (error instanceof Refused) return error.problem;
  if (error instanceof Disconnected) return { code: "offline", message: error.message, retry: true };
  throw error;
}

/** For what is a courtesy: refused or lost, nobody needs to hear of it. @param {Promise<unknown>} request */
export function quietly(request) {
  request.catch((error) => {
    if (!(error instanceof Refused || error instanceof Disconnected)) throw error;
  });
}

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
  /** @type {WebSocket | null} */
  #socket = null;
  /** @type {Map<number, {resolve: (ok: any) => void, reject: (error: Error) => void}>} */
  #waiting = new Map();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #probing = false;

  /**
   * @param {string} url
   * @param {Handlers} handlers
   */
  constructor(url, handlers) {
    this.url = url;
    this.handlers = handlers;
  }

  get connected() {
    return this.phase === "open";
  }

  /** Connects now, whatever it was waiting for. */
  connect() {
    if (this.phase === "connecting" || this.phase === "open") return;
    clearTimeout(this.#timer);
    this.#enter("connecting");
    const socket = new WebSocket(this.url);
    this.#socket = socket;
    this.#timer = setTimeout(() => this.#drop(LOST, ""), NO_HELLO);
    socket.onopen = () => this.#hello();
    socket.onmessage = (message) => this.#received(message.data);
    socket.onclose = (close) => this.#drop(close.code, close.reason);
  }

  /** Ends the session and does not come back before `connect`. */
  close() {
    this.#forget(1000);
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
  }

  /**
   * @param {string} command
   * @param {Record<string, unknown>} [fields]
   * @returns {Promise<any>} What is under `ok`; rejects with Refused or Disconnected.
   */
  request(command, fields = {}) {
    const socket = this.#socket;
    if (!socket || socket.readyState !== WebSocket.OPEN) return Promise.reject(new Disconnected(command));
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      socket.send(JSON.stringify({ id, do: command, ...fields }));
    });
  }

  async #hello() {
    try {
      const hello = await this.request("hello", { v: 1, ...this.handlers.hello?.() });
      this.#ping = hello.ping * 1000;
      this.#begun = Date.now();
      this.problem = null;
      clearTimeout(this.#timer);
      this.#enter("open");
      this.#watch();
      this.handlers.onSession(hello);
    } catch (error) {
      if (error instanceof Refused) this.#helloRefused(error.problem);
      else if (!(error instanceof Disconnected)) throw error;
    }
  }

  /**
   * The server closes after most refusals of a hello; where it leaves the socket open, nothing is gained
   * by staying.
   * @param {Problem} problem
   */
  #helloRefused(problem) {
    this.problem = problem;
    if (problem.retry) this.#drop(LOST, "");
    else this.#drop(4001, "");
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
      // Anything heard since is an answer: the server may have much to say before the pong.
      if (this.#heard >= asked) this.#watch();
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
   * The line is gone, or given up: closing a half-open socket properly would take the browser minutes.
   * @param {number} code
   * @param {string} reason
   */
  #drop(code, reason) {
    this.#forget(code);
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

  /** @param {number} code */
  #forget(code) {
    const socket = this.#socket;
    this.#socket = null;
    this.#probing = false;
    if (socket) {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
    }
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(new Disconnected(String(code)));
  }

  /** @param {Phase} phase */
  #enter(phase) {
    this.phase = phase;
    if (phase !== "waiting") this.nextTry = 0;
    this.handlers.onChange();
  }
}
