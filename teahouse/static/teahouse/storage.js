/** The browser's storage for this site, or where it is forbidden one that lasts as long as the page. */

/** @returns {Storage} */
function find() {
  try {
    return window.localStorage;
  } catch {
    // Reading the property throws where the person blocks storage.
    return new Forgetful();
  }
}

/** @implements {Storage} */
class Forgetful {
  /** @type {Map<string, string>} */
  #items = new Map();

  get length() {
    return this.#items.size;
  }

  /** @param {number} index */
  key(index) {
    return [...this.#items.keys()][index] ?? null;
  }

  /** @param {string} name */
  getItem(name) {
    return this.#items.get(name) ?? null;
  }

  /** @param {string} name @param {string} value */
  setItem(name, value) {
    this.#items.set(name, value);
  }

  /** @param {string} name */
  removeItem(name) {
    this.#items.delete(name);
  }

  clear() {
    this.#items.clear();
  }
}

export const storage = find();
export const lasting = !(storage instanceof Forgetful);

/**
 * Keeps a small thing that the page can do without.
 * @param {string} name
 * @param {string} value  Empty: forget it.
 */
export function keep(name, value) {
  try {
    if (value) storage.setItem(name, value);
    else storage.removeItem(name);
  } catch {
    // Full: the page works on without it, and what waits to be sent says so itself (unsent.js).
  }
}
