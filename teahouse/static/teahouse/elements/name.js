/** Asks a newcomer for a name. */

import { becomeGuest } from "../guest.js";
import { html, nothing } from "../lit.js";
import { keep, storage } from "../storage.js";
import { words } from "../words.js";
import { Light } from "./light.js";

/** @import { Problem } from "../types.js" */

const KEPT = "teahouse:name";

export class TeahouseName extends Light {
  static properties = {
    url: { attribute: false },
    signin: { attribute: false },
    signedOut: { attribute: false },
    language: { attribute: false },
    problem: { state: true },
    busy: { state: true },
  };

  constructor() {
    super();
    /** @type {Problem | null} */
    this.problem = null;
    this.busy = false;
    /** Where guests are made. */
    this.url = "";
    /** Where people with an account sign in, if anywhere. */
    this.signin = "";
    this.signedOut = false;
    this.language = "";
  }

  render() {
    const say = words();
    return html`<form class="naming" @submit=${this.#submit} novalidate>
      ${this.signedOut ? html`<p class="hint" role="status">${say.signedOut}</p>` : nothing}
      <h2><label for="teahouse-name">${say.nameAsk}</label></h2>
      <div class="box">
        <input
          id="teahouse-name"
          name="name"
          maxlength="40"
          autocomplete="nickname"
          autocapitalize="off"
          spellcheck="false"
          placeholder=${say.nameLabel}
          aria-invalid=${this.problem ? "true" : "false"}
          aria-describedby=${this.problem ? "teahouse-name-wrong" : "teahouse-name-hint"}
          .value=${storage.getItem(KEPT) ?? ""}
          @input=${() => (this.problem = null)}
        />
        <button class="enter" ?disabled=${this.busy}>${say.comeIn}</button>
      </div>
      ${this.problem
        ? html`<p class="wrong" id="teahouse-name-wrong" role="alert">${this.#why(this.problem)}</p>`
        : html`<p class="hint" id="teahouse-name-hint">${say.nameHint}${this.signin ? html` ${say.haveAccount} <a href=${this.signin}>${say.signIn}</a>` : nothing}</p>`}
    </form>`;
  }

  /** @param {Problem} problem */
  #why({ code, message }) {
    if (code === "invalid") return words().nameInvalid;
    return words().problems[code] ?? message;
  }

  get #field() {
    return /** @type {HTMLInputElement} */ (this.querySelector("input"));
  }

  /** @param {Event} event */
  async #submit(event) {
    event.preventDefault();
    const name = this.#field.value.trim();
    this.busy = true;
    try {
      const answer = await becomeGuest(this.url, name);
      if ("problem" in answer) this.#refuse(answer.problem);
      else {
        keep(KEPT, name);
        this.act("named", { you: answer.you });
      }
    } catch (error) {
      // No answer that could be understood: the server is away, or something between is.
      this.#refuse({ code: "offline", message: String(error), retry: true });
    } finally {
      this.busy = false;
    }
  }

  /** @param {Problem} problem */
  #refuse(problem) {
    this.problem = problem;
    this.#field.focus();
  }
}

customElements.define("teahouse-name", TeahouseName);
