/** A room's page: what it is about, who belongs to it, and what one may do with it; nothing that one may not. */

import { icons } from "../icons.js";
import { levelOf } from "../attention.js";
import { html, nothing, repeat } from "../lit.js";
import { Disconnected, Refused } from "../socket.js";
import { languageOf, words } from "../words.js";
import "./finder.js";
import { Light } from "./light.js";
import { badge, cup } from "./message.js";

/** @import { Client, Feed } from "../clients.js" */
/** @import { RoomState, Who } from "../types.js" */

const PAGE = 100; // members
const RANKS = ["guest", "member", "moderator", "owner"];
/** Who has it at least: in an open room, and in a private one. As teahouse/rights.py says it. */
const RIGHTS = /** @type {const} */ ([
  ["mayRead", 0, 1],
  ["maySpeak", 0, 1],
  ["mayInvite", 1, 2],
  ["mayChange", 2, 2],
  ["mayRemove", 2, 2],
  ["mayArchive", 2, 2],
  ["mayRoles", 3, 3],
]);

/** Where others have a button: what stands before it is in one line with theirs. */
const GAP = html`<span class="gap"></span>`;

/** @typedef {{person: Who, role: string}} Belonging */

export class TeahouseDetails extends Light {
  static properties = {
    client: { attribute: false },
    feed: { attribute: false },
    framed: { attribute: false },
    version: { attribute: false },
    language: { attribute: false },
    members: { state: true },
    editing: { state: true },
    sure: { state: true },
  };

  #asked = -1;

  constructor() {
    super();
    /** @type {Client} */
    this.client;
    /** @type {Feed} */
    this.feed;
    /** Whether there is somewhere to write to one person. */
    this.framed = false;
    this.version = 0;
    this.language = "";
    /** @type {{list: Belonging[], count: number, more: boolean}} */
    this.members = { list: [], count: 0, more: false };
    this.editing = false;
    /** What the next press does for good. */
    this.sure = "";
  }

  willUpdate() {
    const { members = 0, state } = this.feed;
    if (state !== "live" || this.#asked === members) return;
    this.#asked = members;
    this.#read();
  }

  /** @param {number} [after]  The last person of those that are there. */
  async #read(after) {
    try {
      const answer = await this.client.command("members", { room: this.feed.slug, limit: PAGE, after });
      const before = after === undefined ? [] : this.members.list;
      this.members = { list: [...before, ...answer.members], count: answer.count, more: answer.more };
    } catch (error) {
      if (!(error instanceof Refused || error instanceof Disconnected)) throw error;
      this.#asked = -1;
    }
  }

