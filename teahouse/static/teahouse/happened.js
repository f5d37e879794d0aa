/** An event of the project, such as "order.paid", as it stands among the messages of a room. */

/** @import { Message, RoomEvent } from "./types.js" */

/**
 * What is to be shown of it; nothing where the project only tells it to scripts.
 * @param {RoomEvent} event
 * @returns {Message | undefined}  Under an id that no message has.
 */
export function happened({ event, seq, at, by, html }) {
  return html === undefined || !by ? undefined : { id: -seq, seq, at, by, event, html, rev: seq };
}
