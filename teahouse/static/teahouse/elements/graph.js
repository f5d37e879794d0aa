/**
 * <teahouse-graph>: how something went, as a small picture. Its properties: `values`, the oldest first; `top`, the value
 * at the upper edge, without it the largest; `label`, what the picture says to who does not see it.
 */

import { html } from "../lit.js";
import { line } from "../status-figures.js";
import { Light } from "./light.js";

const WIDTH = 240;
const HEIGHT = 56;
const EDGE = 2; // px above and below, for the width of the line

export class TeahouseGraph extends Light {
  static properties = {
    values: { attribute: false },
    top: { attribute: false },
    label: {},
  };

  constructor() {
    super();
    /** @type {number[]} */
    this.values = [];
    /** @type {number | undefined} */
    this.top = undefined;
    this.label = "";
  }

  render() {
    const path = line(this.values, WIDTH, HEIGHT, this.top);
    return html`<svg class="graph" viewBox="0 ${-EDGE} ${WIDTH} ${HEIGHT + 2 * EDGE}" preserveAspectRatio="none" role="img" aria-label=${this.label}>
      <path class="area" d="${path}L${WIDTH} ${HEIGHT}L0 ${HEIGHT}Z"></path>
      <path class="line" d=${path}></path>
    </svg>`;
  }
}

customElements.define("teahouse-graph", TeahouseGraph);
