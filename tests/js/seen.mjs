/**
 * `node --import tests/js/seen.mjs …`: what a script's WebSockets to /ws/ send and get is left in the file that
 * FRAMES_SEEN_BY_TESTS names, a line for each frame, for tests/seen.py to look at. The script knows nothing of it.
 */

import { appendFileSync } from "node:fs";

const file = process.env.FRAMES_SEEN_BY_TESTS;
const Real = globalThis.WebSocket;
let count = 0;

if (file && Real) {
  globalThis.WebSocket = class extends Real {
    #name;

    /** @param {string | URL} url @param {any} [protocols] */
    constructor(url, protocols) {
      super(url, protocols);
      this.#name = new URL(url).pathname.endsWith("/ws/") && `${url} ${process.pid}-${++count}`;
      this.addEventListener("message", ({ data }) => this.#note("came", data));
    }

    /** @param {any} text */
    send(text) {
      this.#note("sent", text);
      super.send(text);
    }

    /** @param {string} way @param {any} text */
    #note(way, text) {
      if (this.#name) appendFileSync(file, `${JSON.stringify([this.#name, way, text])}\n`);
    }
  };
}
