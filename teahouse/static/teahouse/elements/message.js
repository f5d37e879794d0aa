/** One message, or one that is on its way. */

import { icons } from "../icons.js";
import { classMap, html, nothing, unsafeHTML } from "../lit.js";
import { pictureOf } from "../pictures.js";
import { clock, exact } from "../times.js";
import { languageOf, words } from "../words.js";
import { Light } from "./light.js";

/** @import { Message, Unsent, Who } from "../types.js" */

const CUPS = 8;

export class TeahouseMessage extends Light {
  static properties = {
    message: { attribute: false },
    pending: { attribute: false },
    by: { attribute: false },
    me: { attribute: false },
    head: { attribute: false },
    sending: { attribute: false },
    lastOne: { attribute: false },
    language: { attribute: false },
  };

  #hadFocus = false;

  constructor() {
    super();
    /** Either this … @type {Message | null} */
    this.message = null;
    /** … or this, by oneself. @type {Unsent | null} */
    this.pending = null;
    /** @type {Who | null} */
    this.by = null;
    /** @type {number | null} */
    this.me = null;
    /** Whether it stands under a heading of its own. */
    this.head = false;
    /** Whether what is pending is going out at this moment. */
    this.sending = false;
    /** Of several that wait only the last says so. */
    this.lastOne = false;
    this.language = "";
  }

  get #focused() {
    return this.contains(/** @type {ShadowRoot} */ (this.getRootNode()).activeElement);
  }

  willUpdate() {
    this.#hadFocus = this.isConnected && this.#focused;
  }

  /** A deleted message has no buttons: the focus that was on one would be nowhere. */
  updated() {
    if (this.#hadFocus && !this.#focused) this.act("unfocused", { element: this });
  }

  render() {
    const { message, pending, by } = this;
    const said = message ?? pending;
    if (!said || !by) return nothing;
    const classes = {
      message: true,
      head: this.head,
      mine: by.id === this.me,
      pending: pending !== null && !pending.problem,
      failed: Boolean(pending?.problem),
    };
    return html`<div class=${classMap(classes)} data-seq=${message?.seq ?? nothing}>
      ${this.head ? cup(by) : nothing} ${this.#heading(by, said.at)}
      ${message?.deleted ? html`<p class="text tombstone">${words().deleted}</p>` : this.#text(said)}
      ${message ? this.#reactions(message) : nothing} ${pending ? this.#fate(pending) : nothing}
      ${message && !message.deleted ? this.#menu(message, by) : nothing}
    </div>`;
  }

  /** Later messages under one heading show their time in the margin, and say it to who cannot see. @param {Who} by @param {string} at */
  #heading(by, at) {
    const time = html`<time datetime=${at} title=${exact(at)}>${clock(at)}</time>`;
    const name = html`<span class="name" lang=${languageOf(by.name) ?? nothing}>${by.name}</span>`;
    if (!this.head) return html`<p class="by"><span class="unseen">${name}</span> ${time}</p>`;
    // Guests cannot take the name of somebody with an account, so it need not be said each time.
    return html`<p class="by">${name}${by.kind === "bot" ? badge(by) : nothing} ${time}</p>`;
  }

  /** @param {{text?: string, html?: string, edited?: string}} said */
  #text({ text = "", html: markup, edited }) {
    const mark = edited ? html` <span class="edited" title=${exact(edited)}>(${words().edited})</span>` : nothing;
    const lang = languageOf(text) ?? nothing;
    // Only the server's own html, which it has cleaned, is taken as markup; all else is text.
    if (markup !== undefined) return html`<div class="text rich" lang=${lang}>${unsafeHTML(markup)}</div>${mark}`;
    return html`<p class="text" lang=${lang}>${text}${mark}</p>`;
  }

  /** @param {Message} message */
  #reactions(message) {
    const kinds = Object.entries(message.reactions ?? {}).filter(([, people]) => people.length);
    if (!kinds.length) return nothing;
    return html`<div class="reactions">
      ${kinds.map(([emoji, people]) => {
        const own = this.me !== null && people.includes(this.me);
        return html`<button
          type="button"
          class="reaction"
          aria-pressed=${own ? "true" : "false"}
          aria-label=${words().reaction(emoji, people.length)}
          @click=${() => this.act("react", { message, emoji, on: !own })}
        ><span>${emoji}</span> ${people.length}</button>`;
      })}
    </div>`;
  }

  /** @param {Unsent} pending */
  #fate(pending) {
    const say = words();
    if (!pending.problem) {
      if (pending.seq !== undefined || !this.lastOne) return nothing;
      return html`<p class="fate">${this.sending ? say.sending : say.waitingToSend}</p>`;
    }
    const why = say.problems[pending.problem.code] ?? pending.problem.message;
    return html`<p class="fate" role="alert"><strong>${say.notSent}</strong> ${why}
      <button type="button" class="link" @click=${() => this.act("again", { pending })}>${say.tryAgain}</button>
      <button type="button" class="link" @click=${() => this.act("rewrite", { pending })}>${say.rewrite}</button>
      <button type="button" class="link" @click=${() => this.act("discard", { pending })}>${say.discard}</button></p>`;
  }

  /** @param {Message} message @param {Who} by */
  #menu(message, by) {
    if (this.me === null) return nothing;
    return html`<button
      type="button"
      class="more"
      tabindex="-1"
      aria-haspopup="menu"
      aria-label=${words().menuFor(by.name)}
      @click=${(/** @type {MouseEvent} */ event) => this.act("menu", { message, button: event.currentTarget })}
    >${icons.more}</button>`;
  }
}

/** The cup in front of a name: the picture, else its first character, in one of eight colours. @param {Who} who */
export function cup(who) {
  const picture = pictureOf(who);
  if (picture) return html`<img class="cup" src=${picture} alt="" loading="lazy" decoding="async" />`;
  const first = [...who.name.trim()][0] ?? "·";
  return html`<span class="cup cup-${who.id % CUPS}" aria-hidden="true" lang=${languageOf(first) ?? nothing}>${first.toUpperCase()}</span>`;
}

/** @param {Who} who */
export function badge(who) {
  if (who.kind === "user") return nothing;
  return html` <span class="badge">${who.kind === "bot" ? words().bot : words().guest}</span>`;
}

customElements.define("teahouse-message", TeahouseMessage);
