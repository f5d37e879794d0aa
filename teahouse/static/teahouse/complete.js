/** What is being begun in the composer, a name or an emoji, which words could end it, and emoji written whole. Pure. */

/** @import { Who } from "./types.js" */

/** @typedef {{kind: "@" | ":", query: string, start: number, end: number}} Begun  `start`: of the sign before it. */

// What may end an address keeps an @ from beginning a name, as the server sees it (render/mentions.py).
const NAME = /(?:^|[^A-Za-z0-9_.+\-/@])(@)([\p{L}\p{N}_][\p{L}\p{N}_.\-]*)?$/u;
// A time (10:30) and an address (https:) have no space before the colon.
const EMOJI = /(?:^|[\s\p{Script=Han}\p{P}])(:)([\p{L}\p{N}_+\-]{2,})$/u;

/** As `:tea:`. No word, time, path or address goes on into it, but Chinese, which has no spaces. */
const CODE = /:([a-z0-9_+\-]{1,50}):/g;
const NO_CODE_BEHIND = /[\p{L}\p{N}_:/]/u;
/** Code, as the server sees it: between as many backticks as began it. A block that nobody has ended goes on. */
const VERBATIM = /(?<!`)(`+)(?!`)[^]*?(?<!`)\1(?!`)|```[^]*$/g;

/**
 * The word that the caret stands behind, if it begins a name or an emoji.
 * @param {string} text
 * @param {number} caret
 * @returns {Begun | null}
 */
export function begunAt(text, caret) {
  const before = text.slice(Math.max(0, caret - 80), caret);
  // Code is no talk: who writes `:as` there means it.
  if (inCode(text, caret)) return null;
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
 * The emoji whose code ends where the caret is, such as `:tea:`.
 * @param {string} text
 * @param {number} caret
 * @returns {{code: string, start: number, end: number} | null}
 */
export function codeBefore(text, caret) {
  const found = text[caret - 1] === ":" ? codesIn(text.slice(0, caret)).at(-1) : undefined;
  return found?.end === caret && !inCode(text, caret) ? found : null;
}

/**
 * The text with each `:tea:` that stands in no code as its emoji; what no emoji is called stays.
 * @param {string} text
 * @param {(code: string) => string | undefined} emojiOf
 */
export function withEmoji(text, emojiOf) {
  let done = "";
  let from = 0;
  for (const { code, start, end } of codesIn(text)) {
    const emoji = emojiOf(code);
    if (!emoji) continue;
    done += text.slice(from, start) + emoji;
    from = end;
  }
  return done + text.slice(from);
}

/** @param {string} text */
function codesIn(text) {
  // What is code keeps its length, so that all places stay what they are.
  const talk = text.replace(VERBATIM, (code) => "`".repeat(code.length));
  /** @type {{code: string, start: number, end: number}[]} */
  const found = [];
  CODE.lastIndex = 0;
  for (let match = CODE.exec(talk); match; match = CODE.exec(talk)) {
    const [written, code = ""] = match;
    const start = match.index;
    const before = talk[start - 1] ?? "";
    const follows = found.at(-1)?.end === start;
    if (follows || !NO_CODE_BEHIND.test(before) || /\p{Script=Han}/u.test(before)) found.push({ code, start, end: start + written.length });
    // The second colon may be the first one of the next.
    else CODE.lastIndex -= 1;
  }
  return found;
}

/** Whether code was begun before the caret and has not ended there. @param {string} text @param {number} caret */
function inCode(text, caret) {
  const fence = text.slice(0, caret).split("```").length % 2 === 0;
  const line = text.slice(text.lastIndexOf("\n", caret - 1) + 1, caret);
  return fence || line.split("`").length % 2 === 0;
}

/** A text with a line's end for each piece of code in it. @param {string} text */
export function withoutCode(text) {
  return text.includes("`") ? text.replace(VERBATIM, "\n") : text;
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
