/**
 * The figures of all processes, put together for the pictures, and how numbers are written. In: what the server tells.
 * Out: numbers for each slot, lines for SVG, short texts. Pure.
 */

/**
 * @typedef {{at: number, messages: number, deliveries: number, sessions: number, busy: number, late: number}} Slot
 * @typedef {{process: string, pid: number, host: string, version: string, state: string, draining: boolean, since: number, sessions: number, guests: number, rooms: number, waiting: number, files: number, memory: number, slots: Slot[]}} Process
 * @typedef {{code: string, bad: boolean, value: number, bound: number, where: string}} Trouble
 * @typedef {{database: number, backups: number, path: string, free: number, total: number, newest_backup: number | null}} Storage
 * @typedef {{name: string, value: number, default: number, lifted: boolean}} Limit
 *
 * @typedef {object} Status
 * @property {number} now
 * @property {Trouble[]} troubles
 * @property {Process[]} processes
 * @property {number} expected
 * @property {boolean | null} redis
 * @property {{kind: string, milliseconds: number, events: number, rooms: number, people: number}} database
 * @property {Storage} storage
 * @property {Limit[]} limits
 * @property {Record<string, string>} versions
 * @property {number} slot_seconds
 * @property {number} slots
 */

/** @typedef {"messages" | "deliveries" | "sessions" | "busy" | "late"} Series */

/**
 * A number for each slot that is over, the oldest first: of all processes together, or of the one that has most.
 * @param {Status} status
 * @param {Series} series
 * @param {{most?: boolean}} [how]
 * @returns {number[]}
 */
export function series(status, series, { most = false } = {}) {
  const end = Math.floor(status.now / status.slot_seconds);
  const found = new Array(status.slots).fill(0);
  for (const { slots } of status.processes) {
    for (const slot of slots) {
      const index = slot.at - end + status.slots;
      if (index < 0 || index >= status.slots) continue;
      found[index] = most ? Math.max(found[index], slot[series]) : found[index] + slot[series];
    }
  }
  return found;
}

/** How much there was in the last minute. @param {Status} status @param {Series} name */
export function inAMinute(status, name) {
  const slots = Math.round(60 / status.slot_seconds);
  return series(status, name).slice(-slots).reduce((sum, value) => sum + value, 0);
}

/**
 * A line through the values in a picture of this size, and where it has to be closed to be an area.
 * @param {number[]} values
 * @param {number} width
 * @param {number} height
 * @param {number} [top]  The value at the upper edge.
 */
export function line(values, width, height, top = Math.max(...values, 0)) {
  const step = width / Math.max(1, values.length - 1);
  const y = (/** @type {number} */ value) => (top > 0 ? round(height - (height * Math.min(value, top)) / top) : height);
  return values.map((value, index) => `${index ? "L" : "M"}${round(index * step)} ${y(value)}`).join("");
}

/** @param {number} value */
const round = (value) => Math.round(value * 100) / 100;

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];

/** 12.3 MB @param {number} value @param {string} language */
export function bytes(value, language) {
  const power = Math.min(UNITS.length - 1, value < 1 ? 0 : Math.floor(Math.log10(value) / 3));
  const shown = value / 1000 ** power;
  return new Intl.NumberFormat(language, { style: "unit", unit: UNITS[power] ?? "byte", unitDisplay: power ? "short" : "long", maximumFractionDigits: shown < 10 && power ? 1 : 0 }).format(shown);
}

/** 3 days, 2 hr: how long it is, in its largest unit. @param {number} seconds @param {string} language */
export function span(seconds, language) {
  /** @type {[string, number][]} */
  const units = [["day", 86_400], ["hour", 3_600], ["minute", 60], ["second", 1]];
  const [unit, size] = units.find(([, size]) => seconds >= 2 * size) ?? ["second", 1];
  return new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "long" }).format(Math.max(0, Math.floor(seconds / size)));
}

/** 1,234 or 1.2 or 0.03 @param {number} value @param {string} language */
export function number(value, language) {
  return new Intl.NumberFormat(language, { maximumFractionDigits: value < 1 ? 2 : value < 10 ? 1 : 0 }).format(value);
}

/** 12% @param {number} share @param {string} language */
export function percent(share, language) {
  return new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: share < 0.1 ? 1 : 0 }).format(share);
}
