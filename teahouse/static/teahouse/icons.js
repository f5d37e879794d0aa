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
  thread: icon(svg`<path d="M4 5.500h13v8.500H10l-4 3v-3H4z" /><path d="M20 9.500v8.500h-1.500v2.500L15.500 18H12" />`),
  calendar: icon(svg`<rect x="4" y="5.500" width="16" height="14.500" rx="2.500" /><path d="M4 10h16M8.500 3v4M15.500 3v4" />`),
  smile: icon(svg`<circle cx="12" cy="12" r="8.500" /><path d="M8.500 14.250a4.500 4.500 0 0 0 7 0M9 9.500h.01M15 9.500h.01" />`),
  people: icon(svg`<circle cx="9" cy="8" r="3.250" /><path d="M3 19a6 6 0 0 1 12 0M15.500 5.100a3.250 3.250 0 0 1 0 5.800M17.500 14a6 6 0 0 1 3.500 5" />`),
  bell: icon(svg`<path d="M6.500 16.500V11a5.500 5.500 0 0 1 11 0v5.500l1.500 1.500H5zM10 20.500h4" />`),
  moon: icon(svg`<path d="M19.500 14.500A8 8 0 0 1 9.500 4.500a8 8 0 1 0 10 10Z" />`),
  hash: icon(svg`<path d="M9.500 4 7.500 20M16.500 4l-2 16M4.500 9h16M3.500 15h16" />`),
  lock: icon(svg`<rect x="5" y="11" width="14" height="9" rx="2" /><path d="M8 11V8a4 4 0 0 1 8 0v3" />`),
  plus: icon(svg`<path d="M12 5v14M5 12h14" />`),
  search: icon(svg`<circle cx="11" cy="11" r="6.500" /><path d="m16 16 4.500 4.500" />`),
  back: icon(svg`<path d="M14.500 5 8 12l6.500 7" stroke-width="2" />`),
  info: icon(svg`<circle cx="12" cy="12" r="8.500" /><path d="M12 11v5M12 7.800h.01" stroke-width="2" />`),
  compass: icon(svg`<circle cx="12" cy="12" r="8.500" /><path d="m15.500 8.500-2 5-5 2 2-5z" />`),
  keys: icon(svg`<rect x="3" y="6.500" width="18" height="11" rx="2" /><path d="M7 10.500h.01M11 10.500h.01M15 10.500h.01M8.500 14h7" stroke-width="2" />`),
  archive: icon(svg`<rect x="4" y="5" width="16" height="4" rx="1" /><path d="M5.500 9v8.500a1.500 1.500 0 0 0 1.500 1.500h10a1.500 1.500 0 0 0 1.500-1.500V9M10 13h4" />`),
  megaphone: icon(svg`<path d="M4 10v4h3l8 4V6l-8 4zM18 9.500a3.500 3.500 0 0 1 0 5" />`),
  write: icon(svg`<path d="M5 19h3.500L19 8.500 15.500 5 5 15.500z" />`),
  check: icon(svg`<path d="m5 12.500 4.500 4.500L19 7.500" />`),
  settings: icon(svg`<path d="M4 7h9M19 7h1M4 17h1M11 17h9" /><circle cx="16" cy="7" r="2.250" /><circle cx="8" cy="17" r="2.250" />`),
};
