/** <teahouse-activity>: what needs one, newest first: mentions, replies, reactions to own messages. */

import { html, nothing, repeat } from "../lit.js";
import { titleOf } from "../rooms-store.js";
import { Disconnected, Refused } from "../socket.js";
import { clock, dayLine, exact } from "../times.js";
import { languageOf, words } from "../words.js";
import { Dialog } from "./dialog.js";
import { cup } from "./message.js";

/** @import { Client } from "../client.js" */
/** @import { Needing } from "../types.js" */

export class TeahouseActivity extends Dialog {
  static properties = {
    ...Dialog.properties,
    client: { attribute: false },
    version: { attribute: false },
    addressOf: { attribute: false },
    list: { state: true },
    more: { state: true },
    failed: { state: true },
  };

  #before = 0;
  /** Up to here it was seen when the list was opened. */
  #seen = 0;
  /** The last one that the list knows. */
  #read = -1;

  constructor() {
    super();
    /** @type {Client} */
    this.client;
    this.version = 0;
    /** @type {(room: string, seq: number) => string} */
    this.addressOf = (room) => room;
    /** @type {Needing[] | null} */
    this.list = null;
    this.more = false;
    this.failed = false;
  }

  get heading() {
    return words().activity;
  }

  async open() {
    this.list = null;
    this.#seen = this.client.attention.settings.seen;
    this.#load();
    await super.open();
  }

  /** What comes while it is open is shown too. */
  willUpdate() {
    if (this.isOpen && this.list && this.client.attention.last > this.#read) this.#load();
  }

  /** @param {number} [before] */
  async #load(before) {
    this.#read = this.client.attention.last;
    this.failed = false;
    try {
      const page = await this.client.command("activity", { before, limit: 30 });
      const listed = before === undefined ? [] : (this.list ?? []);
      const known = new Set(listed.map(keyOf));
      this.list = [...listed, .../** @type {Needing[]} */ (page.activity).filter((one) => !known.has(keyOf(one)))];
      this.more = page.more;
      this.#before = page.before;
      const last = Math.max(this.client.attention.last, this.list[0]?.seq ?? 0);
      if (last > this.client.attention.settings.seen || this.client.attention.unseen) {
        await this.client.command("settings", { seen: last || Number.MAX_SAFE_INTEGER });
      }
    } catch (error) {
      if (!(error instanceof Refused || error instanceof Disconnected)) throw error;
      this.failed = true;
      this.list ??= [];
    }
  }

  inside() {
    const say = words();
    const { list } = this;
    return html`${this.head()}
      ${this.failed ? html`<p class="faded" role="alert">${say.notNow}</p>` : nothing}
      ${list === null ? html`<p class="faded" role="status">${say.loading}</p>` : nothing}
      ${list?.length === 0 && !this.failed ? html`<p class="faded">${say.noActivity}</p>` : nothing}
      ${list?.length ? html`<ul class="needing">${repeat(list, (one) => one.seq, (one) => html`<li>${this.#row(one)}</li>`)}</ul>` : nothing}
      ${this.more ? html`<p class="buttons"><button type="button" class="small" @click=${() => this.#load(this.#before)}>${say.olderActivity}</button></p>` : nothing}`;
  }

  /** @param {Needing} one */
  #row({ seq, kind, at, by, room, title, people, message, emoji }) {
    const say = words();
    const where = titleOf({ room, title, kind: people ? "direct" : "", people }, this.client.you?.id);
    const did = kind === "mention" ? say.namedYou : kind === "reply" ? say.repliedToYou : say.reactedToYou(emoji?.join(" ") ?? "");
    return html`<a class="need ${seq > this.#seen ? "new" : ""}" href=${this.addressOf(room, message.seq ?? 0)} @click=${(/** @type {MouseEvent} */ event) => this.#go(event, room, message.seq ?? 0)}>
      ${cup(by)}<span class="need-text"><span class="need-head"><span class="who" lang=${languageOf(by.name) ?? nothing}>${by.name}</span> ${did}
      <time datetime=${at} title=${exact(at)}>${dayLine(at, say)} ${clock(at)}</time></span>
      <span class="need-said" lang=${languageOf(message.text ?? "") ?? nothing}>${message.text}</span>
      <span class="need-where">${where}</span></span>
      ${seq > this.#seen ? html`<span class="unseen">${say.notSeen}</span>` : nothing}</a>`;
  }

  /** @param {MouseEvent} event @param {string} room @param {number} seq */
  #go(event, room, seq) {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    this.close();
    this.act("go-message", { room, seq });
  }
}

/** One of several reactions of one person on one message is enough. @param {Needing} one */
function keyOf({ kind, by, message }) {
  return `${kind} ${by.id} ${message.id}`;
}

customElements.define("teahouse-activity", TeahouseActivity);
