/** <teahouse-threads>: the threads that one takes part in, those in which something was said last first. */

import { html, nothing, repeat } from "../lit.js";
import { titleOf } from "../rooms-store.js";
import { Disconnected, Refused } from "../socket.js";
import { ago, exact } from "../times.js";
import { languageOf, words } from "../words.js";
import { Dialog } from "./dialog.js";
import { cup, excerpt } from "./message.js";

/** @import { Client } from "../client.js" */
/** @import { ListedThread, Message, MessageState } from "../types.js" */

export class TeahouseThreads extends Dialog {
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
  /** What was told of threads when the list was read. */
  #told = -1;

  constructor() {
    super();
    /** @type {Client} */
    this.client;
    this.version = 0;
    /** @type {(room: string, seq: number) => string} */
    this.addressOf = (room) => room;
    /** @type {ListedThread[] | null} */
    this.list = null;
    this.more = false;
    this.failed = false;
  }

  get heading() {
    return words().threads;
  }

  async open() {
    this.list = null;
    this.#load();
    await super.open();
  }

  /** What happens while it is open is shown too. */
  willUpdate() {
    if (this.isOpen && this.list && this.client.attention.toldThreads > this.#told) this.#load();
  }

  /** @param {number} [before] */
  async #load(before) {
    this.#told = this.client.attention.toldThreads;
    this.failed = false;
    try {
      const page = await this.client.command("threads", { before, limit: 30 });
      this.list = [...(before === undefined ? [] : (this.list ?? [])), ...page.threads];
      this.more = page.more;
      this.#before = page.before;
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
      ${list?.length === 0 && !this.failed ? html`<p class="faded">${say.noThreads}</p>` : nothing}
      ${list?.length ? html`<ul class="needing">${repeat(list, (one) => one.message.id, (one) => html`<li>${this.#row(one)}</li>`)}</ul>` : nothing}
      ${this.more ? html`<p class="buttons"><button type="button" class="small" @click=${() => this.#load(this.#before)}>${say.olderActivity}</button></p>` : nothing}`;
  }

  /** @param {ListedThread} one */
  #row({ room, title, people, message, last, unread }) {
    const say = words();
    const root = /** @type {Message} */ (message);
    const where = titleOf({ room, title, kind: people ? "direct" : "", people }, this.client.you?.id);
    const { count = 0, last: at = "" } = root.thread ?? {};
    return html`<a class="need ${unread ? "new" : ""}" href=${this.addressOf(room, last?.seq ?? root.seq)} @click=${(/** @type {MouseEvent} */ event) => this.#go(event, room, root)}>
      ${cup(root.by)}<span class="need-text"><span class="need-head"><span class="who" lang=${languageOf(root.by.name) ?? nothing}>${root.by.name}</span>
      <span class="need-where">${where}</span></span>
      ${said(root)}
      ${last ? html`<span class="need-last"><span class="who" lang=${languageOf(last.by?.name ?? "") ?? nothing}>${last.by?.name}</span> ${said(last)}</span>` : nothing}
      <span class="need-where"><span class=${unread ? "replies news" : "replies"}>${say.replies(count)}${unread ? html` · ${say.newInThread(unread)}` : nothing}</span>
        <time datetime=${at} title=${at ? exact(at) : ""}>${at ? ago(at, say) : ""}</time></span></span></a>`;
  }

  /** @param {MouseEvent} event @param {string} room @param {Message} root */
  #go(event, room, { id, seq }) {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    this.close();
    this.act("go-thread", { room, seq, thread: id });
  }
}

/** @param {MessageState} message */
function said({ text, deleted }) {
  const shown = deleted ? words().deleted : excerpt(text ?? "");
  return html`<span class=${deleted ? "need-said faded" : "need-said"} lang=${languageOf(shown) ?? nothing}>${shown}</span>`;
}

customElements.define("teahouse-threads", TeahouseThreads);
