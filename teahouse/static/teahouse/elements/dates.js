/** Asks for a day to go to. */

import { html } from "../lit.js";
import { words } from "../words.js";
import { Popover } from "./popover.js";

const DAY = 24 * 3600_000; // ms

export class TeahouseDates extends Popover {
  static properties = {
    language: { attribute: false },
    day: { state: true },
  };

  constructor() {
    super();
    this.language = "";
    /** Chosen at first. */
    this.day = "";
  }

  /** @param {HTMLElement} button @param {string} [at]  The day that one looks at. */
  async show(button, at) {
    this.day = inField(at ? new Date(at) : new Date());
    await this.open(button);
    this.#field.focus();
  }

  get #field() {
    return /** @type {HTMLInputElement} */ (this.querySelector("input"));
  }

  render() {
    const say = words();
    return html`<div class="menu dates" popover="auto" role="dialog" aria-label=${say.goToDate} @toggle=${this.toggled}>
      <form @submit=${this.#submit}>
        <label for="teahouse-day">${say.goToDate}</label>
        <div class="box">
          <input id="teahouse-day" type="date" required max=${inField(new Date())} .value=${this.day} />
          <button class="enter">${say.go}</button>
        </div>
      </form>
      ${this.#shortcut(say.yesterday, 1)} ${this.#shortcut(say.weekAgo, 7)} ${this.#shortcut(say.monthAgo, 30)}
      <button type="button" @click=${() => this.#go(new Date(0))}>${say.veryBeginning}</button>
    </div>`;
  }

  /** @param {string} text @param {number} days */
  #shortcut(text, days) {
    return html`<button type="button" @click=${() => this.#go(new Date(`${inField(new Date(Date.now() - days * DAY))}T00:00`))}>${text}</button>`;
  }

  /** @param {Event} event */
  #submit(event) {
    event.preventDefault();
    const day = new Date(`${this.#field.value}T00:00`);
    if (!Number.isNaN(day.getTime())) this.#go(day);
  }

  /** From midnight on, by this machine's clock. @param {Date} day */
  #go(day) {
    this.close();
    this.act("date", { at: day.toISOString() });
  }
}

/** As a date field wants it, in this machine's time zone. @param {Date} date */
function inField(date) {
  const two = (/** @type {number} */ number) => String(number).padStart(2, "0");
  return `${String(date.getFullYear()).padStart(4, "0")}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

customElements.define("teahouse-dates", TeahouseDates);
