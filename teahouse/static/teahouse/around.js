/** What is around a program: a page, or none, in Node and in workers. */

const NO_PAGE = { hidden: false, addEventListener() {} };

/** The page, or something that is always looked at and never changes. @type {Pick<Document, "hidden" | "addEventListener">} */
export const page = globalThis.document ?? NO_PAGE;

/**
 * Hears an event of the window, where there is one.
 * @template {keyof WindowEventMap} T
 * @param {T} type @param {(event: WindowEventMap[T]) => void} hear
 */
export function listen(type, hear) {
  if (globalThis.document) addEventListener(type, hear);
}
