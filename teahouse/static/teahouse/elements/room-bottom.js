/** What stands below a conversation: the composer, or why nothing can be said here. And what stands there instead of one. */

import { addressOf, MAIN } from "../addresses.js";
import { html, nothing } from "../lit.js";
import { titleOf } from "../rooms-store.js";
import { language, words } from "../words.js";
import "./composer.js";
import "./name.js";
import "./state.js";

/** @import { Client, Feed } from "../clients.js" */
/** @import { TeahouseRoom } from "./room.js" */

/** For a room that is not there, or not this person's. @param {TeahouseRoom} room @param {Client} client @param {Feed} feed */
export function missingRoom(room, client, feed) {
  const say = words();
  const other = room.home ? another(room, client) : null;
  const home = other ? html`<a class="button" href=${addressOf(room.home, other.room)}>${other.room === MAIN ? say.toMain : say.toRoom(titleOf(other, client.you?.id))}</a>` : nothing;
  if (feed.problem?.code === "removed") return html`<div class="missing"><h2>${say.removedFromRoom}</h2><p>${say.removedHint}</p><p>${home}</p></div>`;
  return html`<div class="missing">
    <h2>${say.noRoom(room.room)}</h2>
    <p>${say.noRoomHint}</p>
    <p>
      ${room.nameless ? nothing : html`<button type="button" class="strong" @click=${() => client.retry(feed, true)}>${say.makeRoom}</button>`}
      ${home}
    </p>
  </div>`;
}

/** Where one may go instead: to the main room, or where that is the one, to the first of one's own. @param {TeahouseRoom} room @param {Client} client */
function another({ room }, client) {
  if (room !== MAIN && client.feeds.get(MAIN)?.state !== "refused") return { room: MAIN, title: "", kind: "open" };
  const { rooms, direct } = client.rooms.lists();
  return [...rooms, ...direct].find((one) => one.own && one.room !== room && one.room !== MAIN) ?? null;
}

/** @param {TeahouseRoom} room @param {Client} client @param {Feed} feed */
export function roomBottom(room, client, feed) {
  const say = words();
  if (room.nameless) {
    return html`<teahouse-name
      .url=${room.guestUrl}
      .signin=${room.signin}
      .signedOut=${client.socket.phase === "stopped"}
      .language=${language()}
    ></teahouse-name>`;
  }
  if (room.isMissing) return nothing;
  if (feed.problem) return html`<p class="closed">${say.problems[feed.problem.code] ?? feed.problem.message}</p>`;
  return html`${room.notice ? html`<p class="wrong notice" role="alert">${room.notice}</p>` : nothing}
    <teahouse-state .client=${client} .feed=${feed} .version=${room.version} .language=${language()}></teahouse-state>
    ${silence(feed) ?? composer(room, client, feed)}`;
}

/** Why nothing can be said here, if so. @param {Feed} feed */
export function silence({ store, may }) {
  const say = words();
  if (store.room?.archived) return html`<p class="closed">${say.archived}</p>`;
  if (!may || may.includes("speak")) return null;
  return html`<p class="closed">${store.room?.speaking === "moderators" ? say.announcing : say.problems.forbidden}</p>`;
}

/** @param {TeahouseRoom} room @param {Client} client @param {Feed} feed */
function composer(room, client, feed) {
  if (!client.you) return nothing;
  return html`<teahouse-composer
    .client=${client}
    .feed=${feed}
    .name=${room.heading}
    .version=${room.version}
    .language=${language()}
  ></teahouse-composer>`;
}
