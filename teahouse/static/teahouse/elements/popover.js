/** A box that opens beside the button that was pressed, and gives the focus back to it. */

import { Light } from "./light.js";

export class Popover extends Light {
  /** @type {HTMLElement | null} */
  #button = null;

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
    place(this.box, button);
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

/** Beside the button, within the window. @param {HTMLElement} box @param {HTMLElement} button */
export function place(box, button) {
  const at = button.getBoundingClientRect();
  const below = at.bottom + box.offsetHeight + 12 < innerHeight;
  box.style.top = `${Math.max(8, below ? at.bottom + 4 : at.top - box.offsetHeight - 4)}px`;
  box.style.left = `${Math.max(8, Math.min(at.right - box.offsetWidth, innerWidth - box.offsetWidth - 8))}px`;
}
