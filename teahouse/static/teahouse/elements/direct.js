/** A conversation with one person or some. */

import { icons } from "../icons.js";
import { html, nothing } from "../lit.js";
import { languageOf, words } from "../words.js";
import { Dialog } from "./dialog.js";
import "./finder.js";

/** @import { Client } from "../clients.js" */
/** @import { Who } from "../types.js" */

const MOST = 19;

export class TeahouseDirect extends Dialog {
  static properties = {
    ...Dialog.properties,
    client: { attribute: false },
    chosen: { state: true },
  };

  constructor() {
    super();
    /** @type {Client} */
    this.client;
    /** @type {Who[]} */
    this.chosen = [];
  }

  get heading() {
    return words().newDirect;
  }

  async open() {
    this.chosen = [];
    await super.open();
    this.querySelector("input")?.focus();
  }

  inside() {
    const say = words();
    return html`${this.head()}
      ${this.chosen.length
        ? html`<ul class="chosen">${this.chosen.map((who) => html`<li><span lang=${languageOf(who.name) ?? nothing}>${who.name}</span>
            <button type="button" class="plain" aria-label=${say.takeOut(who.name)} @click=${() => (this.chosen = this.chosen.filter((one) => one !== who))}>${icons.close}</button></li>`)}</ul>`
        : nothing}
      <teahouse-finder .client=${this.client} .label=${say.add} .without=${new Set(this.chosen.map((who) => who.id))} .language=${this.language} @teahouse-act=${this.#add}></teahouse-finder>
      <p class="buttons"><button type="button" class="strong" ?disabled=${!this.chosen.length} @click=${this.#begin}>${say.beginDirect}</button></p>`;
  }

  /** @param {CustomEvent<{who: Who}>} event */
  #add(event) {
    event.stopPropagation();
    if (this.chosen.length < MOST) this.chosen = [...this.chosen, event.detail.who];
  }

  #begin() {
    this.close();
    this.act("write-to", { people: this.chosen.map((who) => who.id) });
  }
}

customElements.define("teahouse-direct", TeahouseDirect);
