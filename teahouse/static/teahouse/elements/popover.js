/** A box that opens beside the button that was pressed, and gives the focus back to it. */

import { Light } from "./light.js";

export class Popover extends Light {
  /** @type {HTMLElement | null} */
  #button = null;
  /** Which of its edges stands at that of the button. @type {"left" | "right"} */
  align = "right";

  get box() {
    return /** @type {HTMLElement} */ (this.querySelector("[popover]"));
  }

  get isOpen() {
    return this.box.matches(":popover-open");
  }

  /** @param {HTMLElement} button */
  async open(button) {
    this.#button = button;
    button.setAttribute("aria-expanded", "true");
    await this.updateComplete;
    this.box.showPopover();
    place(this.box, button, this.align);
  }

  close() {
    this.box.hidePopover();
  }

  /** @param {Event & {newState?: string}} event */
  toggled(event) {
    if (event.newState !== "closed") return;
    this.#button?.setAttribute("aria-expanded", "false");
    // Closed by a press elsewhere the focus has gone there already.
    if (this.contains(/** @type {ShadowRoot} */ (this.getRootNode()).activeElement)) this.#button?.focus({ preventScroll: true });
  }
}

/**
 * Above or below the button, with one edge at its own, within the window.
 * @param {HTMLElement} box @param {HTMLElement} button @param {"left" | "right"} [align]
 */
export function place(box, button, align = "right") {
  const at = button.getBoundingClientRect();
  const below = at.bottom + box.offsetHeight + 12 < innerHeight;
  box.style.top = `${Math.max(8, below ? at.bottom + 4 : at.top - box.offsetHeight - 4)}px`;
  const left = align === "left" ? at.left : at.right - box.offsetWidth;
  box.style.left = `${Math.max(8, Math.min(left, innerWidth - box.offsetWidth - 8))}px`;
}
