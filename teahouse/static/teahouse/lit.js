/** What is used of Lit, in one place. */

export { css, html, LitElement, nothing, svg } from "./vendor/lit/index.js";
export { classMap } from "./vendor/lit-html/directives/class-map.js";
export { live } from "./vendor/lit-html/directives/live.js";
export { repeat } from "./vendor/lit-html/directives/repeat.js";
export { unsafeHTML } from "./vendor/lit-html/directives/unsafe-html.js";