  /** @param {string} right */
  #may(right) {
    return this.feed.may?.includes(right) ?? false;
  }

  /** @param {string} name @param {Record<string, unknown>} fields */
  #command(name, fields) {
    this.act("command", { name, fields: { room: this.feed.slug, ...fields } });
  }

  render() {
    const say = words();
    const { room } = this.feed.store;
    if (!room) return nothing;
    const direct = room.kind === "direct";
    return html`<div class="side-head"><h2>${say.aboutRoom}</h2>
        <button type="button" class="plain" aria-label=${say.close} @click=${() => this.act("about")}>${icons.close}</button></div>
      ${this.editing && this.#may("change") ? this.#form(room) : this.#about(room)}
      ${this.client.you ? this.#level(room) : nothing}
      ${this.#people()}
      ${this.#may("invite") ? this.#invite() : nothing}
      ${this.#ways(room)}
      ${direct ? nothing : this.#table(room)}`;
  }

  /** @param {RoomState} room */
  #about(room) {
    const say = words();
    const kind = room.kind === "direct" ? say.isDirect : room.kind === "private" ? say.isPrivate : say.isOpen;
    return html`<div class="about">
      ${room.topic ? html`<p lang=${languageOf(room.topic) ?? nothing}>${room.topic}</p>` : nothing}
      <p class="faded">${kind}${room.speaking === "moderators" ? ` ${say.isAnnouncing}` : ""}${room.archived ? ` ${say.isArchived}` : ""}</p>
      <p class="buttons">
        ${this.#may("change") ? html`<button type="button" class="small" @click=${() => (this.editing = true)}>${say.changeRoom}</button>` : nothing}
        ${this.feed.store.first ? html`<button type="button" class="small on-phone" aria-haspopup="dialog" @click=${(/** @type {MouseEvent} */ event) => this.act("dates", { button: event.currentTarget })}>${say.goToDate}</button>` : nothing}
      </p>
    </div>`;
  }

  /** @param {RoomState} room */
  #level({ kind }) {
    const say = words();
    const level = levelOf(this.client.rooms.get(this.feed.slug)?.level ?? "", kind);
    const choices = [["all", say.levelAll], ["mentions", say.levelMentions], ["nothing", say.levelNothing]];
    return html`<div class="about fields"><label>${say.level}<select name="level" @change=${(/** @type {Event} */ event) => this.#command("settings", { level: /** @type {HTMLSelectElement} */ (event.target).value })}>
      ${choices.map(([value, label]) => html`<option value=${value} ?selected=${value === level}>${label}</option>`)}
    </select></label></div>`;
  }

  /** @param {RoomState} room */
  #form(room) {
    const say = words();
    return html`<form class="about fields" @submit=${this.#save}>
      <label>${say.title}<input name="title" required maxlength="120" .value=${room.title} autocomplete="off" /></label>
      <label>${say.topic}<textarea name="topic" maxlength="500" rows="2" .value=${room.topic}></textarea></label>
      <label class="check"><input type="checkbox" name="announcing" .checked=${room.speaking === "moderators"} />${say.onlyModeratorsSpeak}</label>
      ${this.#may("kind") ? html`<label class="check"><input type="checkbox" name="private" .checked=${room.kind === "private"} />${say.onlyMembersRead}</label>` : nothing}
      <p class="buttons"><button class="strong">${say.save}</button><button type="button" class="link" @click=${() => (this.editing = false)}>${say.cancel}</button></p>
    </form>`;
  }

  /** Only what is another than it was. @param {SubmitEvent} event */
  #save(event) {
    event.preventDefault();
    const given = new FormData(/** @type {HTMLFormElement} */ (event.target));
    const room = /** @type {RoomState} */ (this.feed.store.room);
    /** @type {Record<string, unknown>} */
    const wanted = {
      title: String(given.get("title")).trim(),
      topic: String(given.get("topic")).trim(),
      speaking: given.has("announcing") ? "moderators" : "everyone",
      ...(this.#may("kind") ? { kind: given.has("private") ? "private" : "open" } : {}),
    };
    const changed = Object.fromEntries(Object.entries(wanted).filter(([name, value]) => value !== /** @type {any} */ (room)[name]));
    if (Object.keys(changed).length) this.#command("change", changed);
    this.editing = false;
  }

  #people() {
    const say = words();
    const { list, count, more } = this.members;
    return html`<h3>${say.members(count)}</h3>
      <ul class="people">${repeat(list, ({ person }) => person.id, (one) => this.#member(one))}</ul>
      ${more ? html`<button type="button" class="link" @click=${() => this.#read(list.at(-1)?.person.id)}>${say.moreMembers}</button>` : nothing}`;
  }

  /** @param {Belonging} belonging */
  #member({ person, role }) {
    const say = words();
    const own = person.id === this.client.you?.id;
    const direct = this.feed.store.room?.kind === "direct";
    return html`<li>${cup(person)}<span class="name" lang=${languageOf(person.name) ?? nothing}>${person.name}</span>${own ? html`<span class="faded">(${say.you})</span>` : badge(person)}
      <span class="end">
        ${this.#may("roles") ? this.#roles(person, role) : role === "member" || direct ? nothing : html`<span class="faded">${say.roles[role]}</span>`}
        ${this.framed && !direct && this.client.may.includes("direct") ? (own ? GAP : html`<button type="button" class="plain" aria-label="${say.writeTo(person.name)}" title=${say.writeTo(person.name)} @click=${() => this.act("write-to", { people: [person.id] })}>${icons.write}</button>`) : nothing}
        ${!this.#may("remove") ? nothing : own || RANKS.indexOf(role) > RANKS.indexOf(this.feed.role ?? "owner") ? GAP : this.#sureButton(`remove ${person.id}`, icons.close, say.removePerson(person.name), () => this.#command("remove", { person: person.id }))}
      </span></li>`;
  }

  /** @param {Who} person @param {string} role */
  #roles(person, role) {
    const say = words();
    const give = (/** @type {Event} */ event) => {
      const select = /** @type {HTMLSelectElement} */ (event.target);
      this.#command("role", { person: person.id, role: select.value });
      select.value = role; // Until the server has said so.
    };
    return html`<select aria-label=${say.roleOf(person.name)} @change=${give}>
      ${["member", "moderator", "owner"].map((one) => html`<option value=${one} ?selected=${one === role}>${say.roles[one]}</option>`)}
    </select>`;
  }

  /** The first press asks. @param {string} what @param {unknown} icon @param {string} label @param {() => void} act */
  #sureButton(what, icon, label, act) {
    const sure = this.sure === what;
    const press = () => {
      if (sure) act();
      this.sure = sure ? "" : what;
    };
    return html`<button type="button" class=${sure ? "small danger" : "plain"} aria-label=${label} title=${label} @click=${press} @blur=${() => (this.sure = "")}>${sure ? words().surely : icon}</button>`;
  }

  #invite() {
    const say = words();
    if (!this.client.may.includes("people")) return nothing;
    return html`<h3>${say.invite}</h3>
      <teahouse-finder
        .client=${this.client}
        .label=${say.add}
        .without=${new Set(this.members.list.map(({ person }) => person.id))}
        .language=${this.language}
        @teahouse-act=${this.#chosen}
      ></teahouse-finder>`;
  }

  /** @param {CustomEvent<{action: string, who: Who}>} event */
  #chosen(event) {
    event.stopPropagation();
    this.#command("invite", { people: [event.detail.who.id] });
  }

  /** In and out, and the room's end. @param {RoomState} room */
  #ways(room) {
    const say = words();
    const button = (/** @type {string} */ text, /** @type {() => void} */ act) => html`<button type="button" class="small" @click=${act}>${text}</button>`;
    const ask = (/** @type {string} */ what, /** @type {string} */ text, /** @type {() => void} */ act) => {
      const sure = this.sure === what;
      return html`<button type="button" class=${sure ? "small danger" : "small"} @blur=${() => (this.sure = "")} @click=${() => {
        if (sure) act();
        this.sure = sure ? "" : what;
      }}>${sure ? say.surely : text}</button>`;
    };
    return html`<p class="buttons ways">
      ${this.#may("join") ? button(say.join, () => this.#command("join", {})) : nothing}
      ${this.#may("archive") ? (room.archived ? button(say.unarchive, () => this.#command("archive", { on: false })) : ask("archive", say.archive, () => this.#command("archive", { on: true }))) : nothing}
      ${this.#may("leave") ? ask("leave", room.kind === "direct" ? say.leaveDirect : say.leaveRoom, () => this.#command("leave", {})) : nothing}
    </p>`;
  }

  /** Who may do what here. @param {RoomState} room */
  #table(room) {
    const say = words();
    return html`<details class="rights"><summary>${say.whoMay}</summary>
      <table>
        <thead><tr><td></td>${RANKS.map((rank) => html`<th scope="col" title=${say.roles[rank]}>${say.rolesShort[rank]}</th>`)}</tr></thead>
        <tbody>${RIGHTS.map(([right, open, inPrivate]) => {
          const announcing = right === "maySpeak" && room.speaking === "moderators";
          const least = announcing ? 2 : room.kind === "private" ? inPrivate : open;
          return html`<tr><th scope="row">${say[right]}</th>${RANKS.map((_, rank) => html`<td>${rank >= least ? html`<span aria-label=${say.yes}>✓</span>` : html`<span aria-label=${say.no}>–</span>`}</td>`)}</tr>`;
        })}</tbody>
      </table></details>`;
  }
}

customElements.define("teahouse-details", TeahouseDetails);
