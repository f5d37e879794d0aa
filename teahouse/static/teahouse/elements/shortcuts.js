/** All that the keyboard can do. */

import { html } from "../lit.js";
import { SHORTCUTS } from "../shortcuts.js";
import { words } from "../words.js";
import { Dialog } from "./dialog.js";

export class TeahouseShortcuts extends Dialog {
  get heading() {
    return words().shortcuts;
  }

  inside() {
    const say = words();
    const mac = /Mac|iP/.test(navigator.platform);
    return html`${this.head()}
      <dl class="keys">${SHORTCUTS.map(
        ([word, keys]) => html`<dt>${say[word]}</dt>
          <dd>${keys.map((key) => html`<kbd>${mac && key === "Ctrl" ? "⌘" : key}</kbd>`)}</dd>`,
      )}</dl>`;
  }
}

customElements.define("teahouse-shortcuts", TeahouseShortcuts);
