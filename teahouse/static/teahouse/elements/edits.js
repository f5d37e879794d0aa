/** What a message said before it was edited, in a box beside it. */

import { html, nothing, unsafeHTML } from "../lit.js";
import { exact } from "../times.js";
import { languageOf, words } from "../words.js";
import { place, Popover } from "./popover.js";

/** @import { Earlier, Message } from "../types.js" */

export class TeahouseEdits extends Popover {
  static properties = {
    language: { attribute: false },
    edits: { state: true },
    more: { state: true },
    waiting: { state: true },
  };

  constructor() {
    super();
    this.language = "";
    /** The text as it is comes last. @type {Earlier[]} */
    this.edits = [];
    /** Whether there were older ones, which nobody has kept. */
    this.more = false;
    /** What reads those before. @type {(() => Promise<unknown>) | null} */
    this.waiting = null;
    /**
     * The word "edited" stands at the left, behind the text; from there to the left the box would hide the list of rooms.
     * @type {"left" | "right"}
     */
    this.align = "left";
  }

  /**
   * Opens at once, with the text as it is: a box that opens later, when the answer has come, would open upon whatever is
   * being done by then.
   * @param {Message} message @param {HTMLElement} button @param {() => Promise<{edits: Earlier[], more: boolean}>} read
   */
  async show({ text = "", html: markup, edited = "" }, button, read) {
    const now = { at: edited, text, html: markup };
    this.edits = [now];
    this.more = false;
    this.waiting = read;
    await this.open(button);
    this.box.focus();
    this.box.scrollTop = 0;
    try {
      const { edits, more } = await read();
      if (this.waiting !== read) return;
      this.edits = [...edits, now];
      this.more = more;
    } catch (error) {
      if (this.waiting === read && this.isOpen) this.close();
      throw error;
    } finally {
      if (this.waiting === read) this.waiting = null;
    }
    await this.updateComplete;
    if (this.isOpen) place(this.box, button, this.align);
  }

  render() {
    const say = words();
    return html`<div class="menu edits" popover="auto" role="dialog" tabindex="-1" aria-label=${say.edits} @toggle=${this.toggled}>
      <h2>${say.edits}</h2>
      <ol>
        ${[...this.edits].reverse().map((one, index) => this.#row(one, index === 0))}
      </ol>
      ${this.waiting ? html`<p class="faded" role="status">${say.oneMoment}</p>` : nothing}
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
