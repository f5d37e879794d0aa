/** People by the beginning of their names, each with a button for what is to be done with them. */

import { html, nothing, repeat } from "../lit.js";
import { Disconnected, Refused } from "../socket.js";
import { languageOf, words } from "../words.js";
import { Light } from "./light.js";
import { badge, cup } from "./message.js";

/** @import { Client } from "../clients.js" */
/** @import { Who } from "../types.js" */

const MOST = 12;
const PAUSE = 120; // ms without a key before the server is asked

export class TeahouseFinder extends Light {
  static properties = {
    client: { attribute: false },
    label: { attribute: false },
    without: { attribute: false },
    language: { attribute: false },
    text: { state: true },
    found: { state: true },
  };

  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #asking;

  constructor() {
    super();
    /** @type {Client} */
    this.client;
    /** What the button beside each says. */
    this.label = "";
    /** Who is not offered. @type {Set<number>} */
    this.without = new Set();
    this.language = "";
    this.text = "";
    /** Null before anybody was looked for. @type {Who[] | null} */
    this.found = null;
  }

  render() {
    const say = words();
    const found = this.found?.filter((who) => !this.without.has(who.id));
    return html`<div class="box"><input type="search" aria-label=${say.findPeople} placeholder=${say.findPeople} autocomplete="off" autocapitalize="off" spellcheck="false" .value=${this.text} @input=${this.#typed} /></div>
      ${found?.length
        ? html`<ul class="people finding">${repeat(found, (who) => who.id, (who) => html`<li>${cup(who)}<span class="name" lang=${languageOf(who.name) ?? nothing}>${who.name}</span>${badge(who)}
            <button type="button" class="small" aria-label="${this.label}: ${who.name}" @click=${() => this.#choose(who)}>${this.label}</button></li>`)}</ul>`
        : nothing}
      ${found && !found.length && this.text ? html`<p class="hint" role="status">${say.nothingFound(this.text)}</p>` : nothing}`;
  }

  /** @param {Who} who */
  #choose(who) {
    this.act("chosen", { who });
    this.querySelector("input")?.focus();
  }

  /** @param {Event} event */
  #typed(event) {
    this.text = /** @type {HTMLInputElement} */ (event.target).value;
    clearTimeout(this.#asking);
    this.#asking = setTimeout(() => this.#ask(), PAUSE);
  }

  async #ask() {
    const search = this.text.trim();
    try {
      const { people } = search ? await this.client.command("people", { search, limit: MOST }) : { people: null };
      if (search === this.text.trim()) this.found = people;
    } catch (error) {
      if (!(error instanceof Refused || error instanceof Disconnected)) throw error;
      this.found = null;
    }
  }
}

customElements.define("teahouse-finder", TeahouseFinder);
