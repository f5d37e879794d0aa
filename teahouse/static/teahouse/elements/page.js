/** Some messages that stand together, so that a new one makes only its neighbours be drawn anew. */

import { html, nothing, repeat, unsafeHTML } from "../lit.js";
import { clock, dayLine, dayOf, exact } from "../times.js";
import { words } from "../words.js";
import { Light } from "./light.js";
import "./message.js";

/** @import { Page } from "../stretch.js" */
/** @import { Message } from "../types.js" */

const TOGETHER = 5 * 60_000; // ms under one heading

export class TeahousePage extends Light {
  static properties = {
    page: { attribute: false },
    previous: { attribute: false },
    me: { attribute: false },
    myName: { attribute: false },
    line: { attribute: false },
    marked: { attribute: false },
    find: { attribute: false },
    link: { attribute: false },
    threads: { attribute: false },
    today: { attribute: false },
    language: { attribute: false },
  };

  constructor() {
    super();
    /** @type {Page} */
    this.page = { id: 0, messages: [] };
    /** The last message of the page before. @type {Message | undefined} */
    this.previous = undefined;
    /** @type {number | null} */
    this.me = null;
    this.myName = "";
    /** The number of the message before which the "new since" line stands. @type {number | null} */
    this.line = null;
    /** The number of the message that somebody was sent to. @type {number | null} */
    this.marked = null;
    /** A message of the room by its id, if it is known. @type {(id: number) => Message | undefined} */
    this.find = () => undefined;
    /** The address of a message, if it has one. @type {(seq: number) => string} */
    this.link = () => "";
    /** Roots of threads in which there is something unread. @type {Set<number> | null} */
    this.threads = null;
    this.today = "";
    this.language = "";
  }

  render() {
    const { messages } = this.page;
    return repeat(
      messages,
      (message) => message.id,
      (message, index) => this.#row(message, messages[index - 1] ?? this.previous),
    );
  }

  /** @param {Message} message @param {Message | undefined} before */
  #row(message, before) {
    const newDay = !before || dayOf(before.at) !== dayOf(message.at);
    const newLine = this.line === message.seq && before !== undefined;
    return html`${newDay ? dayRow(message.at) : nothing}
      ${newLine ? html`<p class="line new"><span>${words().newSince}</span></p>` : nothing}
      ${message.event ? this.#happened(message) : this.#message(message, newDay || newLine || apart(before, message))}`;
  }

  /** @param {Message} message @param {boolean} head */
  #message(message, head) {
    return html`<teahouse-message
        .message=${message}
        .by=${message.by}
        .me=${this.me}
        .myName=${this.myName}
        .quoted=${message.reply ? this.find(message.reply.id) : undefined}
        .marked=${this.marked === message.seq}
        .link=${this.link}
        .news=${this.threads?.has(message.id) ?? false}
        .head=${head}
        .language=${this.language}
      ></teahouse-message>`;
  }

  /** An event of the project, as its server has drawn and cleaned it. @param {Message} message */
  #happened({ seq, at, html: markup = "" }) {
    return html`<div class=${this.marked === seq ? "happened marked" : "happened"} data-seq=${seq} tabindex=${this.marked === seq ? "-1" : nothing}>
        <div class="rich">${unsafeHTML(markup)}</div> <time datetime=${at} title=${exact(at)}>${clock(at)}</time>
      </div>`;
  }
}

/** @param {string} at */
export function dayRow(at) {
  const day = dayLine(at, words());
  return html`<p class="line day"><button type="button" class="to-date" tabindex="-1" aria-haspopup="dialog" aria-label=${words().goToDateFrom(day)} data-at=${at}>${day}</button></p>`;
}

/**
 * Whether the second needs a heading of its own.
 * @param {{at: string, by: {id: number}, event?: string} | undefined} before
 * @param {{at: string, by: {id: number}}} message
 */
export function apart(before, message) {
  return !before || before.event !== undefined || before.by.id !== message.by.id || Date.parse(message.at) - Date.parse(before.at) > TOGETHER;
}

customElements.define("teahouse-page", TeahousePage);
