/**
 * The style sheets of the elements. They are files, so that a page may link the same ones for what the server
 * rendered; here they become sheets that every room shares.
 */

/** @param {string} name */
export async function load(name) {
  const answer = await fetch(new URL(name, import.meta.url));
  if (!answer.ok) throw new Error(`${name}: ${answer.status}`);
  return new CSSStyleSheet().replace(await answer.text());
}

export const sheets = await Promise.all(["theme.css", "room.css", "bottom.css", "side.css", "threads.css"].map(load));
