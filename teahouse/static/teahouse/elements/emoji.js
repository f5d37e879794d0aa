/** The emoji to choose from: those chosen last, all in their groups, or what a word finds. */

import { choseEmoji, emojiGroups, GROUPS, recentEmoji, searchEmoji } from "../emoji.js";
import { html, nothing } from "../lit.js";
import { language, words } from "../words.js";
import { Popover } from "./popover.js";

/** @import { Emoji } from "../emoji.js" */

const FOUND = 120;

export class TeahouseEmoji extends Popover {
  static properties = {
    language: { attribute: false },
    groups: { state: true },
    query: { state: true },
    recent: { state: true },
    failed: { state: true },
  };

  /** @type {(emoji: string) => void} */
  #chosen = () => {};

  constructor() {
    super();
    this.language = "";
    /** @type {Emoji[][]} */
    this.groups = [];
    this.query = "";
    /** @type {string[]} */
    this.recent = [];
    this.failed = false;
  }

  /** @param {HTMLElement} button @param {(emoji: string) => void} chosen */
  async show(button, chosen) {
    this.#chosen = chosen;
    this.query = "";
    this.recent = recentEmoji();
    await this.open(button);
    this.#field.value = "";
    this.#field.focus();
    try {
      this.groups = await emojiGroups();
      this.failed = false;
    } catch {
      this.failed = true; // Offline, and never read before: it says so.
    }
  }

  get #field() {
    return /** @type {HTMLInputElement} */ (this.querySelector("input"));
  }

  get #buttons() {
    return /** @type {HTMLElement[]} */ ([...this.querySelectorAll("button[data-emoji]")]);
  }

  render() {
    const say = words();
    return html`<div class="menu emoji" popover="auto" role="dialog" aria-label=${say.emoji} @toggle=${this.toggled} @keydown=${this.#keys}>
      <div class="box"><input type="search" aria-label=${say.searchEmoji} placeholder=${say.searchEmoji} autocomplete="off" @input=${this.#typed} /></div>
      <div class="shelf" @click=${this.#pressed} role="group" aria-label=${say.emoji}>${this.#shelf()}</div>
    </div>`;
  }

  #shelf() {
    const say = words();
    if (this.failed) return html`<p class="hint" role="alert">${say.problems.offline}</p>`;
    if (this.query) {
      const found = searchEmoji(this.groups, this.query, FOUND);
      return found.length ? this.#grid(say.found, found) : html`<p class="hint" role="status">${say.noEmoji}</p>`;
    }
    return html`${this.#recentGrid()}${this.groups.map((group, index) => this.#grid(say.emojiGroups[GROUPS[index] ?? "symbols"], group))}`;
  }

  #recentGrid() {
    if (!this.recent.length) return nothing;
    const known = new Map(this.groups.flat().map((one) => [one.emoji, one]));
    const recent = this.recent.map((emoji) => known.get(emoji) ?? { emoji, codes: [], en: emoji, zh: emoji, words: "" });
    return this.#grid(words().recentEmoji, recent);
  }

  /** @param {string} title @param {Emoji[]} group */
  #grid(title, group) {
    const chinese = language() === "zh-Hans";
    return html`<h2>${title}</h2>
      <div class="grid" role="group" aria-label=${title}>
        ${group.map((one) => {
          const label = (chinese && one.zh) || one.en;
          return html`<button type="button" tabindex="-1" data-emoji=${one.emoji} aria-label=${label} title=${one.codes[0] ? `${label} :${one.codes[0]}:` : label}>${one.emoji}</button>`;
        })}
      </div>`;
  }

  updated() {
    // Tab reaches the first, the arrows the others.
    const first = this.#buttons[0];
    if (first) first.tabIndex = 0;
  }

  #typed() {
    this.query = this.#field.value.trim();
  }

  /** @param {Event} event */
  #pressed(event) {
    const button = /** @type {HTMLElement} */ (event.target).closest("button");
    if (button?.dataset.emoji) this.#choose(button.dataset.emoji);
  }

  /** @param {string} emoji */
  #choose(emoji) {
    choseEmoji(emoji);
    this.close();
    this.#chosen(emoji);
  }

  /** @param {KeyboardEvent} event */
  #keys(event) {
    if (event.isComposing) return;
    const buttons = this.#buttons;
    const at = buttons.indexOf(/** @type {HTMLElement} */ (event.target));
    if (event.key === "Enter" && at < 0) {
      event.preventDefault();
      const first = this.query ? buttons[0]?.dataset.emoji : undefined;
      if (first) this.#choose(first);
      return;
    }
    const step = this.#step(event.key, buttons, at);
    if (step === undefined) return;
    event.preventDefault();
    (step < 0 ? this.#field : buttons[step])?.focus();
  }

  /** Where an arrow leads: an index, or -1 for the field. @param {string} key @param {HTMLElement[]} buttons @param {number} at */
  #step(key, buttons, at) {
    if (at < 0) return key === "ArrowDown" && buttons.length ? 0 : undefined;
    if (key === "ArrowRight") return Math.min(at + 1, buttons.length - 1);
    if (key === "ArrowLeft") return at - 1;
    if (key !== "ArrowDown" && key !== "ArrowUp") return undefined;
    const here = /** @type {HTMLElement} */ (buttons[at]).getBoundingClientRect();
    const down = key === "ArrowDown";
    const ahead = down ? buttons.slice(at + 1) : buttons.slice(0, at).reverse();
    // The nearest row on that side, and there what stands nearest.
    const row = ahead.find((one) => (down ? one.getBoundingClientRect().top > here.top + 1 : one.getBoundingClientRect().top < here.top - 1))?.getBoundingClientRect().top;
    if (row === undefined) return down ? at : -1;
    const inRow = ahead.filter((one) => Math.abs(one.getBoundingClientRect().top - row) < 1);
    const nearest = inRow.sort((a, b) => Math.abs(a.getBoundingClientRect().left - here.left) - Math.abs(b.getBoundingClientRect().left - here.left))[0];
    return nearest ? buttons.indexOf(nearest) : at;
  }
}

customElements.define("teahouse-emoji", TeahouseEmoji);
