/**
 * Whether a text calls somebody by name, or all: what a page can tell of a message that it draws. Whom the server has
 * called it tells by the event `mention`; it knows the names of all members, and who may call everybody. Pure.
 */

import { withoutCode } from "./complete.js";

const ALL = ["here", "room"];
// As the server sees it (render/mentions.py): what may end an address, what goes on with a name, and who writes no spaces.
const ADDRESS = /^[A-Za-z0-9_.+\-/@]/;
const GOES_ON = /^[.\-]*[\p{L}\p{N}_]/u;
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;

/** @param {string} text @param {string} name @returns {boolean} */
export function calls(text, name) {
  if (!text.includes("@")) return false;
  const said = folded(withoutCode(text));
  return [folded(name), ...ALL].some((one) => isNamed(said, one));
}

/** @param {string} said @param {string} name */
function isNamed(said, name) {
  const word = `@${name}`;
  for (let at = said.indexOf(word); at >= 0; at = said.indexOf(word, at + 1)) {
    const behind = said.slice(at + word.length, at + word.length + 8);
    const joined = UNSPACED.test(`${name.slice(-1)}${behind.slice(0, 1)}`);
    if (!ADDRESS.test(said.charAt(at - 1)) && (joined || !GOES_ON.test(behind))) return true;
  }
  return false;
}

/** As names are compared. @param {string} text */
function folded(text) {
  return text.normalize("NFKC").toLowerCase();
}
