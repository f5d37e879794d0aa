/** A guest's name: asked of and given to the server over HTTP, because only it can set an HttpOnly cookie. */

/** @import { Problem, Who } from "./types.js" */

/** @typedef {{you: Who | null, csrf: string}} Identity */

/** @type {Promise<unknown>} */
let before = Promise.resolve();

/**
 * Who this browser is to the server. One part of the page asks after the other: of two first requests at once each would
 * be given a secret for its token, and the second cookie would take the place of the first.
 * @param {string} url @returns {Promise<Identity>}
 */
export function identity(url) {
  const answer = before.then(() => ask(url));
  before = answer.catch(() => {}); // Whoever asked is told.
  return answer;
}

/** @param {string} url @returns {Promise<Identity>} */
async function ask(url) {
  const answer = await fetch(url, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
  return answer.json();
}

/**
 * Becomes a guest with this name.
 * @param {string} url
 * @param {string} name
 * @returns {Promise<{you: Who} | {problem: Problem}>}
 */
export async function becomeGuest(url, name) {
  return answerOf(await post(url, { name }));
}

/** Leaves the name behind. @param {string} url */
export async function stopBeingGuest(url) {
  return answerOf(await post(`${url}leave/`, {}));
}

/** @param {string} url @param {Record<string, string>} fields */
async function post(url, fields) {
  const answer = await attempt(url, fields);
  // Another tab that came first at the same moment may have been given another secret between our asking and our telling.
  return answer.status === 403 ? attempt(url, fields) : answer;
}

/** @param {string} url @param {Record<string, string>} fields */
async function attempt(url, fields) {
  // Asked anew each time: the page may be older than the token's secret.
  const { csrf } = await identity(url.replace(/leave\/$/, ""));
  const body = new URLSearchParams({ ...fields, csrfmiddlewaretoken: csrf });
  return fetch(url, { method: "POST", body, headers: { Accept: "application/json" } });
}

/** @param {Response} response */
async function answerOf(response) {
  const { you, error } = await response.json();
  return error ? { problem: error } : { you };
}
