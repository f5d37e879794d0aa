/** A dialog of the shell: the browser's own, which keeps the focus inside and gives it back afterwards. */

import { icons } from "../icons.js";
import { html, nothing } from "../lit.js";
import { words } from "../words.js";
import { Light } from "./light.js";

export class Dialog extends Light {
  static properties = {
    language: { attribute: false },
    isOpen: { state: true },
  };

  constructor() {
    super();
    this.language = "";
    this.isOpen = false;
  }

  get dialog() {
    return /** @type {HTMLDialogElement} */ (this.querySelector("dialog"));
  }

  async open() {
    this.isOpen = true;
    await this.updateComplete;
    if (!this.dialog.open) this.dialog.showModal();
  }

  close() {
    this.dialog.close();
  }

  /** Its name, for a heading and for who cannot see it. */
  get heading() {
    return "";
  }

  /** What is in it. @returns {unknown} */
  inside() {
    return nothing;
  }

  render() {
    return html`<dialog class="dialog ${this.localName}" aria-label=${this.heading} @close=${this.closed} @click=${this.#outside}>
      ${this.isOpen ? html`<div class="dialog-box">${this.inside()}</div>` : nothing}
    </dialog>`;
  }

  /** The line at the top, with the way out. */
  head() {
    return html`<div class="dialog-head"><h2>${this.heading}</h2>
      <button type="button" class="plain" aria-label=${words().close} @click=${() => this.close()}>${icons.close}</button></div>`;
  }

  closed() {
    this.isOpen = false;
  }

  /** A press beside the box closes it. @param {Event} event */
  #outside(event) {
    if (event.target === this.dialog) this.close();
  }
}
