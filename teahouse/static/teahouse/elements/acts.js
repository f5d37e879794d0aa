/** What a person wants, as the parts of a room say it with "teahouse-act", carried out. */

import { stopBeingGuest } from "../guest.js";
import { keepNothing } from "../keeping.js";
import { problemOf } from "../socket.js";

/** @import { Client, Feed } from "../clients.js" */
/** @import { Message, Unsent, Who } from "../types.js" */
/** @import { TeahouseComposer } from "./composer.js" */
/** @import { TeahouseConversation } from "./conversation.js" */
/** @import { TeahouseRoom } from "./room.js" */

/** @typedef {{action: string, message: Message, pending: Unsent, button: HTMLElement, element: Element, emoji: string, on: boolean, you: Who, count: number, name: string, fields: Record<string, unknown>, people: number[], seq: number, mark?: boolean, focus?: boolean, at: string, chosen: (emoji: string) => void}} Act */

/** Where something is wanted: in a room, or in one of its threads. @typedef {{feed: Feed, conversation: TeahouseConversation, composer: TeahouseComposer | null}} Place */

/** @param {TeahouseRoom} room @param {Act} act @param {Client} client @param {Place} place @returns {unknown} */
export function carryOut(room, { action, message, pending, button, element, emoji, on, you, count, name, fields, people, ...more }, client, { feed, conversation, composer }) {
  switch (action) {
    case "sent":
      return conversation.follow();
    case "menu":
      return room.one("teahouse-menu").show(message, button, client.you?.id ?? null);
    case "edit":
      return composer?.edit(message);
    case "go":
      return goTo(room, feed, conversation, more);
    case "date":
      room.uncover();
      return conversation.goTo({ at: more.at });
    case "dates":
      return room.one("teahouse-dates").show(button, more.at);
    case "reply":
      return composer?.reply(message);
    case "edits":
      return showEdits(room, client, feed, message, button);
    case "unread":
      return conversation.keepUnread(message);
    case "link":
      return navigator.clipboard.writeText(new URL(room.link(message.seq), document.baseURI).href);
    case "copy":
      return navigator.clipboard.writeText(message.text ?? "");
    case "delete":
      return client.delete(feed, message.id);
    case "react":
      return client.react(feed, message.id, emoji, on);
    case "pick":
      return room.one("teahouse-emoji").show(button, (chosen) => react(room, client, feed, message, chosen));
    case "emoji":
      return room.one("teahouse-emoji").show(button, more.chosen);
    case "again":
      return client.outgoing.again(feed, pending.key);
    case "discard":
      return client.outgoing.discard(feed, pending.key);
    case "rewrite":
      client.outgoing.discard(feed, pending.key);
      return composer?.takeBack(pending.text, pending.reply);
    case "unfocused":
      return conversation.refocus(element);
    case "thread":
      return room.openThread(message.id, { seq: more.seq, from: button });
    case "close-thread":
      return room.closeThread();
    case "unseen":
      return feed.thread === undefined ? showCount(room, count) : undefined;
    case "people":
      return room.togglePeople();
    case "about":
      room.details = false;
      return /** @type {HTMLElement | null} */ (room.renderRoot.querySelector(".info"))?.focus();
    case "command":
      return client.command(name, fields);
    case "write-to":
      return room.dispatchEvent(new CustomEvent("teahouse-write-to", { bubbles: true, composed: true, detail: { people } }));
    case "named":
      return room.named(you);
    case "leave":
      return leave(room);
    default:
      throw new Error(`nobody does "${action}"`);
  }
}

/**
 * To a message; from a thread to one of the same, or else of the room.
 * @param {TeahouseRoom} room @param {Feed} feed @param {TeahouseConversation} conversation
 * @param {{seq: number, mark?: boolean, focus?: boolean}} where
 */
function goTo(room, { store, thread }, conversation, where) {
  if (thread === undefined || store.holds(where.seq)) return conversation.goTo({ around: where.seq }, where);
  if (store.message(thread)?.seq === where.seq) return conversation.toBeginning();
  return room.one("teahouse-conversation").goTo({ around: where.seq }, where);
}

/** @param {TeahouseRoom} room @param {Client} client @param {Feed} feed @param {Message} message @param {string} emoji */
async function react(room, client, feed, message, emoji) {
  try {
    await client.react(feed, message.id, emoji, true);
  } catch (error) {
    room.tell(problemOf(error));
  }
}

/** @param {TeahouseRoom} room @param {Client} client @param {Feed} feed @param {Message} message @param {HTMLElement} button */
function showEdits(room, client, feed, message, button) {
  const now = feed.store.message(message.id) ?? message;
  return room.one("teahouse-edits").show(now, button, () => client.edits(feed, message.id));
}

/** In the window's title, where the page is a room's own. @param {TeahouseRoom} room @param {number} count */
function showCount(room, count) {
  if (!room.hasAttribute("counts-in-title")) return;
  const title = document.title.replace(/^\(\d+\) /, "");
  document.title = count ? `(${count}) ${title}` : title;
}

/** @param {TeahouseRoom} room */
async function leave(room) {
  await stopBeingGuest(room.guestUrl);
  await keepNothing();
  location.reload();
}
