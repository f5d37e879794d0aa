/** The emoji that there are, read when they are first wanted, and the search among them. */

import { keep, storage } from "./storage.js";

/**
 * @typedef {object} Emoji
 * @property {string} emoji
 * @property {string[]} codes  As in :tea:.
 * @property {string} en
 * @property {string} zh
 * @property {string} words  What else it is found by, in both languages, in small letters.
 */

/** What the groups of emoji.json are, in their order; words-en.js has their names. */
export const GROUPS = /** @type {const} */ (["smileys", "people", "animals", "food", "travel", "activities", "objects", "symbols", "flags"]);

const KEPT = "teahouse:emoji";
const RECENT = 24;

/** @type {Promise<Emoji[][]> | null} */
let reading = null;

/** By code, once they have been read. @type {Map<string, string>} */
const byCode = new Map();

/** All of them, in groups. Tried again where it could not be read. @returns {Promise<Emoji[][]>} */
export function emojiGroups() {
  reading ??= read().catch((error) => {
    reading = null;
    throw error;
  });
  return reading;
}

async function read() {
  const answer = await fetch(new URL("vendor/emojibase-data/emoji.json", import.meta.url));
  if (!answer.ok) throw new Error(`emoji.json: ${answer.status}`);
  const groups = parsed(await answer.json());
  for (const { emoji, codes } of groups.flat()) for (const code of codes) if (!byCode.has(code)) byCode.set(code, emoji);
  return groups;
}

/** What is called so, as in `:tea:`, as far as they have been read. @param {string} code */
export function emojiOf(code) {
  return byCode.get(code);
}

/** @param {string[][][]} groups  As bin/vendor writes them. @returns {Emoji[][]} */
export function parsed(groups) {
  return groups.map((group) =>
    group.map(([emoji = "", codes = "", en = "", zh = "", enWords = "", zhWords = ""]) => ({
      emoji,
      codes: codes.split(" ").filter(Boolean),
      en,
      zh,
      words: ` ${codes} ${en} ${zh} ${enWords} ${zhWords}`.toLowerCase(),
    })),
  );
}

/**
 * Those that a word may mean, the likeliest first: whose code it is, whose code begins so, of which a word begins so.
 * Chinese has no spaces between words, so there it may stand anywhere.
 * @param {Emoji[][]} groups
 * @param {string} query
 * @param {number} most
 */
export function searchEmoji(groups, query, most) {
  const wanted = query.trim().toLowerCase();
  if (!wanted) return [];
  const inside = /\p{Script=Han}/u.test(wanted) ? wanted : ` ${wanted}`;
  /** @type {[number, Emoji][]} */
  const found = [];
  for (const one of groups.flat()) {
    const rank = one.codes.includes(wanted) || one.zh === wanted ? 0 : one.codes.some((code) => code.startsWith(wanted)) ? 1 : one.words.includes(inside) ? 2 : 3;
    if (rank < 3) found.push([rank, one]);
  }
  return found
    .sort(([a], [b]) => a - b)
    .slice(0, most)
    .map(([, one]) => one);
}

/** Those that were chosen last, in this browser. @returns {string[]} */
export function recentEmoji() {
  return (storage.getItem(KEPT) ?? "").split(" ").filter(Boolean).slice(0, RECENT);
}

/** @param {string} emoji */
export function choseEmoji(emoji) {
  keep(KEPT, [emoji, ...recentEmoji().filter((one) => one !== emoji)].slice(0, RECENT).join(" "));
}
