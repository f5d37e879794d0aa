/** A dialog with a list that is read page by page, the newest first, and anew when something happens while it is open. */

import { html, nothing, repeat } from "../lit.js";
import { Disconnected, Refused } from "../socket.js";
import { words } from "../words.js";
import { Dialog } from "./dialog.js";

/** @import { Client } from "../clients.js" */

const PAGE = 30;

/** @template One  An entry of the list. */
export class PagedDialog extends Dialog {
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
  /** What there was when the list was read. */
  #read = -1;

  constructor() {
    super();
    /** @type {Client} */
    this.client;
    this.version = 0;
    /** @type {(room: string, seq: number) => string} */
    this.addressOf = (room) => room;
    /** @type {One[] | null} */
    this.list = null;
    this.more = false;
    this.failed = false;
  }

  // What each list says of itself

  /** The command that reads it, and the field of the answer that holds it. */
  get command() {
    return "";
  }

  /** Grows with whatever belongs into the list. */
  get news() {
    return 0;
  }

  /** Said where there is nothing. */
  get empty() {
    return "";
  }

  /** Of several with the same one is shown. @param {One} _one @returns {unknown} */
  keyOf(_one) {
    throw new Error("each list has keys of its own");
  }

  /** @param {One} _one @returns {unknown} */
  row(_one) {
    return nothing;
  }

  /** A page was read, and is in the list. @returns {Promise<void>} */
  async listed() {}

  // Reading and showing it

  async open() {
    this.list = null;
    this.#load();
    await super.open();
  }

  willUpdate() {
    if (this.isOpen && this.list && this.news > this.#read) this.#load();
  }

  /** @param {number} [before] */
  async #load(before) {
    this.#read = this.news;
    this.failed = false;
    try {
      const page = await this.client.command(this.command, { before, limit: PAGE });
      const all = /** @type {One[]} */ ([...(before === undefined ? [] : (this.list ?? [])), ...page[this.command]]);
      const keyed = new Map();
      for (const one of all) if (!keyed.has(this.keyOf(one))) keyed.set(this.keyOf(one), one);
      this.list = [...keyed.values()];
      this.more = page.more;
      this.#before = page.before;
      await this.listed();
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
      ${list?.length === 0 && !this.failed ? html`<p class="faded">${this.empty}</p>` : nothing}
      ${list?.length ? html`<ul class="needing">${repeat(list, (one) => this.keyOf(one), (one) => html`<li>${this.row(one)}</li>`)}</ul>` : nothing}
      ${this.more ? html`<p class="buttons"><button type="button" class="small" @click=${() => this.#load(this.#before)}>${say.olderActivity}</button></p>` : nothing}`;
  }

  /**
   * A link was pressed that leads somewhere here.
   * @param {MouseEvent} event @param {string} action @param {Record<string, unknown>} where
   */
  follow(event, action, where) {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    this.close();
    this.act(action, where);
  }
}
