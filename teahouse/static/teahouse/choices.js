/**
 * What a person chose for this browser. Theme and language are cookies, so that the server's next page comes
 * in them from the first paint on.
 */

import { keep, storage } from "./storage.js";
import { speak } from "./words.js";

const YEAR = 365 * 24 * 3600;
const ENTER = "teahouse:enter";

/** @param {string} name @param {string} value  Empty: forget it. */
function setCookie(name, value) {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `${name}=${value}; Path=/; Max-Age=${value ? YEAR : 0}; SameSite=Lax${secure}`;
}

/** @param {string} name */
function cookie(name) {
  return document.cookie.split("; ").find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1) ?? "";
}

/** On a page that the server did not make for this person: what they chose. @param {string} languageCookie */
export function chosenBefore(languageCookie) {
  const chosen = cookie("teahouse_theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
  const spoken = cookie(languageCookie);
  speak(spoken || navigator.language);
}

/** @typedef {"" | "light" | "dark"} Theme  Empty: as the system. */

/** @returns {Theme} */
export function theme() {
  return /** @type {Theme} */ (document.documentElement.dataset.theme ?? "");
}

/** @param {Theme} chosen */
export function chooseTheme(chosen) {
  if (chosen) document.documentElement.dataset.theme = chosen;
  else delete document.documentElement.dataset.theme;
  setCookie("teahouse_theme", chosen);
}

/** @param {string} code @param {string} cookie  The name of Django's language cookie. */
export function chooseLanguage(code, cookie) {
  setCookie(cookie, code.toLowerCase());
  speak(code);
}

/** Whether Enter sends; on phones, whose keyboards have no Shift+Enter, it breaks the line until chosen otherwise. */
export function enterSends() {
  const chosen = storage.getItem(ENTER);
  return chosen ? chosen === "sends" : !matchMedia("(pointer: coarse)").matches;
}

/** @param {boolean} sends */
export function chooseEnter(sends) {
  keep(ENTER, sends ? "sends" : "breaks");
}
