/** What the parts of a room share: they draw into the room's one shadow root, under its style sheets. */

import { LitElement } from "../lit.js";

export class Light extends LitElement {
  createRenderRoot() {
    return this;
  }

  /**
   * Tells the room what the person wants; `elements/acts.js` does it.
   * @param {string} action
   * @param {Record<string, unknown>} detail
   */
  act(action, detail = {}) {
    this.dispatchEvent(new CustomEvent("teahouse-act", { bubbles: true, detail: { action, ...detail } }));
  }
}
