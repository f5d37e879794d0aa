/** The list of rooms and conversations, with what is unread in each. */

import { icons } from "../icons.js";
import { classMap, html, nothing, repeat } from "../lit.js";
import { titleOf } from "../rooms-store.js";
import { languageOf, words } from "../words.js";
import { Light } from "./light.js";
import { cup } from "./message.js";

/** @import { Client } from "../clients.js" */
/** @import { Listed } from "../rooms-store.js" */

export class TeahouseRooms extends Light {
  static properties = {
    client: { attribute: false },
    current: { attribute: false },
    addressOf: { attribute: false },
    version: { attribute: false },
    language: { attribute: false },
  };

  constructor() {
    super();
    /** @type {Client} */
    this.client;
    /** The room that is looked at. */
    this.current = "";
    /** @type {(room: string) => string} */
    this.addressOf = (room) => room;
    this.version = 0;
    this.language = "";
  }

  render() {
    const say = words();
    const { rooms, direct, archived } = this.client.rooms.lists();
    const { you } = this.client;
    return html`${this.#group(say.rooms, rooms, you ? this.#button(say.browse, icons.plus, "browse") : nothing)}
      ${this.client.may.includes("direct") || direct.length ? this.#group(say.direct, direct, this.client.may.includes("direct") ? this.#button(say.newDirect, icons.plus, "direct") : nothing) : nothing}
      ${archived.length
        ? html`<details class="archived" ?open=${archived.some((one) => one.room === this.current)}>
            <summary>${say.archivedRooms(archived.length)}</summary>
            ${this.#list(archived, say.archivedRooms(archived.length))}
          </details>`
        : nothing}`;
  }

  /** @param {string} title @param {Listed[]} listed @param {unknown} button */
  #group(title, listed, button) {
    return html`<div class="group-head"><h2>${title}</h2>${button}</div>
      ${listed.length ? this.#list(listed, title) : nothing}`;
  }

  /** @param {string} label @param {unknown} icon @param {string} action */
  #button(label, icon, action) {
    return html`<button type="button" class="plain" aria-label=${label} title=${label} @click=${() => this.act(action)}>${icon}</button>`;
  }

  /** @param {Listed[]} listed @param {string} label */
  #list(listed, label) {
    return html`<ul class="listed" aria-label=${label}>${repeat(listed, (one) => one.room, (one) => html`<li>${this.#row(one)}</li>`)}</ul>`;
  }

  /** @param {Listed} listed */
  #row(listed) {
    const say = words();
    const title = titleOf(listed, this.client.you?.id);
    const { room, unread, mentions } = listed;
    const others = listed.people.filter((one) => one.id !== this.client.you?.id);
    const isHere = listed.kind === "direct" && others.length === 1 && this.client.around.has(others[0]?.id ?? 0);
    // Who is called in a thread has nothing unread in the room itself.
    const count = Math.max(unread, mentions);
    const named = mentions > 0 || (listed.kind === "direct" && unread > 0);
    return html`<a
      class=${classMap({ entry: true, unread: count > 0, named })}
      href=${this.addressOf(room)}
      aria-current=${room === this.current ? "page" : nothing}
      >${this.#sign(listed, isHere)}<span class="title" lang=${languageOf(title) ?? nothing}>${title}</span>${isHere ? html`<span class="unseen">, ${say.isHere}</span>` : nothing}
      ${count > 0 ? html`<span class="number" aria-hidden="true">${mentions && listed.kind !== "direct" ? "@" : ""}${say.number(count)}</span><span class="unseen">, ${say.unread(count, mentions)}</span>` : nothing}</a>`;
  }

  /** @param {Listed} listed @param {boolean} isHere */
  #sign({ kind, people }, isHere) {
    const who = people.find((one) => one.id !== this.client.you?.id) ?? people[0];
    if (kind === "direct" && who) return isHere ? html`<span class="is-here">${cup(who)}</span>` : cup(who);
    return html`<span class="sign">${kind === "private" ? icons.lock : icons.hash}</span>`;
  }
}

customElements.define("teahouse-rooms", TeahouseRooms);
