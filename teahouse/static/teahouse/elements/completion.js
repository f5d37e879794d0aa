/** The list above the composer: people or emoji that the word at the caret may become. The focus stays in the field. */

import { begunAt, peopleFor } from "../complete.js";
import { choseEmoji, emojiGroups, searchEmoji } from "../emoji.js";
import { html, nothing } from "../lit.js";
import { problemOf } from "../socket.js";
import { language, languageOf, words } from "../words.js";
import { Light } from "./light.js";
import { badge, cup } from "./message.js";

/** @import { Client, Feed } from "../clients.js" */
/** @import { Begun } from "../complete.js" */
/** @import { Emoji } from "../emoji.js" */
/** @import { Who } from "../types.js" */

const MOST = 8;

/** @typedef {{key: string, insert: string, who?: Who, emoji?: Emoji}} Choice */

export class TeahouseCompletion extends Light {
  static properties = {
    language: { attribute: false },
    choices: { state: true },
    at: { state: true },
  };

  /** @type {Begun | null} */
  #begun = null;
  /** A list that the person closed stays closed until another word is begun. */
  #closedAt = -1;
  /** Names that the server found, by what was asked for. @type {Map<string, Who[]>} */
  #asked = new Map();

  constructor() {
    super();
    this.language = "";
    /** @type {Choice[]} */
    this.choices = [];
    /** Which is chosen by Enter or Tab. */
    this.at = 0;
  }

  get shown() {
    return this.choices.length > 0;
  }

  /** The id of the choice that the field names as its active one. */
  get active() {
    return this.shown ? `teahouse-choice-${this.at}` : undefined;
  }

  /**
   * The text or the caret has changed.
   * @param {HTMLTextAreaElement} field
   * @param {Client} client
   * @param {Feed} feed
   */
  async look(field, client, feed) {
    const begun = field.selectionStart === field.selectionEnd ? begunAt(field.value, field.selectionStart) : null;
    this.#begun = begun;
    if (!begun || begun.start === this.#closedAt) {
      if (!begun) this.#closedAt = -1;
      return this.#offer([]);
    }
    if (begun.kind === ":") return this.#offerEmoji(begun);
    this.#offerPeople(begun, client, feed);
    await this.#ask(begun, client, feed);
    if (this.#begun === begun) this.#offerPeople(begun, client, feed);
  }

  /** @param {Begun} begun */
  async #offerEmoji(begun) {
    try {
      const found = searchEmoji(await emojiGroups(), begun.query, MOST);
      if (this.#begun === begun) this.#offer(found.map((emoji) => ({ key: emoji.emoji, insert: emoji.emoji, emoji })));
    } catch {
      this.#offer([]); // It cannot be read at this moment: one writes on without.
    }
  }

  /** Who is here, then who spoke, then whom the server found. @param {Begun} begun @param {Client} client @param {Feed} feed */
  #offerPeople({ query }, client, { slug, store }) {
    const people = [...(store.here.people ?? []), ...store.speakers(), ...(this.#asked.get(`${slug} ${query}`) ?? [])];
    const others = people.filter((who) => who.id !== client.you?.id);
    this.#offer(peopleFor(others, query, MOST).map((who) => ({ key: String(who.id), insert: `@${who.name} `, who })));
  }

  /** Members who are not here. @param {Begun} begun @param {Client} client @param {Feed} feed */
  async #ask({ query }, client, { slug }) {
    const name = `${slug} ${query}`;
    if (!query || this.#asked.has(name)) return;
    this.#asked.set(name, []);
    try {
      this.#asked.set(name, await client.findMembers(slug, query, MOST));
    } catch (error) {
      problemOf(error); // Refused or offline: those who are here will do. Anything else is thrown.
    }
  }

  /** @param {Choice[]} choices */
  #offer(choices) {
    if (!choices.length && !this.choices.length) return;
    const before = this.choices[this.at]?.key;
    this.choices = choices;
    this.at = Math.max(0, choices.findIndex((one) => one.key === before));
    this.act("completing");
  }

  close() {
    this.#closedAt = this.#begun?.start ?? this.#closedAt;
    this.#begun = null; // What the server still answers opens it no more.
    this.#offer([]);
  }

  /**
   * Keys of the field while the list is shown.
   * @param {KeyboardEvent} event
   * @returns {boolean} Whether it was for the list.
   */
  key(event) {
    if (!this.shown) return false;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      this.at = (this.at + step + this.choices.length) % this.choices.length;
      this.act("completing");
    } else if (event.key === "Escape") this.close();
    else if ((event.key === "Enter" || event.key === "Tab") && !event.shiftKey) this.#choose(this.at);
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  }

  /** @param {number} index */
  #choose(index) {
    const choice = this.choices[index];
    const begun = this.#begun;
    if (!choice || !begun) return;
    if (choice.emoji) choseEmoji(choice.insert);
    this.#offer([]);
    this.act("complete", { begun, insert: choice.insert });
  }

  updated() {
    this.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
  }

  render() {
    if (!this.shown) return nothing;
    return html`<ul class="completion" role="listbox" id="teahouse-choices" aria-label=${words().suggestions} @mousedown=${(/** @type {Event} */ event) => event.preventDefault()}>
      ${this.choices.map((choice, index) => html`<li
        id="teahouse-choice-${index}"
        role="option"
        aria-selected=${index === this.at ? "true" : "false"}
        @click=${() => this.#choose(index)}
      >${choice.who ? person(choice.who) : choice.emoji ? picture(choice.emoji) : nothing}</li>`)}
    </ul>`;
  }
}

/** @param {Who} who */
function person(who) {
  return html`${cup(who)} <span class="name" lang=${languageOf(who.name) ?? nothing}>${who.name}</span>${badge(who)}`;
}

/** @param {Emoji} emoji */
function picture({ emoji, codes, en, zh }) {
  const label = (language() === "zh-Hans" && zh) || en;
  return html`<span class="picture">${emoji}</span> <span>${label}</span>${codes[0] ? html` <span class="faded">:${codes[0]}:</span>` : nothing}`;
}

customElements.define("teahouse-completion", TeahouseCompletion);
