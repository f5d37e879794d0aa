/** <teahouse-telling>: of what one is told, and when not: notifications of this browser, quiet hours of the person. */

import { html, nothing } from "../lit.js";
import { notify, notifying } from "../notifier.js";
import { problemOf } from "../socket.js";
import { words } from "../words.js";
import { Dialog } from "./dialog.js";

/** @import { Client } from "../clients.js" */

export class TeahouseTelling extends Dialog {
  static properties = {
    ...Dialog.properties,
    client: { attribute: false },
    version: { attribute: false },
    wrong: { state: true },
  };

  constructor() {
    super();
    /** @type {Client} */
    this.client;
    this.version = 0;
    this.wrong = "";
  }

  get heading() {
    return words().telling;
  }

  inside() {
    const say = words();
    const { quiet } = this.client.attention.settings;
    const zone = quiet?.zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
    return html`${this.head()}
      <section class="fields"><h3>${say.notifications}</h3>${this.#notifications()}</section>
      <form class="fields" @submit=${this.#save}>
        <h3>${say.quietHours}</h3>
        <p class="faded">${say.quietHint}</p>
        <label class="check"><input type="checkbox" name="quiet" .checked=${quiet !== null} />${say.quietOn}</label>
        <div class="hours"><label>${say.quietFrom}<input type="time" name="from" required .value=${quiet?.from ?? "22:00"} /></label>
        <label>${say.quietTo}<input type="time" name="to" required .value=${quiet?.to ?? "07:00"} /></label></div>
        <p class="faded">${say.quietZone(zone)}</p>
        ${this.wrong ? html`<p role="alert">${this.wrong}</p>` : nothing}
        <p class="buttons"><button class="strong">${say.save}</button></p>
      </form>`;
  }

  #notifications() {
    const say = words();
    const now = notifying();
    if (now === "none") return html`<p class="faded">${say.notifyNone}</p>`;
    if (now === "denied") return html`<p class="faded">${say.notifyDenied}</p>`;
    return html`<p class="faded">${say.notifyHint}</p>
      <p><button type="button" class="small" aria-pressed=${now === "on"} @click=${() => this.#notify(now !== "on")}>${now === "on" ? say.notifyOff : say.notifyOn}</button></p>`;
  }

  /** @param {boolean} on */
  async #notify(on) {
    await notify(on);
    this.requestUpdate();
  }

  /** @param {SubmitEvent} event */
  async #save(event) {
    event.preventDefault();
    const given = new FormData(/** @type {HTMLFormElement} */ (event.target));
    const zone = this.client.attention.settings.quiet?.zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
    const quiet = given.has("quiet") ? { from: given.get("from"), to: given.get("to"), zone } : null;
    try {
      await this.client.command("settings", { quiet });
      this.wrong = "";
      this.close();
    } catch (error) {
      const { code, message } = problemOf(error);
      this.wrong = code === "invalid" ? words().quietWrong : message || words().notNow;
    }
  }
}

customElements.define("teahouse-telling", TeahouseTelling);
