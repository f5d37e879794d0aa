/** Open rooms to look into, and a new one. */

import { icons } from "../icons.js";
import { html, nothing, repeat } from "../lit.js";
import { problemOf } from "../socket.js";
import { languageOf, words } from "../words.js";
import { Dialog } from "./dialog.js";

/** @import { Client } from "../clients.js" */
/** @import { Problem, RoomState } from "../types.js" */

const PAGE = 30;
const PAUSE = 120; // ms without a key before the server is asked

export class TeahouseMaking extends Dialog {
  static properties = {
    ...Dialog.properties,
    client: { attribute: false },
    making: { state: true },
    text: { state: true },
    found: { state: true },
    problem: { state: true },
  };

  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #asking;

  constructor() {
    super();
    /** @type {Client} */
    this.client;
    /** Whether the form of a new room is shown, instead of the rooms that are there. */
    this.making = false;
    this.text = "";
    /** @type {{rooms: (RoomState & {members: number, joined: boolean})[], more: boolean}} */
    this.found = { rooms: [], more: false };
    /** @type {Problem | null} */
    this.problem = null;
  }

  get heading() {
    return this.making ? words().newRoom : words().openRooms;
  }

  async open() {
    this.making = false;
    this.text = "";
    this.problem = null;
    await super.open();
    await this.#ask();
  }

  inside() {
    const { problem } = this;
    return html`${this.head()}${this.making ? this.#form() : this.#rooms()}
      ${problem ? html`<p class="wrong" role="alert">${words().problems[problem.code] ?? problem.message}</p>` : nothing}`;
  }

  #rooms() {
    const say = words();
    const { rooms, more } = this.found;
    return html`<div class="finding-head"><div class="box"><input type="search" aria-label=${say.findRooms} placeholder=${say.findRooms} autocomplete="off" .value=${this.text} @input=${this.#typed} autofocus /></div>
        ${this.client.may.includes("make") ? html`<button type="button" class="strong" @click=${this.#toForm}>${say.newRoom}</button>` : nothing}</div>
      <ul class="open-rooms">${repeat(rooms, (one) => one.room, (one) => html`<li>
        <button type="button" @click=${() => this.#go(one.room)}>
          <span class="sign">${one.archived ? icons.archive : icons.hash}</span>
          <span class="what"><span class="title" lang=${languageOf(one.title) ?? nothing}>${one.title}</span>
            ${one.topic ? html`<span class="faded" lang=${languageOf(one.topic) ?? nothing}>${one.topic}</span>` : nothing}</span>
          <span class="faded">${one.joined ? `${say.joined} · ` : ""}${say.membersShort(one.members)}</span>
        </button></li>`)}</ul>
      ${more ? html`<button type="button" class="link" @click=${() => this.#ask(rooms.at(-1)?.room)}>${say.moreRooms}</button>` : nothing}
      ${rooms.length || !this.text ? nothing : html`<p class="hint" role="status">${say.nothingFound(this.text)}</p>`}`;
  }

  #form() {
    const say = words();
    return html`<form class="fields" @submit=${this.#make}>
      <label>${say.title}<input name="title" required maxlength="120" autocomplete="off" autofocus /></label>
      <label>${say.topic}<input name="topic" maxlength="500" autocomplete="off" /></label>
      ${this.client.may.includes("private") ? html`<label class="check"><input type="checkbox" name="private" />${say.onlyMembersRead}</label>` : nothing}
      ${this.client.you?.kind === "guest" ? nothing : html`<label class="check"><input type="checkbox" name="announcing" />${say.onlyModeratorsSpeak}</label>`}
      <p class="buttons"><button class="strong">${say.makeIt}</button><button type="button" class="link" @click=${() => (this.making = false)}>${say.cancel}</button></p>
    </form>`;
  }

  async #toForm() {
    this.making = true;
    this.problem = null;
    await this.updateComplete;
    /** @type {HTMLElement | null} */ (this.querySelector("input[name=title]"))?.focus();
  }

  /** @param {SubmitEvent} event */
  async #make(event) {
    event.preventDefault();
    const given = new FormData(/** @type {HTMLFormElement} */ (event.target));
    const topic = String(given.get("topic")).trim();
    try {
      const { room } = await this.client.command("make", {
        kind: given.has("private") ? "private" : "open",
        title: String(given.get("title")).trim(),
        ...(topic ? { topic } : {}),
        ...(given.has("announcing") ? { speaking: "moderators" } : {}),
      });
      this.#go(room.room);
    } catch (error) {
      this.problem = problemOf(error);
    }
  }

  /** @param {string} room */
  #go(room) {
    this.close();
    this.act("go", { room });
  }

  /** @param {Event} event */
  #typed(event) {
    this.text = /** @type {HTMLInputElement} */ (event.target).value;
    clearTimeout(this.#asking);
    this.#asking = setTimeout(() => this.#ask(), PAUSE);
  }

  /** @param {string} [after]  The last room of those that are there. */
  async #ask(after) {
    const search = this.text.trim() || undefined;
    try {
      const { rooms, more } = await this.client.command("rooms", { search, after, limit: PAGE });
      if (search !== (this.text.trim() || undefined)) return;
      this.found = { rooms: after === undefined ? rooms : [...this.found.rooms, ...rooms], more };
      this.problem = null;
    } catch (error) {
      this.problem = problemOf(error);
    }
  }
}

customElements.define("teahouse-making", TeahouseMaking);
