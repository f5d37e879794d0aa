/**
 * Whether and when to come back after a close: the code's range says so (docs/protocol.md, "Close codes").
 */

const SLOWEST = 30; // seconds between two tries in the long run
const FIRST = 1;
const FIRST_TRIAL = 4;
const LONGEST_TRIAL = 60;

const BROKEN = new Set([1000, 1002, 1003, 1007, 1009]);

/**
 * Seconds until the next try, or null: do not come back as you are.
 *
 * The jitter is full and begins with the first try: a thousand pages that lost one server at the same
 * moment must not come back at the same moment.
 *
 * @param {number} code
 * @param {string} reason  For 4200 to 4299 the seconds over which to spread.
 * @param {number} failures  Tries in a row that led to no session worth the name.
 * @param {() => number} [random]
 * @returns {number | null}
 */
export function comeback(code, reason, failures, random = Math.random) {
  if (BROKEN.has(code) || (code >= 4000 && code < 4100)) return null;
  if (code >= 4200 && code < 4300 && failures < 2) return random() * spread(reason);
  return random() * Math.min(SLOWEST, FIRST * 2 ** Math.min(failures, 10));
}

/**
 * Seconds until a socket is tried once more by a page that goes on without one.
 * @param {number} failures  Sockets in a row that got nowhere.
 * @param {() => number} [random]
 */
export function pauseOfTrial(failures, random = Math.random) {
  return (0.5 + random() / 2) * Math.min(LONGEST_TRIAL, FIRST_TRIAL * 2 ** Math.min(Math.max(failures - 1, 0), 10));
}

/** @param {string} reason */
function spread(reason) {
  const seconds = Number.parseFloat(reason);
  return Number.isFinite(seconds) ? Math.min(Math.max(seconds, 0), SLOWEST) : FIRST;
}
