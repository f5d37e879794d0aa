/** One thread, beside its room or in front of it: what was said there, and where one answers. */

import { icons } from "../icons.js";
import { html, nothing } from "../lit.js";
import { words } from "../words.js";
import "./composer.js";
import "./conversation.js";
import { Light } from "./light.js";
import { silence } from "./room-bottom.js";
import "./state.js";

/** @import { Client, Feed } from "../clients.js" */
/** @import { TeahouseComposer } from "./composer.js" */
/** @import { TeahouseConversation } from "./conversation.js" */

export class TeahouseThread extends Light {
  static properties = {
    client: { attribute: false },
    feed: { attribute: false },
    name: { attribute: false },
    link: { attribute: false },
    target: { attribute: false },
    version: { attribute: false },
    language: { attribute: false },
  };

  constructor() {
    super();
    /** @type {Client} */
    this.client;
    /** @type {Feed} */
    this.feed;
    /** The room's title. */
    this.name = "";
    /** The address of a message, if it has one. @type {(seq: number) => string} */
    this.link = () => "";
    /** The message with which one came. @type {number | null} */
    this.target = null;
    this.version = 0;
    this.language = "";
  }

  get conversation() {
    return /** @type {TeahouseConversation} */ (this.querySelector("teahouse-conversation"));
  }

  get composer() {
    return /** @type {TeahouseComposer | null} */ (this.querySelector("teahouse-composer"));
  }

  /** To where one writes, or to the way out. */
  async focus() {
    await this.updateComplete;
    await this.composer?.updateComplete;
    const fine = !matchMedia("(pointer: coarse)").matches;
    const place = fine ? this.querySelector("textarea") : null;
    (place ?? /** @type {HTMLElement | null} */ (this.querySelector(".thread-close")))?.focus();
  }

  render() {
    const { client, feed } = this;
    const say = words();
    const about = say.threadIn(this.name);
    return html`<header class="thread-head">
        <h2>${say.thread}<span class="faded">${this.name}</span></h2>
        <button type="button" class="plain thread-close" aria-label=${say.closeThread} title=${say.closeThread} @click=${() => this.act("close-thread")}>${icons.close}${icons.back}</button>
      </header>
      <teahouse-conversation .client=${client} .feed=${feed} .name=${about} .version=${this.version} .language=${this.language} .link=${this.link} .target=${this.target}></teahouse-conversation>
      <teahouse-state .client=${client} .feed=${feed} .version=${this.version} .language=${this.language}></teahouse-state>
      ${silence(feed) ?? (client.you ? html`<teahouse-composer .client=${client} .feed=${feed} .name=${about} .hint=${say.writeReply} .version=${this.version} .language=${this.language}></teahouse-composer>` : nothing)}`;
  }
}

customElements.define("teahouse-thread", TeahouseThread);
