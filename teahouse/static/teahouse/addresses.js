/** Rooms and their addresses: the first room is at home, the others below it. */

export const MAIN = "main";

/** @param {string} home  The address of the chat, with a slash at its end. @param {string} room */
export function addressOf(home, room) {
  return room === MAIN ? home : `${home}rooms/${encodeURIComponent(room)}/`;
}

/**
 * The room at an address, also at that of a message in it; undefined where it is another page's.
 * @param {string} home @param {string} path
 */
export function roomAt(home, path) {
  if (path === home) return MAIN;
  const name = path.startsWith(`${home}rooms/`) ? /^([^/]+)\/(\d+\/)?$/.exec(path.slice(`${home}rooms/`.length))?.[1] : undefined;
  try {
    return name === undefined ? undefined : decodeURIComponent(name);
  } catch {
    return undefined; // A broken escape is no address of ours.
  }
}

/**
 * The message that an address leads to; null where it is no message's.
 * @param {string} href
 * @param {URL} home
 * @returns {{room: string, seq: number} | null}
 */
export function placeOf(href, home) {
  const found = href.startsWith(`${home.href}rooms/`) && /^([^/?#]+)\/(\d+)\/?$/.exec(href.slice(home.href.length + "rooms/".length));
  const room = found ? roomAt(home.pathname, `${home.pathname}rooms/${found[1]}/`) : undefined;
  return found && room !== undefined ? { room, seq: Number(found[2]) } : null;
}
