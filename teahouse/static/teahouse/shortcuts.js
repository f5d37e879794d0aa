/** Which keys do what, wherever the focus is: pure. */

/**
 * @typedef {object} Shortcut
 * @property {"switch" | "help" | "read" | "go"} action
 * @property {1 | -1} [step]  In the list of rooms.
 * @property {boolean} [unread]  Only to rooms with something unread.
 */

/** For people: what each does, by its word, and its keys. */
export const SHORTCUTS = /** @type {const} */ ([
  ["goTo", ["Ctrl", "K"]],
  ["unreadNext", ["Alt", "↓"]],
  ["unreadBefore", ["Alt", "↑"]],
  ["roomNext", ["Alt", "Shift", "↓"]],
  ["roomBefore", ["Alt", "Shift", "↑"]],
  ["markRead", ["Esc"]],
  ["editLast", ["↑"]],
  ["breakLine", ["Shift", "Enter"]],
  ["theseShortcuts", ["?"]],
]);

/**
 * What a key does, if it is one of these.
 * @param {KeyboardEvent} event
 * @param {boolean} busy  A dialog or menu is open, which has a use for the keys itself.
 * @returns {Shortcut | null}
 */
export function shortcutOf(event, busy) {
  // What an Enter or Escape ends first is the spelling of a Chinese word.
  if (event.isComposing || event.keyCode === 229 || event.defaultPrevented || busy) return null;
  const { key, altKey, ctrlKey, metaKey, shiftKey } = event;
  if (key.toLowerCase() === "k" && ctrlKey !== metaKey && !altKey && !shiftKey) return { action: "switch" };
  if (ctrlKey || metaKey) return null;
  if (altKey && (key === "ArrowUp" || key === "ArrowDown")) {
    return { action: "go", step: key === "ArrowUp" ? -1 : 1, unread: !shiftKey };
  }
  if (altKey) return null;
  if (key === "Escape") return { action: "read" };
  return key === "?" && !isWriting(event.composedPath()[0]) ? { action: "help" } : null;
}

/** @param {EventTarget | undefined} target */
function isWriting(target) {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches("input, textarea, select"));
}
