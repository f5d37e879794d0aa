/** To any room or person by some letters of the name. */

import { icons } from "../icons.js";
import { html, nothing, repeat } from "../lit.js";
import { titleOf } from "../rooms-store.js";
import { Disconnected, Refused } from "../socket.js";
import { languageOf, words } from "../words.js";
import { Dialog } from "./dialog.js";
import { badge, cup } from "./message.js";

/** @import { Client } from "../clients.js" */
/** @import { Listed } from "../rooms-store.js" */
/** @import { RoomState, Who } from "../types.js" */

const MOST = 8; // of a kind
const PAUSE = 120; // ms without a key before the server is asked

/** @typedef {{id: string, room?: RoomState | Listed, person?: Who}} Choice */

export class TeahouseSwitcher extends Dialog {
  static properties = {
    ...Dialog.properties,
    client: { attribute: false },
    version: { attribute: false },
    text: { state: true },
    found: { state: true },
    at: { state: true },
  };

  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #asking;

  constructor() {
    super();
    /** @type {Client} */
    this.client;
    this.version = 0;
    this.text = "";
    /** What the server knows besides. @type {{rooms: RoomState[], people: Who[]}} */
    this.found = { rooms: [], people: [] };
    /** The chosen line. */
    this.at = 0;
  }

  get heading() {
    return words().goTo;
  }

  async open() {
    this.text = "";
    this.found = { rooms: [], people: [] };
    this.at = 0;
    await super.open();
    this.#ask();
  }

  /** @returns {Choice[]} */
  get #choices() {
    const { rooms } = this.client;
    const own = rooms.all().filter((one) => this.#fits(titleOf(one, this.client.you?.id), one.room));
    own.sort((a, b) => Number(b.unread > 0) - Number(a.unread > 0) || Number(a.archived) - Number(b.archived));
    const others = this.found.rooms.filter((one) => !rooms.get(one.room) && this.#fits(one.title, one.room));
    const people = this.found.people.filter((who) => who.id !== this.client.you?.id);
    return [
      ...[...own.slice(0, MOST), ...others.slice(0, MOST)].map((room) => ({ id: `room-${room.room}`, room })),
      ...people.slice(0, MOST).map((person) => ({ id: `person-${person.id}`, person })),
    ];
  }

  /** @param {string[]} names */
  #fits(...names) {
    const wanted = this.text.trim().toLocaleLowerCase();
    return names.some((name) => name.toLocaleLowerCase().includes(wanted));
  }

  inside() {
    const say = words();
    const choices = this.#choices;
    const at = Math.min(this.at, choices.length - 1);
    return html`<div class="box">
        <input
          type="text"
          role="combobox"
          aria-expanded="true"
          aria-controls="teahouse-found"
          aria-autocomplete="list"
          aria-activedescendant=${at >= 0 ? `found-${at}` : nothing}
          aria-label=${say.goToHint}
          placeholder=${say.goToHint}
          autocomplete="off"
          autocapitalize="off"
          spellcheck="false"
          autofocus
          .value=${this.text}
          @input=${this.#typed}
          @keydown=${this.#keys}
        />
      </div>
      <ul role="listbox" class="found" id="teahouse-found" aria-label=${say.goTo}>
        ${repeat(choices, (one) => one.id, (one, index) => this.#line(one, index, index === at))}
      </ul>
      ${choices.length ? nothing : html`<p class="hint" role="status">${say.nothingFound(this.text)}</p>`}`;
  }

  /** @param {Choice} choice @param {number} index @param {boolean} chosen */
  #line(choice, index, chosen) {
    const { room, person } = choice;
    const title = person?.name ?? (room ? titleOf(room, this.client.you?.id) : "");
    const unread = room && "unread" in room ? room.unread : 0;
    const who = person ?? (room?.kind === "direct" ? room.people?.find((one) => one.id !== this.client.you?.id) : undefined);
    return html`<li role="option" id="found-${index}" aria-selected=${chosen ? "true" : "false"} @click=${() => this.#take(choice)} @mousemove=${() => (this.at = index)}>
      ${who ? cup(who) : html`<span class="sign">${room?.kind === "private" ? icons.lock : icons.hash}</span>`}
      <span class="title" lang=${languageOf(title) ?? nothing}>${title}</span>${person ? badge(person) : nothing}
      ${unread ? html`<span class="number">${words().number(unread)}</span>` : nothing}
    </li>`;
  }

  /** @param {Event} event */
  #typed(event) {
    this.text = /** @type {HTMLInputElement} */ (event.target).value;
    this.at = 0;
    clearTimeout(this.#asking);
    this.#asking = setTimeout(() => this.#ask(), PAUSE);
  }

  /** What the page does not know itself; without a line one goes on with what it knows. */
  async #ask() {
    const search = this.text.trim();
    const people = search && this.client.may.includes("people") ? this.client.command("people", { search, limit: MOST }) : { people: [] };
    const answers = await Promise.allSettled([this.client.command("rooms", { search: search || undefined, limit: MOST }), people]);
    for (const answer of answers) {
      if (answer.status === "rejected" && !(answer.reason instanceof Refused || answer.reason instanceof Disconnected)) throw answer.reason;
    }
    if (search !== this.text.trim()) return;
    const [rooms, named] = answers.map((answer) => (answer.status === "fulfilled" ? answer.value : {}));
    this.found = { rooms: rooms.rooms ?? [], people: named.people ?? [] };
  }

  /** @param {KeyboardEvent} event */
  #keys(event) {
    if (event.isComposing || event.keyCode === 229) return;
    const choices = this.#choices;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && choices.length) {
      event.preventDefault();
      this.at = (Math.min(this.at, choices.length - 1) + step + choices.length) % choices.length;
      this.updateComplete.then(() => this.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" }));
    } else if (event.key === "Enter") {
      event.preventDefault();
      const chosen = choices[Math.min(this.at, choices.length - 1)];
      if (chosen) this.#take(chosen);
    }
  }

  /** @param {Choice} choice */
  #take({ room, person }) {
    this.close();
    if (room) this.act("go", { room: room.room });
    else this.act("write-to", { people: [person?.id] });
  }
}

customElements.define("teahouse-switcher", TeahouseSwitcher);
