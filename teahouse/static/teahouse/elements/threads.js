/** <teahouse-threads>: the threads that one takes part in, those in which something was said last first. */

import { html, nothing } from "../lit.js";
import { titleOf } from "../rooms-store.js";
import { ago, exact } from "../times.js";
import { languageOf, words } from "../words.js";
import { cup, excerpt } from "./message.js";
import { PagedDialog } from "./paged-dialog.js";

/** @import { ListedThread, Message, MessageState } from "../types.js" */

/** @extends {PagedDialog<ListedThread>} */
export class TeahouseThreads extends PagedDialog {
  get heading() {
    return words().threads;
  }

  get command() {
    return "threads";
  }

  get news() {
    return this.client.attention.toldThreads;
  }

  get empty() {
    return words().noThreads;
  }

  /** @param {ListedThread} one */
  keyOf({ message }) {
    return message.id;
  }

  /** @param {ListedThread} one */
  row({ room, title, people, message, last, unread }) {
    const say = words();
    const root = /** @type {Message} */ (message);
    const where = titleOf({ room, title, kind: people ? "direct" : "", people }, this.client.you?.id);
    const { count = 0, last: at = "" } = root.thread ?? {};
    return html`<a class="need ${unread ? "new" : ""}" href=${this.addressOf(room, last?.seq ?? root.seq)} @click=${(/** @type {MouseEvent} */ event) => this.follow(event, "go-thread", { room, seq: root.seq, thread: root.id })}>
      ${cup(root.by)}<span class="need-text"><span class="need-head"><span class="who" lang=${languageOf(root.by.name) ?? nothing}>${root.by.name}</span>
      <span class="need-where">${where}</span></span>
      ${said(root)}
      ${last ? html`<span class="need-last"><span class="who" lang=${languageOf(last.by?.name ?? "") ?? nothing}>${last.by?.name}</span> ${said(last)}</span>` : nothing}
      <span class="need-where"><span class=${unread ? "replies news" : "replies"}>${say.replies(count)}${unread ? html` · ${say.newInThread(unread)}` : nothing}</span>
        <time datetime=${at} title=${at ? exact(at) : ""}>${at ? ago(at, say) : ""}</time></span></span></a>`;
  }
}

/** @param {MessageState} message */
function said({ text, deleted }) {
  const shown = deleted ? words().deleted : excerpt(text ?? "");
  return html`<span class=${deleted ? "need-said faded" : "need-said"} lang=${languageOf(shown) ?? nothing}>${shown}</span>`;
}

customElements.define("teahouse-threads", TeahouseThreads);
