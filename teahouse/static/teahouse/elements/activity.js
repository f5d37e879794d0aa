/** <teahouse-activity>: what needs one, newest first: mentions, replies, reactions to own messages. */

import { html, nothing } from "../lit.js";
import { titleOf } from "../rooms-store.js";
import { clock, dayLine, exact } from "../times.js";
import { languageOf, words } from "../words.js";
import { cup } from "./message.js";
import { PagedDialog } from "./paged-dialog.js";

/** @import { Needing } from "../types.js" */

/** @extends {PagedDialog<Needing>} */
export class TeahouseActivity extends PagedDialog {
  /** Up to here it was seen when the list was opened. */
  #seen = 0;

  get heading() {
    return words().activity;
  }

  get command() {
    return "activity";
  }

  get news() {
    return this.client.attention.last;
  }

  get empty() {
    return words().noActivity;
  }

  /** One of several reactions of one person on one message is enough. @param {Needing} one */
  keyOf({ kind, by, message }) {
    return `${kind} ${by.id} ${message.id}`;
  }

  async open() {
    this.#seen = this.client.attention.settings.seen;
    await super.open();
  }

  /** What is shown has been seen, on all devices. */
  async listed() {
    const { attention } = this.client;
    const last = Math.max(attention.last, this.list?.[0]?.seq ?? 0);
    if (last > attention.settings.seen || attention.unseen) {
      await this.client.command("settings", { seen: last || Number.MAX_SAFE_INTEGER });
    }
  }

  /** @param {Needing} one */
  row({ seq, kind, at, by, room, title, people, message, emoji }) {
    const say = words();
    const where = titleOf({ room, title, kind: people ? "direct" : "", people }, this.client.you?.id);
    const did = kind === "mention" ? say.namedYou : kind === "reply" ? say.repliedToYou : say.reactedToYou(emoji?.join(" ") ?? "");
    return html`<a class="need ${seq > this.#seen ? "new" : ""}" href=${this.addressOf(room, message.seq ?? 0)} @click=${(/** @type {MouseEvent} */ event) => this.follow(event, "go-message", { room, seq: message.seq ?? 0 })}>
      ${cup(by)}<span class="need-text"><span class="need-head"><span class="who" lang=${languageOf(by.name) ?? nothing}>${by.name}</span> ${did}
      <time datetime=${at} title=${exact(at)}>${dayLine(at, say)} ${clock(at)}</time></span>
      <span class="need-said" lang=${languageOf(message.text ?? "") ?? nothing}>${message.text}</span>
      <span class="need-where">${where}</span></span>
      ${seq > this.#seen ? html`<span class="unseen">${say.notSeen}</span>` : nothing}</a>`;
  }
}

customElements.define("teahouse-activity", TeahouseActivity);
