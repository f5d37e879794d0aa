/** The head of a room: its title, and the buttons for what stands beside the conversation. */

import { icons } from "../icons.js";
import { html, nothing } from "../lit.js";
import { languageOf, words } from "../words.js";

/** @import { Feed } from "../feed.js" */
/** @import { TeahouseRoom } from "./room.js" */

/** @param {TeahouseRoom} room @param {Feed} feed */
export function roomHead(room, { store, may }) {
  const { topic } = store.room ?? {};
  const say = words();
  return html`<header class="room-head">
    ${room.back ? html`<button type="button" class="plain back" aria-label=${say.toRooms} @click=${() => room.say("teahouse-back")}>${icons.back}</button>` : nothing}
    <div class="titles">
      <h1 lang=${languageOf(room.heading) ?? nothing}>${room.heading}</h1>
      ${topic ? html`<p class="topic" lang=${languageOf(topic) ?? nothing}>${topic}</p>` : nothing}
    </div>
    <div class="room-tools">
    ${store.first ? html`<button type="button" class="plain to-date-of" aria-haspopup="dialog" aria-label=${say.goToDate} title=${say.goToDate} @click=${(/** @type {MouseEvent} */ event) => dates(room, event)}>${icons.calendar}</button>` : nothing}
    ${store.here.count
      ? html`<button type="button" class="plain count" aria-expanded=${room.showsPeople ? "true" : "false"} aria-label=${say.here(store.here.count)} @click=${() => room.togglePeople()}>
          ${icons.people}<span class="in-words">${say.here(store.here.count)}</span><span class="in-short">${say.number(store.here.count)}</span>
        </button>`
      : nothing}
    ${may?.includes("join") ? html`<button type="button" class="small join" @click=${() => room.join()}>${say.join}</button>` : nothing}
    ${may && !room.isMissing
      ? html`<button type="button" class="plain info" aria-label=${say.aboutRoom} title=${say.aboutRoom} aria-expanded=${room.details && !room.hasThread ? "true" : "false"} @click=${() => room.toggleDetails()}>${icons.info}</button>`
      : nothing}
    </div>
  </header>`;
}

/** @param {TeahouseRoom} room @param {MouseEvent} event */
function dates(room, event) {
  return room.one("teahouse-dates").show(/** @type {HTMLElement} */ (event.currentTarget));
}
