/** One message, or one that is on its way. */

import { calls } from "../calling.js";
import { icons } from "../icons.js";
import { classMap, html, nothing, unsafeHTML } from "../lit.js";
import { pictureOf } from "../pictures.js";
import { ago, clock, exact } from "../times.js";
import { languageOf, words } from "../words.js";
import { Light } from "./light.js";

/** @import { Message, Quoted, ThreadState, Unsent, Who } from "../types.js" */

const CUPS = 8;
const EXCERPT = 120; // characters of a quotation
const FACES = 4; // of who spoke in a thread

export class TeahouseMessage extends Light {
  static properties = {
    message: { attribute: false },
    pending: { attribute: false },
    by: { attribute: false },
    me: { attribute: false },
    myName: { attribute: false },
    head: { attribute: false },
    sending: { attribute: false },
    lastOne: { attribute: false },
    quoted: { attribute: false },
    marked: { attribute: false },
    link: { attribute: false },
    inThread: { attribute: false },
    news: { attribute: false },
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
    /** What one is called here; empty where nobody is. */
    this.myName = "";
    /** Whether it stands under a heading of its own. */
    this.head = false;
    /** Whether what is pending is going out at this moment. */
    this.sending = false;
    /** Of several that wait only the last says so. */
    this.lastOne = false;
    /** What it replies to, as it is now, once that is known. @type {Message | undefined} */
    this.quoted = undefined;
    /** Whether somebody was sent to it. */
    this.marked = false;
    /** The address of a message, if it has one. @type {(seq: number) => string} */
    this.link = () => "";
    /** Whether it is the root at the top of its own thread. */
    this.inThread = false;
    /** Whether there is something unread in its thread. */
    this.news = false;
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
    const called = this.#called;
    const classes = {
      message: true,
      called,
      head: this.head,
      mine: by.id === this.me,
      pending: pending !== null && !pending.problem,
      failed: Boolean(pending?.problem),
      marked: this.marked,
      reply: Boolean(said.reply),
    };
    return html`<div class=${classMap(classes)} data-seq=${message?.seq ?? nothing} tabindex=${this.marked ? "-1" : nothing}>
      ${this.head ? cup(by) : nothing} ${this.#heading(by, said.at, called)} ${said.reply ? this.#quotation(said.reply) : nothing}
      ${message?.deleted ? html`<p class="text tombstone">${words().deleted}</p>` : this.#text(said)}
      ${message ? this.#reactions(message) : nothing} ${message?.thread?.count && !this.inThread ? this.#thread(message, message.thread) : nothing} ${pending ? this.#fate(pending) : nothing}
      ${message && !message.deleted ? this.#menu(message, by) : nothing}
    </div>`;
  }

  /** Whether somebody else says one's name in it, or answers what one said. */
  get #called() {
    const { message, me } = this;
    if (!message || message.deleted || me === null || message.by.id === me) return false;
    return message.reply?.by.id === me || (this.myName !== "" && calls(message.text ?? "", this.myName));
  }

  /**
   * Later messages under one heading show their time in the margin, and say it to who cannot see.
   * @param {Who} by @param {string} at @param {boolean} called
   */
  #heading(by, at, called) {
    const time = html`<time datetime=${at} title=${exact(at)}>${clock(at)}</time>`;
    const name = html`<span class="name" lang=${languageOf(by.name) ?? nothing}>${by.name}</span>`;
    const toYou = called ? html`<span class="unseen">${words().toYou}</span> ` : nothing;
    if (!this.head) return html`<p class="by"><span class="unseen">${name} ${toYou}</span> ${time}</p>`;
    // Guests cannot take the name of somebody with an account, so it need not be said each time.
    return html`<p class="by">${name}${by.kind === "bot" ? badge(by) : nothing} ${toYou}${time}</p>`;
  }

  /** What this replies to, in a line that leads there. @param {Quoted} reply */
  #quotation(reply) {
    const say = words();
    const { quoted } = this;
    const gone = quoted?.deleted !== undefined;
    const text = gone ? say.deleted : excerpt(quoted?.text ?? "");
    const inside = html`<span class="unseen">${say.inReplyTo}</span>${icons.reply}<span class="quoted-by" lang=${languageOf(reply.by.name) ?? nothing}>${reply.by.name}</span>
      <span class=${gone ? "quoted-text faded" : "quoted-text"} lang=${languageOf(text) ?? nothing}>${text}</span>`;
    const address = this.link(reply.seq);
    return address
      ? html`<a class="quotation" href=${address}>${inside}</a>`
      : html`<button type="button" class="quotation" @click=${() => this.act("go", { seq: reply.seq })}>${inside}</button>`;
  }

  /** @param {Message | Unsent} said */
  #text(said) {
    const { text = "" } = said;
    const { html: markup, edited } = /** @type {Message} */ (said);
    const mark = edited ? this.#edited(edited) : nothing;
    const lang = languageOf(text) ?? nothing;
    // Only the server's own html, which it has cleaned, is taken as markup; all else is text.
    if (markup !== undefined) return html`<div class="text rich" lang=${lang}>${unsafeHTML(markup)}</div>${mark}`;
    return html`<p class="text" lang=${lang}>${text}${mark}</p>`;
  }

  /** @param {string} at */
  #edited(at) {
    const { message } = this;
    return html` <button type="button" class="edited" tabindex="-1" title=${exact(at)} aria-haspopup="dialog"
      @click=${(/** @type {MouseEvent} */ event) => this.act("edits", { message, button: event.currentTarget })}>(${words().edited})</button>`;
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

  /** Its thread, in a line that opens it. @param {Message} message @param {ThreadState} thread */
  #thread(message, { count, last, people }) {
    const say = words();
    return html`<button type="button" class=${this.news ? "thread news" : "thread"} @click=${(/** @type {MouseEvent} */ event) => this.act("thread", { message, button: event.currentTarget })}>
      <span class="faces" aria-hidden="true">${people.slice(0, FACES).reverse().map(cup)}</span>
      <span class="replies">${say.replies(count)}</span><span class="unseen">${this.news ? `, ${say.notSeen}` : ""}, ${say.lastReply} </span>
      ${last ? html`<time class="faded" datetime=${last} title=${exact(last)}>${ago(last, say)}</time>` : nothing}
    </button>`;
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

/** The beginning of a text, in one line, without the marks of its markup. @param {string} text */
export function excerpt(text) {
  const line = text.replace(/```\w*/g, " ").replace(/[*_`>#~]+/g, "").replace(/\s+/g, " ").trim();
  return line.length > EXCERPT ? `${[...line].slice(0, EXCERPT).join("")}…` : line;
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
