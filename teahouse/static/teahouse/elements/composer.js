/** Where one writes. What is in it stays, over reloads too, until it was sent or thrown away. */

import { enterSends } from "../choices.js";
import { codeBefore, withEmoji } from "../complete.js";
import { choseEmoji, emojiGroups, emojiOf } from "../emoji.js";
import { icons } from "../icons.js";
import { html, nothing } from "../lit.js";
import { problemOf } from "../socket.js";
import { keep, storage } from "../storage.js";
import { languageOf, words } from "../words.js";
import "./completion.js";
import { Light } from "./light.js";
import { excerpt } from "./message.js";

/** @import { Client, Feed } from "../clients.js" */
/** @import { Begun } from "../complete.js" */
/** @import { TeahouseCompletion } from "./completion.js" */
/** @import { Message, Problem, Quoted } from "../types.js" */

const LONGEST = 10_000; // characters, until the server has said

export class TeahouseComposer extends Light {
  static properties = {
    client: { attribute: false },
    feed: { attribute: false },
    name: { attribute: false },
    hint: { attribute: false },
    language: { attribute: false },
    version: { attribute: false },
    editing: { state: true },
    replying: { state: true },
    problem: { state: true },
    length: { state: true },
  };

  #saving = false;
  /** The choice in the list above that Enter takes. */
  #active = "";

  constructor() {
    super();
    /** The message that is being changed, instead of a new one. @type {Message | null} */
    this.editing = null;
    /** What the new message replies to. @type {Quoted | null} */
    this.replying = null;
    /** Why a change was refused. @type {Problem | null} */
    this.problem = null;
    this.length = 0;
    /** @type {Client} */
    this.client;
    /** @type {Feed} */
    this.feed;
    this.name = "";
    /** What stands in it while nothing is written; else where one writes. */
    this.hint = "";
    this.language = "";
    this.version = 0;
  }

