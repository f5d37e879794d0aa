/** What a message said before it was edited, in a box beside it. */

import { html, nothing, unsafeHTML } from "../lit.js";
import { exact } from "../times.js";
import { languageOf, words } from "../words.js";
import { Popover } from "./popover.js";

/** @import { Earlier, Message } from "../types.js" */

export class TeahouseEdits extends Popover {
  static properties = {
    language: { attribute: false },
    edits: { state: true },
    more: { state: true },
  };

  constructor() {
    super();
    this.language = "";
    /** The text as it is comes last. @type {Earlier[]} */
    this.edits = [];
    /** Whether there were older ones, which nobody has kept. */
    this.more = false;
  }

  /** @param {Message} message @param {HTMLElement} button @param {{edits: Earlier[], more: boolean}} earlier */
  async show({ text = "", html: markup, edited = "" }, button, { edits, more }) {
    this.edits = [...edits, { at: edited, text, html: markup }];
    this.more = more;
    await this.open(button);
    this.box.focus();
    this.box.scrollTop = 0;
  }

  render() {
    const say = words();
    return html`<div class="menu edits" popover="auto" role="dialog" tabindex="-1" aria-label=${say.edits} @toggle=${this.toggled}>
      <h2>${say.edits}</h2>
      <ol>
        ${[...this.edits].reverse().map((one, index) => this.#row(one, index === 0))}
      </ol>
      ${this.more ? html`<p class="faded">${say.olderEdits}</p>` : nothing}
    </div>`;
  }

  /** @param {Earlier} one @param {boolean} now */
  #row({ at, text, html: markup }, now) {
    const lang = languageOf(text) ?? nothing;
    return html`<li>
      <p class="faded"><time datetime=${at}>${exact(at)}</time>${now ? html` <span class="badge">${words().asNow}</span>` : nothing}</p>
      ${markup === undefined ? html`<p class="text" lang=${lang}>${text}</p>` : html`<div class="text rich" lang=${lang}>${unsafeHTML(markup)}</div>`}
    </li>`;
  }
}

customElements.define("teahouse-edits", TeahouseEdits);
