/** Times and days as people of the chosen language write them. */

import { language } from "./words.js";

/** @type {Map<string, Intl.DateTimeFormat>} Making a formatter takes a hundred times as long as using it. */
const formatters = new Map();

/** @param {string} name @param {Intl.DateTimeFormatOptions} options */
function formatter(name, options) {
  const key = `${language()} ${name}`;
  let found = formatters.get(key);
  if (!found) formatters.set(key, (found = new Intl.DateTimeFormat(language(), options)));
  return found;
}

/** 10:42 @param {string} at */
export function clock(at) {
  return formatter("clock", { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(new Date(at));
}

/** Day and time in full, for who wants to know exactly. @param {string} at */
export function exact(at) {
  return formatter("exact", { dateStyle: "full", timeStyle: "medium" }).format(new Date(at));
}

/**
 * When it was, in a word or two: the time where that was today, else the day.
 * @param {string} at
 * @param {{yesterday: string}} words
 * @param {number} [now]
 */
export function ago(at, words, now = Date.now()) {
  if (dayOf(at) === dayOf(now)) return clock(at);
  if (dayOf(at) === dayBefore(now)) return words.yesterday;
  const day = isOfThisYear(at, now)
    ? formatter("short day", { day: "numeric", month: "short" })
    : formatter("short day of year", { day: "numeric", month: "short", year: "numeric" });
  return day.format(new Date(at));
}

/** @param {number} now */
function dayBefore(now) {
  const today = new Date(now);
  return dayOf(new Date(today.getFullYear(), today.getMonth(), today.getDate() - 1).getTime());
}

/** @param {string} at @param {number} now */
function isOfThisYear(at, now) {
  return new Date(at).getFullYear() === new Date(now).getFullYear();
}

/** A name for the day in this machine's time zone; equal for all times of one day. @param {string | number} at */
export function dayOf(at) {
  const date = new Date(at);
  return `${date.getFullYear()}-${date.getMonth() + 1}-${date.getDate()}`;
}

/**
 * Sunday, 22 November; with the year where it is not this one.
 * @param {string} at
 * @param {{today: string, yesterday: string}} words
 * @param {number} [now]
 */
export function dayLine(at, words, now = Date.now()) {
  if (dayOf(at) === dayOf(now)) return words.today;
  if (dayOf(at) === dayBefore(now)) return words.yesterday;
  return isOfThisYear(at, now)
    ? formatter("day", { weekday: "long", day: "numeric", month: "long" }).format(new Date(at))
    : formatter("day of year", { weekday: "long", day: "numeric", month: "long", year: "numeric" }).format(new Date(at));
}
