/** <teahouse-settings>: theme, language and the Enter key, chosen for this browser. */

import { chooseEnter, chooseLanguage, chooseTheme, enterSends, theme } from "../choices.js";
import { icons } from "../icons.js";
import { css, html, LitElement } from "../lit.js";
import { CHOICES, language, words } from "../words.js";

/** @import { Theme } from "../choices.js" */

export class TeahouseSettings extends LitElement {
  static properties = {
    cookie: { type: String },
  };

  static styles = css`
    * {
      box-sizing: border-box;
    }
    button {
      display: grid;
      place-items: center;
      width: var(--th-target);
      height: var(--th-target);
      padding: 0;
      border: 0;
      border-radius: var(--th-round);
      background: none;
      color: var(--th-faded);
      cursor: pointer;
    }
    button:hover {
      background: var(--th-hover);
      color: var(--th-ink);
    }
    :focus-visible {
      outline: var(--th-focus);
      outline-offset: 2px;
    }
    [popover] {
      inset: auto;
      margin: 0;
      min-width: 13rem;
      padding: 0.75rem 1rem 1rem;
      border: 1px solid var(--th-line);
      border-radius: calc(var(--th-round) * 1.2);
      background: var(--th-raised);
      color: var(--th-ink);
      box-shadow: var(--th-shade);
    }
    fieldset {
      margin: 0;
      padding: 0;
      border: 0;
    }
    fieldset + fieldset {
      margin-top: 0.75rem;
      padding-top: 0.75rem;
      border-top: 1px solid var(--th-line);
    }
    legend {
      float: left;
      width: 100%;
      margin-bottom: 0.25rem;
      color: var(--th-faded);
      font-size: var(--th-small);
    }
    label {
      clear: both;
      display: flex;
      align-items: center;
      gap: 0.625rem;
      min-height: max(2rem, var(--th-small-target));
      cursor: pointer;
    }
    input {
      width: 1.1rem;
      height: 1.1rem;
      margin: 0;
      accent-color: var(--th-tea);
    }
  `;

  #spoken = () => this.requestUpdate();

  constructor() {
    super();
    /** The name of Django's language cookie. */
    this.cookie = "django_language";
  }

  connectedCallback() {
    super.connectedCallback();
    document.addEventListener("teahouse-language", this.#spoken);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    document.removeEventListener("teahouse-language", this.#spoken);
  }

  render() {
    const say = words();
    return html`<button type="button" popovertarget="choices" aria-label=${say.settings} title=${say.settings}>${icons.settings}</button>
      <div id="choices" popover role="dialog" aria-label=${say.settings} @toggle=${this.#place}>
        ${this.#choice(say.theme, "theme", theme(), [["", say.themeSystem], ["light", say.themeLight], ["dark", say.themeDark]], (value) => {
          chooseTheme(/** @type {Theme} */ (value));
        })}
        ${this.#choice(say.language, "language", language(), CHOICES.map(({ code, label }) => [code, label]), (value) => {
          chooseLanguage(value, this.cookie);
        })}
        ${this.#choice(say.enterKey, "enter", enterSends() ? "sends" : "breaks", [["sends", say.enterSends], ["breaks", say.enterBreaks]], (value) => {
          chooseEnter(value === "sends");
        })}
      </div>`;
  }

  /**
   * @param {string} title
   * @param {string} name
   * @param {string} chosen
   * @param {string[][]} values  Pairs of value and label.
   * @param {(value: string) => void} choose
   */
  #choice(title, name, chosen, values, choose) {
    return html`<fieldset>
      <legend>${title}</legend>
      ${values.map(
        ([value = "", label = ""]) => html`<label lang=${name === "language" ? value : language()}>
          <input type="radio" name=${name} value=${value} .checked=${value === chosen} @change=${() => choose(value)} />${label}
        </label>`,
      )}
    </fieldset>`;
  }

  /** Below its button. @param {Event & {newState?: string}} event */
  #place(event) {
    if (event.newState !== "open") return;
    const box = /** @type {HTMLElement} */ (event.currentTarget);
    const at = this.getBoundingClientRect();
    box.style.top = `${at.bottom + 6}px`;
    box.style.right = `${Math.max(8, document.documentElement.clientWidth - at.right)}px`;
    /** @type {HTMLElement | null} */ (box.querySelector("input:checked"))?.focus();
  }
}

customElements.define("teahouse-settings", TeahouseSettings);
