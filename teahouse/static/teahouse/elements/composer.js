/** Where one writes. What is in it stays, over reloads too, until it was sent or thrown away. */

import { enterSends } from "../choices.js";
import { icons } from "../icons.js";
import { html, nothing } from "../lit.js";
import { problemOf } from "../socket.js";
import { keep, storage } from "../storage.js";
import { words } from "../words.js";
import { Light } from "./light.js";

/** @import { Client, Feed } from "../client.js" */
/** @import { Message, Problem } from "../types.js" */

const LONGEST = 10_000; // characters, until the server has said

export class TeahouseComposer extends Light {
  static properties = {
    client: { attribute: false },
    feed: { attribute: false },
    name: { attribute: false },
    language: { attribute: false },
    version: { attribute: false },
    editing: { state: true },
    problem: { state: true },
    length: { state: true },
  };

  #saving = false;

  constructor() {
    super();
    /** The message that is being changed, instead of a new one. @type {Message | null} */
    this.editing = null;
    /** Why a change was refused. @type {Problem | null} */
    this.problem = null;
    this.length = 0;
    /** @type {Client} */
    this.client;
    /** @type {Feed} */
    this.feed;
    this.name = "";
    this.language = "";
    this.version = 0;
  }

  get #field() {
    return /** @type {HTMLTextAreaElement} */ (this.querySelector("textarea"));
  }

  get #draftName() {
    return `teahouse:draft:${this.client.url}:${this.client.you?.id}:${this.feed.slug}`;
  }

  get #most() {
    return this.client.limits.text ?? LONGEST;
  }

  firstUpdated() {
    this.#write(storage.getItem(this.#draftName) ?? "");
  }

  /** What is written and not sent. */
  get text() {
    return this.editing ? (storage.getItem(this.#draftName) ?? "") : this.#field.value;
  }

  focus() {
    this.#field.focus();
  }

  render() {
    const say = words();
    const tooLong = this.length > this.#most;
    return html`<form class="composer" @submit=${this.#submit}>
      ${this.editing ? this.#editingBar() : nothing}
      <div class="box">
        <textarea
          rows="1"
          enterkeyhint=${enterSends() ? "send" : "enter"}
          aria-label=${say.writeIn(this.name)}
          placeholder=${say.writeIn(this.name)}
          aria-invalid=${tooLong ? "true" : "false"}
          aria-describedby=${tooLong ? "teahouse-length" : nothing}
          autocomplete="off"
          @input=${this.#typed}
          @keydown=${this.#keys}
        ></textarea>
        <button class="send" @mousedown=${keepFocus} ?disabled=${this.length === 0 || tooLong} aria-label=${this.editing ? say.save : say.send} title=${this.editing ? say.save : say.send}>
          ${this.editing ? icons.save : icons.send}
        </button>
      </div>
      ${tooLong ? html`<p class="wrong" id="teahouse-length" role="alert">${say.tooLongBy(this.length, this.#most)}</p>` : nothing}
      ${this.problem ? html`<p class="wrong" role="alert">${say.problems[this.problem.code] ?? this.problem.message}</p>` : nothing}
    </form>`;
  }

  #editingBar() {
    return html`<p class="editing">${words().editing} <button type="button" class="link" @click=${() => this.stopEditing()}>${words().cancel}</button></p>`;
  }

  /** Changes a message here, keeping the draft for afterwards. @param {Message} message */
  edit(message) {
    if (!this.editing) keep(this.#draftName, this.#field.value);
    this.editing = message;
    this.problem = null;
    this.#write(message.text ?? "");
    this.focus();
  }

  stopEditing() {
    this.editing = null;
    this.problem = null;
    this.#write(storage.getItem(this.#draftName) ?? "");
    this.focus();
  }

  /** Takes back a text that was refused. @param {string} text */
  takeBack(text) {
    const { value } = this.#field;
    this.#write(value ? `${text}\n${value}` : text);
    keep(this.#draftName, this.#field.value);
    this.focus();
  }

  /** @param {string} text */
  #write(text) {
    this.#field.value = text;
    this.#measure();
  }

  #typed() {
    this.problem = null;
    this.#measure();
    if (this.editing) return;
    keep(this.#draftName, this.#field.value);
    if (this.length) this.client.typing(this.feed);
  }

  /** Counts as the server does, in code points, and lets the field grow with its text. */
  #measure() {
    const field = this.#field;
    const text = field.value.trim();
    this.length = text.length > this.#most ? [...text].length : text.length;
    if (CSS.supports("field-sizing", "content")) return;
    field.rows = 1;
    while (field.scrollHeight > field.clientHeight && field.rows < 12) field.rows += 1;
  }

  /** @param {KeyboardEvent} event */
  #keys(event) {
    // Enter that ends the spelling of a Chinese word sends nothing; Safari tells so only by the old code.
    if (event.isComposing || event.keyCode === 229) return;
    const plain = !event.shiftKey && !event.altKey && !event.ctrlKey && !event.metaKey;
    if (event.key === "Enter" && ((plain && enterSends()) || event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      this.#submit();
    } else if (event.key === "ArrowUp" && plain && !this.#field.value && !this.editing) {
      const own = this.feed.store.lastOwn();
      if (!own) return;
      event.preventDefault();
      this.edit(own);
    } else if (event.key === "Escape" && this.editing) {
      event.stopPropagation();
      this.stopEditing();
    }
  }

  /** @param {Event} [event] */
  #submit(event) {
    event?.preventDefault();
    const text = this.#field.value.trim();
    if (!text || this.length > this.#most) return;
    if (this.editing) {
      this.#save(this.editing, text);
      return;
    }
    this.client.outgoing.send(this.feed, text);
    keep(this.#draftName, "");
    this.#write("");
    this.act("sent");
  }

  /** A change is not queued: it stays in the field until the server has it. @param {Message} message @param {string} text */
  async #save(message, text) {
    if (this.#saving) return;
    if (text === message.text) return this.stopEditing();
    this.#saving = true;
    try {
      await this.client.edit(this.feed, message.id, text);
      this.stopEditing();
    } catch (error) {
      this.problem = problemOf(error);
    } finally {
      this.#saving = false;
    }
  }
}

/** The button takes no focus from the field: on a phone the keyboard would go and come. @param {Event} event */
function keepFocus(event) {
  event.preventDefault();
}

customElements.define("teahouse-composer", TeahouseComposer);
