/**
 * Every word that the page says, in the language chosen; without a choice in that of the page, else of the
 * browser. A change of language is heard by all elements at once.
 */

import { en } from "./words-en.js";
import { zh } from "./words-zh.js";

/** @typedef {typeof en} Words */
/** @typedef {typeof import("./words-rooms-en.js").rooms} RoomWords */

/** @type {Record<string, Words>} */
const LANGUAGES = { "zh-Hans": zh, en };

/** @type {{code: string, label: string}[]} Each in its own language. */
export const CHOICES = [
  { code: "zh-Hans", label: "简体中文" },
  { code: "en", label: "English" },
];

let current = spoken([document.documentElement.lang, ...navigator.languages]);

/** A BCP 47 tag for `lang` and `Intl`. */
export function language() {
  return current;
}

/** @returns {Words} */
export function words() {
  return LANGUAGES[current] ?? en;
}

/** @param {string} code */
export function speak(code) {
  current = spoken([code]);
  document.documentElement.lang = current;
  translatePage();
  document.dispatchEvent(new Event("teahouse-language"));
}

/** Puts words into what the server rendered: elements with `data-word` name the word. */
export function translatePage() {
  const say = /** @type {Record<string, unknown>} */ (words());
  for (const element of document.querySelectorAll("[data-word]")) {
    const word = say[element.getAttribute("data-word") ?? ""];
    if (typeof word === "string") element.textContent = word;
  }
}

/** The first of these languages that is spoken here. @param {readonly string[]} wanted */
function spoken(wanted) {
  for (const tag of wanted) {
    if (/^zh\b/i.test(tag)) return "zh-Hans";
    if (/^en\b/i.test(tag)) return "en";
  }
  return "en";
}

/**
 * Which glyphs a text wants: Chinese, Japanese and Korean share code points that each draws differently.
 * @param {string} text
 * @returns {string | undefined} For `lang`; undefined where the page's own will do.
 */
export function languageOf(text) {
  if (/[\p{Script=Hiragana}\p{Script=Katakana}]/u.test(text)) return "ja";
  if (/\p{Script=Hangul}/u.test(text)) return "ko";
  if (/\p{Script=Han}/u.test(text)) return "zh-Hans";
  return undefined;
}
