/** Where people's pictures are: beside the socket's address. */

/** @import { Who } from "./types.js" */

let base = document.baseURI;

/** The address of the JSON protocol, beside which the pictures are. @param {string} ws */
export function picturesBeside(ws) {
  base = ws.replace(/^ws/, "http").replace(/ws\/?$/, "");
}

/** The address of somebody's picture; null where there is none. @param {Who} who */
export function pictureOf(who) {
  return who.avatar ? new URL(`people/${who.id}/${encodeURIComponent(who.avatar)}.webp`, base).href : null;
}
