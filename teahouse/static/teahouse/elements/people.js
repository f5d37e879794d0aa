/** Who is here now. */

import { icons } from "../icons.js";
import { html, nothing, repeat } from "../lit.js";
import { languageOf, words } from "../words.js";
import { Light } from "./light.js";
import { badge, cup } from "./message.js";

/** @import { Here, Who } from "../types.js" */

export class TeahousePeople extends Light {
  static properties = {
    pages: { attribute: false },
    here: { attribute: false },
    you: { attribute: false },
    language: { attribute: false },
  };

  constructor() {
    super();
    /** What comes before somebody's id in the address of their page; empty where they have none. */
    this.pages = "";
    /** @type {Here} */
    this.here = { count: 0, people: [] };
    /** @type {Who | null} */
    this.you = null;
    this.language = "";
  }

  render() {
    const say = words();
    const { people } = this.here;
    return html`<div class="side-head">
        <h2>${say.hereTitle}</h2>
        <button type="button" class="plain shut" aria-label=${say.close} @click=${() => this.act("people")}>${icons.close}</button>
      </div>
      ${people ? html`<ul class="people">${repeat(people, (who) => who.id, (who) => this.#row(who))}</ul>` : html`<p class="faded">${say.here(this.here.count)} ${say.tooManyPeople}</p>`}
      ${this.you?.kind === "guest" ? this.#leave(this.you) : nothing}`;
  }

  /** @param {Who} who */
  #row(who) {
    const lang = languageOf(who.name) ?? nothing;
    const name = this.pages
      ? html`<a class="name" href="${this.pages}${who.id}/" lang=${lang}>${who.name}</a>`
      : html`<span class="name" lang=${lang}>${who.name}</span>`;
    return html`<li>${cup(who)}${name}${who.id === this.you?.id ? html` <span class="faded">(${words().you})</span>` : badge(who)}</li>`;
  }

  /** @param {Who} you */
  #leave(you) {
    return html`<div class="leave"><span class="name" lang=${languageOf(you.name) ?? nothing}>${you.name}</span>
      <button type="button" class="link" title=${words().leaveHint} @click=${() => this.act("leave")}>${words().leave}</button></div>`;
  }
}

customElements.define("teahouse-people", TeahousePeople);