  get #field() {
    return /** @type {HTMLTextAreaElement} */ (this.querySelector("textarea"));
  }

  get #completion() {
    return /** @type {TeahouseCompletion} */ (this.querySelector("teahouse-completion"));
  }

  get #draftName() {
    const { slug, thread } = this.feed;
    return `teahouse:draft:${this.client.url}:${this.client.you?.id}:${slug}${thread === undefined ? "" : `:${thread}`}`;
  }

  get #most() {
    return this.client.limits.text ?? LONGEST;
  }

  firstUpdated() {
    this.#write(storage.getItem(this.#draftName) ?? "");
    this.replying = quotedIn(storage.getItem(this.#replyName));
  }

  get #replyName() {
    return this.#draftName.replace("teahouse:draft:", "teahouse:reply:");
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
      ${this.editing ? this.#editingBar() : this.replying ? this.#replyingBar(this.replying) : nothing}
      <teahouse-completion .language=${this.language} @teahouse-act=${this.#completed}></teahouse-completion>
      <div class="box">
        <textarea
          rows="1"
          enterkeyhint=${enterSends() ? "send" : "enter"}
          aria-label=${say.writeIn(this.name)}
          placeholder=${this.hint || say.writeIn(this.name)}
          aria-invalid=${tooLong ? "true" : "false"}
          aria-describedby=${tooLong ? "teahouse-length" : nothing}
          aria-autocomplete="list"
          aria-controls=${this.#active ? "teahouse-choices" : nothing}
          aria-activedescendant=${this.#active || nothing}
          autocomplete="off"
          @blur=${() => this.#completion.close()}
          @click=${this.#look}
          @compositionend=${this.#spelled}
          @input=${this.#wrote}
          @keydown=${this.#keys}
        ></textarea>
        <button type="button" class="smile" @click=${this.#pick} aria-label=${say.emoji} title=${say.emoji} aria-haspopup="dialog">${icons.smile}</button>
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

  /** @param {Quoted} reply */
  #replyingBar({ id, by }) {
    const say = words();
    const message = this.feed.store.message(id);
    const text = message?.deleted ? say.deleted : excerpt(message?.text ?? "");
    return html`<div class="replying">${icons.reply}<p>${say.replyingTo} <span class="quoted-by" lang=${languageOf(by.name) ?? nothing}>${by.name}</span> <span class="faded" lang=${languageOf(text) ?? nothing}>${text}</span></p>
      <button type="button" class="plain" aria-label=${say.cancelReply} title=${say.cancelReply} @click=${() => this.#stopReplying()}>${icons.close}</button></div>`;
  }

  /** What is written next replies to this message. @param {Message} message */
  reply({ id, seq, by }) {
    if (this.editing) this.stopEditing();
    this.#replyTo({ id, seq, by });
    this.focus();
  }

  #stopReplying() {
    this.#replyTo(null);
    this.focus();
  }

  /** @param {Quoted | null} reply */
  #replyTo(reply) {
    this.replying = reply;
    keep(this.#replyName, reply ? JSON.stringify(reply) : "");
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

  /** Takes back a text that was refused. @param {string} text @param {Quoted} [reply] */
  takeBack(text, reply) {
    if (reply) this.#replyTo(reply);
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

  /** @param {MouseEvent} event */
  #pick(event) {
    this.act("emoji", { button: event.currentTarget, chosen: (/** @type {string} */ emoji) => this.insert(emoji) });
  }

  /** Puts something where the caret is. @param {string} text */
  insert(text) {
    const field = this.#field;
    field.setRangeText(text, field.selectionStart, field.selectionEnd, "end");
    this.#typed();
    this.focus();
  }

  #look() {
    this.#completion.look(this.#field, this.client, this.feed);
  }

  /** What the list above wants. @param {Event} event */
  #completed(event) {
    /** @type {{action: string, begun: Begun, insert: string}} */
    const { action, begun, insert } = /** @type {CustomEvent} */ (event).detail;
    event.stopPropagation();
    this.#active = this.#completion.active ?? "";
    this.requestUpdate();
    if (action !== "complete") return;
    this.#field.setSelectionRange(begun.start, begun.end);
    this.insert(insert);
  }

  /** @param {InputEvent} event */
  #wrote(event) {
    this.#typed();
    if (!event.isComposing) this.#spelled();
  }

  /** `:tea:` is its emoji as soon as it is written whole, and where it was pasted, when it is sent. */
  async #spelled() {
    const { value, selectionEnd } = this.#field;
    const begun = codeBefore(value, selectionEnd);
    // The first time they are read meanwhile.
    if (/:[\w+-]+:/.test(value)) await emojiGroups().catch(() => []); // Offline it is sent as it was written.
    const emoji = begun && emojiOf(begun.code);
    if (!emoji || this.#field.value !== value) return;
    choseEmoji(emoji);
    this.#field.setRangeText(emoji, begun.start, begun.end, "end");
    this.#typed();
  }

  #typed() {
    this.problem = null;
    this.#measure();
    this.#look();
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
    if (this.#completion.key(event)) return;
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
    } else if (event.key === "Escape" && this.replying) {
      event.stopPropagation();
      this.#stopReplying();
    }
  }

  /** @param {Event} [event] */
  #submit(event) {
    event?.preventDefault();
    const text = withEmoji(this.#field.value.trim(), emojiOf);
    if (!text || this.length > this.#most) return;
    if (this.editing) {
      this.#save(this.editing, text);
      return;
    }
    this.client.outgoing.send(this.feed, text, this.replying ?? undefined);
    keep(this.#draftName, "");
    this.#replyTo(null);
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

/** What was kept in the browser, in which anything may lie. @param {string | null} kept @returns {Quoted | null} */
function quotedIn(kept) {
  try {
    const { id, seq, by } = JSON.parse(kept ?? "null") ?? {};
    return Number.isInteger(id) && Number.isInteger(seq) && typeof by?.name === "string" ? { id, seq, by } : null;
  } catch {
    return null;
  }
}

/** The button takes no focus from the field: on a phone the keyboard would go and come. @param {Event} event */
function keepFocus(event) {
  event.preventDefault();
}

customElements.define("teahouse-composer", TeahouseComposer);
