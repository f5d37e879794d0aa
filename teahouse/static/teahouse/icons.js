/** Line drawings, in the colour of the text around them. */

import { html, svg } from "./lit.js";

/** @param {import("./lit.js").TemplateResult<2>} lines */
const icon = (lines) => html`<svg
  class="icon"
  viewBox="0 0 24 24"
  width="20"
  height="20"
  aria-hidden="true"
  fill="none"
  stroke="currentColor"
  stroke-width="1.75"
  stroke-linecap="round"
  stroke-linejoin="round"
>${lines}</svg>`;

export const icons = {
  more: icon(svg`<path d="M5 12h.01M12 12h.01M19 12h.01" stroke-width="2.75" />`),
  send: icon(svg`<path d="M12 19V5M6 11l6-6 6 6" stroke-width="2.25" />`),
  save: icon(svg`<path d="m5 12.5 4.5 4.5L19 7.500" stroke-width="2.25" />`),
  close: icon(svg`<path d="M6 6l12 12M18 6 6 18" />`),
  down: icon(svg`<path d="M12 5v14M6 13l6 6 6-6" />`),
  up: icon(svg`<path d="M12 19V5M6 11l6-6 6 6" />`),
  reply: icon(svg`<path d="M10 8 5 13l5 5" /><path d="M5 13h9a5 5 0 0 0 5-5V6" />`),
  calendar: icon(svg`<rect x="4" y="5.500" width="16" height="14.500" rx="2.500" /><path d="M4 10h16M8.500 3v4M15.500 3v4" />`),
  smile: icon(svg`<circle cx="12" cy="12" r="8.500" /><path d="M8.500 14.250a4.500 4.500 0 0 0 7 0M9 9.500h.01M15 9.500h.01" />`),
  people: icon(svg`<circle cx="9" cy="8" r="3.250" /><path d="M3 19a6 6 0 0 1 12 0M15.500 5.100a3.250 3.250 0 0 1 0 5.800M17.500 14a6 6 0 0 1 3.500 5" />`),
  settings: icon(svg`<path d="M4 7h9M19 7h1M4 17h1M11 17h9" /><circle cx="16" cy="7" r="2.250" /><circle cx="8" cy="17" r="2.250" />`),
};
