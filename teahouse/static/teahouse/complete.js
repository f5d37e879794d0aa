/** What is being begun in the composer, a name or an emoji, and which words could end it. Pure. */

/** @import { Who } from "./types.js" */

/** @typedef {{kind: "@" | ":", query: string, start: number, end: number}} Begun  `start`: of the sign before it. */

// What may end an address keeps an @ from beginning a name, as the server sees it (render/mentions.py).
const NAME = /(?:^|[^A-Za-z0-9_.+\-/@])(@)([\p{L}\p{N}_][\p{L}\p{N}_.\-]*)?$/u;
// A time (10:30) and an address (https:) have no space before the colon.
const EMOJI = /(?:^|[\s\p{Script=Han}\p{P}])(:)([\p{L}\p{N}_+\-]{2,})$/u;

/**
 * The word that the caret stands behind, if it begins a name or an emoji.
 * @param {string} text
 * @param {number} caret
 * @returns {Begun | null}
 */
export function begunAt(text, caret) {
  const before = text.slice(Math.max(0, caret - 80), caret);
  const fence = text.slice(0, caret).split("```").length % 2 === 0;
  const line = text.slice(text.lastIndexOf("\n", caret - 1) + 1, caret);
  // Code is no talk: who writes `:as` there means it.
  if (fence || line.split("`").length % 2 === 0) return null;
  for (const pattern of [NAME, EMOJI]) {
    const found = pattern.exec(before);
    if (!found) continue;
    const query = found[2] ?? "";
    const kind = /** @type {"@" | ":"} */ (found[1]);
    return { kind, query, start: caret - query.length - 1, end: caret };
  }
  return null;
}

/**
 * People whose name, or a word of it, begins so; each once, in the order given.
 * @param {Who[]} people
 * @param {string} query
 * @param {number} most
 */
export function peopleFor(people, query, most) {
  const wanted = folded(query);
  /** @type {Map<number, Who>} */
  const found = new Map();
  for (const one of people) {
    const name = folded(one.name ?? "");
    const begins = name.startsWith(wanted) || name.split(/[\s.\-_]+/).some((word) => word.startsWith(wanted));
    // In Chinese a given name stands behind the family's.
    const inside = /\p{Script=Han}/u.test(wanted) && name.includes(wanted);
    if (name && (begins || inside) && !found.has(one.id)) found.set(one.id, one);
  }
  return [...found.values()].slice(0, most);
}

/** @param {string} text */
function folded(text) {
  return text.normalize("NFKC").toLowerCase();
}
