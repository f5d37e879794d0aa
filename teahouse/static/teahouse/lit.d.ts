// Types of lit.js, from the same version of Lit in node_modules; only tsc reads this.
export { css, html, LitElement, nothing, svg, type PropertyValues, type TemplateResult } from "lit";
export { classMap } from "lit/directives/class-map.js";
export { live } from "lit/directives/live.js";
export { repeat } from "lit/directives/repeat.js";
export { unsafeHTML } from "lit/directives/unsafe-html.js";
