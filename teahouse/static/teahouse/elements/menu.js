/** What can be done with a message. One menu for the room; it opens at the button that was pressed. */

import { icons } from "../icons.js";
import { html, nothing } from "../lit.js";
import { words } from "../words.js";
import { Light } from "./light.js";
import { place } from "./popover.js";

/** @import { Message } from "../types.js" */

const QUICK = ["👍", "❤️", "😄", "🎉", "🍵", "👀"];

export class TeahouseMenu extends Light {
  static properties = {
    language: { attribute: false },
    message: { state: true },
    me: { state: true },
    linked: { attribute: false },
    sure: { state: true },
  };

  /** @type {HTMLElement | null} */
  #button = null;

  constructor() {
    super();
    /** @type {Message | null} */
    this.message = null;
    /** @type {number | null} */
    this.me = null;
    /** Whether the next press deletes. */
    this.sure = false;
    this.language = "";
    /** Whether messages have addresses here. */
    this.linked = false;
  }

  /** @param {Message} message @param {HTMLElement} button @param {number | null} me */
  async show(message, button, me) {
    this.message = message;
    this.me = me;
    this.sure = false;
    this.#button = button;
    button.setAttribute("aria-expanded", "true");
    await this.updateComplete;
    const box = this.#box;
    box.showPopover();
    place(box, button);
    this.#items[0]?.focus();
  }

  get #box() {
    return /** @type {HTMLElement} */ (this.querySelector("[popover]"));
  }

  get #items() {
    return /** @type {HTMLElement[]} */ ([...this.querySelectorAll("[role=menuitem]")]);
  }

  render() {
    const { message } = this;
    const say = words();
    return html`<div class="menu" popover="auto" role="menu" aria-label=${say.menuFor(message?.by.name ?? "")} @toggle=${this.#toggled} @keydown=${this.#keys}>
      ${message ? this.#entries(message) : nothing}
    </div>`;
  }

  /** @param {Message} message */
  #entries(message) {
    const say = words();
    const own = message.by.id === this.me;
    return html`<div class="quick" role="group" aria-label=${say.react}>
        ${QUICK.map((emoji) => html`<button type="button" role="menuitem" aria-label="${say.react} ${emoji}" @click=${() => this.#react(message, emoji)}>${emoji}</button>`)}
        <button type="button" role="menuitem" aria-label=${say.moreEmoji} title=${say.moreEmoji} @click=${() => this.#do("pick")}>${icons.smile}</button>
      </div>
      ${this.#entry(say.reply, () => this.#do("reply"))}
      ${message.root || this.#button?.closest("teahouse-thread") ? nothing : this.#entry(say.replyInThread, () => this.#do("thread"))}
      ${own ? this.#entry(say.edit, () => this.#do("edit")) : nothing}
      ${this.#entry(say.copy, () => this.#do("copy"))}
      ${this.linked ? this.#entry(say.copyLink, () => this.#do("link")) : nothing}
      ${message.edited ? this.#entry(say.showEdits, () => this.#do("edits")) : nothing}
      ${this.#entry(say.markUnread, () => this.#do("unread"))}
      ${own ? this.#entry(this.sure ? say.removeSurely : say.remove, () => this.#remove(), "danger") : nothing}`;
  }

  /** @param {string} text @param {() => void} act */
  #entry(text, act, kind = "") {
    return html`<button type="button" role="menuitem" class=${kind} @click=${act}>${text}</button>`;
  }

  /** @param {Message} message @param {string} emoji */
  #react(message, emoji) {
    const on = !(this.me !== null && message.reactions?.[emoji]?.includes(this.me));
    this.act("react", { message, emoji, on });
    this.#close();
  }

  #remove() {
    if (this.sure) this.#do("delete");
    else this.sure = true;
  }

  /** @param {string} action */
  #do(action) {
    const { message } = this;
    const button = this.#button;
    this.#close();
    this.act(action, { message, button });
  }

  #close() {
    this.#box.hidePopover();
  }

  /** @param {Event & {newState?: string}} event */
  #toggled(event) {
    if (event.newState !== "closed") return;
    this.#button?.setAttribute("aria-expanded", "false");
    // Closed by a press elsewhere the focus has gone there already.
    if (this.contains(/** @type {ShadowRoot} */ (this.getRootNode()).activeElement)) this.#button?.focus();
    this.message = null;
  }

  /** @param {KeyboardEvent} event */
  #keys(event) {
    const steps = /** @type {Record<string, number>} */ ({ ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 });
    const step = steps[event.key];
    const items = this.#items;
    const at = items.indexOf(/** @type {HTMLElement} */ (event.target));
    if (event.key === "Tab") this.#close();
    if (!step || at < 0) return;
    event.preventDefault();
    items[(at + step + items.length) % items.length]?.focus();
  }
}

customElements.define("teahouse-menu", TeahouseMenu);
