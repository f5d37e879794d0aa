/** A room as a page follows it, and a new one. */

import { RoomStore } from "./store.js";

/** @import { Problem, RoomEvent } from "./types.js" */

/**
 * A room as this page follows it.
 * @typedef {object} Feed
 * @property {string} slug
 * @property {RoomStore} store
 * @property {"away" | "catching-up" | "live" | "refused" | "aside"} state  "aside": there is a session, and the room is not looked at.
 * @property {boolean} aside  Another room is being looked at; the server then tells how much is unread here.
 * @property {boolean} returning  It was aside, and what came meanwhile is not all here yet.
 * @property {string | null} role  The person's own here, and …
 * @property {string[] | null} may  … what goes with it; null until the server has said.
 * @property {Problem | null} problem  Why it is "refused".
 * @property {boolean} make  Make the room where there is none.
 * @property {number} users  Elements that show it.
 * @property {boolean} reading  A page of history is on its way.
 * @property {number} typed  When others were last told that one is typing here.
 * @property {number} read  The person's read mark, as far as it is known.
 * @property {number} marked  When the server was last told of it.
 * @property {number} told  What it was then told.
 * @property {boolean} [kept]  What is in the store was kept from an earlier visit.
 * @property {number} looked  The last number that was in view.
 * @property {ReturnType<typeof setTimeout>} [marking]  Runs until it may be told again.
 * @property {number} [members]  Grows when somebody joins, leaves or gets another role.
 * @property {number | null} readBefore  Where it was when the page came; null until that is known.
 * @property {number} unreadBefore  How much was unread then.
 * @property {unknown} wanted  The place elsewhere in the room that was asked for last.
 * @property {boolean} keptUnread  Marked unread by hand: looking at it does not mark it read.
 * @property {(event: RoomEvent) => void} [hear]  Is told each event once, in order, and of another history as `reset`.
 * @property {number} [thread]  Id of the message whose thread it is, if it is one.
 */

/** @param {string} slug @returns {Feed} */
export function newFeed(slug) {
  return {
    slug,
    store: new RoomStore(),
    state: "away",
    aside: false,
    returning: false,
    problem: null,
    role: null,
    may: null,
    make: false,
    users: 0,
    reading: false,
    typed: 0,
    read: 0,
    marked: 0,
    told: 0,
    looked: 0,
    readBefore: null,
    unreadBefore: 0,
    wanted: null,
    keptUnread: false,
  };
}
