/**
 * By which way a page reaches the server: by a WebSocket, or where none gets through by HTTP, until a socket does again.
 * What goes over a line, and when to come back after one was lost, is socket.js's business.
 */

import { pauseOfTrial } from "./backoff.js";
import { ByHttp } from "./by-http.js";
import { Disconnected, Refused } from "./refused.js";

/** @import { Hello, Problem } from "./types.js" */

const NO_HELLO = 10_000; // to the opening of a socket and the hello
/** A socket that has not opened by then is perhaps swallowed on its way: HTTP is tried beside it. */
const SWALLOWED = 3_000;
/** Where sockets have worked before it is rather a server that has much to do. */
const BUSY = 8_000;
const LOST = 1006;

/** @typedef {WebSocket | ByHttp} Line */

/**
 * @typedef {object} LineHandlers
 * @property {(line: Line) => Promise<Hello>} greet  Says hello on a line that has opened.
 * @property {(data: string) => void} received
 * @property {(hello: Hello) => void} began  A session has begun on `line`, in place of the one before if there was one.
 * @property {(line: Line, code: number) => void} gone  Nothing comes from this line any more.
 * @property {(problem: Problem) => void} refused  Why a hello was refused.
 * @property {(code: number, reason: string) => void} lost  There is no line, and none is being tried.
 */

export class Lines {
  /** That of the session. @type {Line | null} */
  line = null;

  /** Those on which no session has begun yet. @type {Set<Line>} */
  #tried = new Set();
  /** Sockets in a row that got nowhere, and whether one ever has got somewhere. */
  #failed = 0;
  #worked = false;
  /** When a socket was last tried. */
  #triedAt = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {string} url  Of the WebSocket. @param {LineHandlers} handlers */
  constructor(url, handlers) {
    this.url = url;
    this.handlers = handlers;
  }

  get byHttp() {
    return this.line instanceof ByHttp;
  }

  /** Tries whatever may lead to a session. */
  open() {
    this.#try(new WebSocket(this.url));
    if (this.#failed && !this.#worked) this.#try(new ByHttp(this.url));
    else this.#timer = setTimeout(() => this.#tryHttp(), this.#worked ? BUSY : SWALLOWED);
  }

  /** Gives up all lines. Closing a half-open socket properly would take the browser minutes. @param {number} code */
  close(code) {
    clearTimeout(this.#timer);
    for (const line of [...this.#tried, this.line]) if (line) this.#let(line, code);
    this.line = null;
  }

  /** While one is on HTTP: a socket once more. */
  tryAgain() {
    if (!this.byHttp || (this.#tried.size && Date.now() - this.#triedAt < SWALLOWED)) return;
    clearTimeout(this.#timer);
    // One that is still on its way has been swallowed; the network may be another one now.
    for (const swallowed of [...this.#tried]) this.#let(swallowed, LOST);
    const socket = new WebSocket(this.url);
    this.#try(socket);
    this.#timer = setTimeout(() => this.#lost(socket, LOST, ""), NO_HELLO);
  }

  /** Where sockets have worked, once is not enough: a server that is starting again takes none for a moment. */
  get #mayBeBlocked() {
    return this.#failed > (this.#worked ? 1 : 0);
  }

  /** @param {Line} line */
  #try(line) {
    this.#tried.add(line);
    if (line instanceof WebSocket) this.#triedAt = Date.now();
    line.onopen = () => this.#greet(line);
    line.onmessage = (/** @type {{data: string}} */ message) => this.handlers.received(message.data);
    line.onclose = (/** @type {{code: number, reason: string}} */ close) => this.#lost(line, close.code, close.reason);
  }

  #tryHttp() {
    const there = [...this.#tried];
    if (there.every((line) => line instanceof WebSocket && line.readyState === WebSocket.CONNECTING)) this.#try(new ByHttp(this.url));
  }

  /** @param {Line} line */
  async #greet(line) {
    try {
      const hello = await this.handlers.greet(line);
      if (this.#tried.delete(line)) this.#began(line, hello);
    } catch (error) {
      if (error instanceof Refused) this.#refused(line, error.problem);
      else if (!(error instanceof Disconnected)) throw error;
    }
  }

  /**
   * The server closes after most refusals of a hello; where it leaves the line open, nothing is gained by staying.
   * @param {Line} line @param {Problem} problem
   */
  #refused(line, problem) {
    this.handlers.refused(problem);
    this.#lost(line, problem.retry ? LOST : 4001, "");
  }

  /** @param {Line} line @param {Hello} hello */
  #began(line, hello) {
    clearTimeout(this.#timer);
    if (line instanceof ByHttp) {
      // A socket that is still on its way takes over when it opens.
      const others = [...this.#tried];
      this.#timer = others.length ? setTimeout(() => this.#lost(/** @type {Line} */ (others[0]), LOST, ""), NO_HELLO) : this.#trial();
    } else {
      this.#failed = 0;
      this.#worked = true;
      for (const other of this.#tried) this.#let(other, 1000);
      if (this.line instanceof ByHttp) this.line.retire();
    }
    this.line = line;
    this.handlers.began(hello);
  }

  #trial() {
    return setTimeout(() => this.tryAgain(), pauseOfTrial(this.#failed) * 1000);
  }

  /** @param {Line} line @param {number} code @param {string} reason */
  #lost(line, code, reason) {
    const wasTried = this.#tried.has(line);
    this.#let(line, code);
    if (line === this.line) {
      this.close(code);
      this.handlers.lost(code, reason);
    } else if (wasTried) this.#failedTry(line, code, reason);
  }

  /** @param {Line} line @param {number} code @param {string} reason */
  #failedTry(line, code, reason) {
    if (line instanceof WebSocket && code === LOST) this.#failed += 1;
    if (this.line) {
      clearTimeout(this.#timer);
      this.#timer = this.#trial();
    } else if (code !== LOST) {
      // The server itself has answered.
      this.close(code);
      this.handlers.lost(code, reason);
    } else if (line instanceof WebSocket && !this.#tried.size && this.#mayBeBlocked) this.#try(new ByHttp(this.url));
    else if (!this.#tried.size) {
      this.close(code);
      this.handlers.lost(code, reason);
    }
  }

  /** @param {Line} line @param {number} code */
  #let(line, code) {
    this.#tried.delete(line);
    line.onopen = line.onmessage = line.onclose = null;
    line.close();
    this.handlers.gone(line, code);
  }
}
