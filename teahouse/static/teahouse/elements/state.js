/** One line on how things stand: the connection first, then who is typing. It takes no room away. */

import { html, nothing } from "../lit.js";
import { words } from "../words.js";
import { Light } from "./light.js";

/** @import { Client, Feed } from "../clients.js" */

const PATIENCE = 800; // ms: what passes sooner is not worth a word
/** A server that starts again may be reached by HTTP a moment before a socket is. */
const PATIENCE_BY_HTTP = 5_000;
const DRAINING = 4201;

export class TeahouseState extends Light {
  static properties = {
    client: { attribute: false },
    feed: { attribute: false },
    version: { attribute: false },
    language: { attribute: false },
  };

  /** @type {ReturnType<typeof setInterval> | undefined} */
  #clock;
  #since = Date.now();
  #kind = "";

  constructor() {
    super();
    /** @type {Client} */
    this.client;
    /** @type {Feed} */
    this.feed;
    this.version = 0;
    this.language = "";
  }

  connectedCallback() {
    super.connectedCallback();
    // Typing and pauses end by themselves.
    this.#clock = setInterval(() => this.requestUpdate(), 1000);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    clearInterval(this.#clock);
  }

  render() {
    const { kind, text, button } = this.#line();
    const trouble = kind === "offline" || kind === "stopped" || kind === "unavailable";
    return html`<div class="state ${kind}" role="status">
      ${text ? html`<span class=${trouble ? "dot bad" : kind === "typing" ? "dots" : "dot"} aria-hidden="true"></span>` : nothing}<span>${text}</span>
      ${button ?? nothing}
    </div>`;
  }

  /** @returns {{kind: string, text: string, button?: unknown}} */
  #line() {
    const line = this.#connection() ?? this.#service() ?? this.#way() ?? this.#typing();
    if (line.kind !== this.#kind) {
      this.#kind = line.kind;
      this.#since = Date.now();
    }
    const passing = line.kind === "connecting" || line.kind === "catching-up";
    const patience = passing ? PATIENCE : line.kind === "by-http" ? PATIENCE_BY_HTTP : 0;
    if (Date.now() - this.#since < patience) {
      setTimeout(() => this.requestUpdate(), patience);
      return { kind: "", text: "" };
    }
    return line;
  }

  #connection() {
    const say = words();
    const { client, feed } = this;
    const { phase, code, nextTry } = client.socket;
    if (phase === "stopped") return this.#stopped();
    if (phase === "waiting" || (phase === "connecting" && code)) {
      const draining = code === DRAINING || code === 1012;
      const text = draining ? say.draining(client.outgoing.waiting) : say.offline(client.outgoing.waiting);
      const soon = phase === "connecting" || nextTry - Date.now() < 1500;
      return { kind: draining ? "draining" : "offline", text, button: soon ? undefined : this.#button(say.tryNow, () => client.socket.nudge()) };
    }
    if (phase === "connecting") return { kind: "connecting", text: say.connecting };
    if (feed.state === "catching-up") return { kind: "catching-up", text: say.catchingUp };
    return null;
  }

  /** The server said not to come back as we are. */
  #stopped() {
    const say = words();
    const { code, met, problem } = this.client.socket;
    const reload = this.#button(say.reload, () => location.reload());
    // Before a word was said it is the page that is not let in. Not every server tells reasons.
    if (code === 4003 && !met && !problem) return { kind: "stopped", text: say.wrongOrigin };
    if (code === 4003 || problem?.code === "banned") return { kind: "stopped", text: say.banned };
    if (code === 4008) return { kind: "stopped", text: say.outdated, button: reload };
    // With 4001 the place of the composer says what to do.
    return code === 4001 ? { kind: "", text: "" } : { kind: "stopped", text: say.stopped, button: reload };
  }

  #service() {
    const say = words();
    const { client, feed } = this;
    if (client.service === "unavailable") return { kind: "unavailable", text: say.unavailable(client.outgoing.waiting) };
    const pause = Math.ceil((client.outgoing.pausedUntil(feed.slug) - Date.now()) / 1000);
    if (pause > 0 && client.outgoing.waiting) return { kind: "slow", text: say.slowDown(pause) };
    if (client.outgoing.forgetful) return { kind: "forgetful", text: say.forgetful };
    if (client.service === "degraded") return { kind: "degraded", text: say.degraded };
    return null;
  }

  /** Not in the way of who is used to it, but it explains why others are a little faster. */
  #way() {
    return this.client.socket.byHttp ? { kind: "by-http", text: words().byHttp } : null;
  }

  #typing() {
    const names = this.feed.store.typing(Date.now()).map((who) => who.name);
    return names.length ? { kind: "typing", text: words().typing(names) } : { kind: "", text: "" };
  }

  /** @param {string} text @param {() => void} act */
  #button(text, act) {
    return html`<button type="button" class="link" @click=${act}>${text}</button>`;
  }
}

customElements.define("teahouse-state", TeahouseState);
