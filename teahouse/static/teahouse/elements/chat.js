/**
 * <teahouse-chat room="main" ws="/ws/" home="/">: all of a person's rooms, and <teahouse-room> for those that
 * were opened. Another room does not load a page: the address changes, and the room comes to the front.
 *
 * Attributes:
 *   room    the room that is in front at first; without it the one that the page's address names
 *   home    address of the chat, whose rooms are below it
 *   place   the site's name, at the end of the window's title
 *   worker  address of the service worker, with which the chat opens without a connection too
 *   offline  present on the page that knows neither room nor person: it takes what the browser has kept
 *   ws, guest, signin, people  as of <teahouse-room>
 *
 * A <teahouse-room> inside it is the room in front, as it came with the page. What has slot="place" stands above the
 * list of rooms, slot="settings" beside that, slot="account" below the list.
 */

import { addressOf, roomAt } from "../addresses.js";
import { showBadge } from "../badge.js";
import { chosenBefore } from "../choices.js";
import { clientFor } from "../clients.js";
import { icons } from "../icons.js";
import { forgetSeen, Keeper, keepNothing, keptPerson, recall } from "../keeping.js";
import { html, LitElement, nothing } from "../lit.js";
import { titleOf } from "../rooms-store.js";
import { Notifier } from "../notifier.js";
import { problemOf } from "../socket.js";
import { shortcutOf } from "../shortcuts.js";
import { chatSheets } from "../chat-styles.js";
import { language, languageOf, words } from "../words.js";
import "./activity.js";
import "./direct.js";
import "./making.js";
import "./room.js";
import "./rooms.js";
import "./shortcuts.js";
import "./switcher.js";
import "./telling.js";
import "./threads.js";

/** @import { Client } from "../clients.js" */
/** @import { TeahouseRoom } from "./room.js" */
/** @import { MessageState, OwnEvent } from "../types.js" */

const WIDE = 720; // px: the rooms beside the conversation, not instead of it
const SETTLED = 2_000; // ms after the page is there
const KEPT = 12; // rooms that stay as they were left
const LOOKS = ["focus", "blur"];
const PASSED_ON = ["ws", "guest", "signin", "home", "people"];

/** @typedef {"rooms" | "room"} Pane  What a narrow window shows. */

export class TeahouseChat extends LitElement {
  static properties = {
    room: { type: String },
    home: { type: String },
    place: { type: String },
    ws: { type: String },
    worker: { type: String },
    offline: { type: Boolean },
    pane: { state: true },
    wide: { state: true },
  };

  /** @type {Client | null} */
  #client = null;
  #version = 0;
  /** @type {Notifier | null} */
  #notifier = null;
  #own = (/** @type {Event} */ event) => this.#called(/** @type {CustomEvent} */ (event).detail);
  #said = (/** @type {Event} */ event) => this.#heard(/** @type {CustomEvent} */ (event).detail);
  #looks = () => this.#look();
  /** Those that were opened, in the order in which they were last in front. @type {Map<string, TeahouseRoom>} */
  #opened = new Map();
  #changed = () => this.#clientChanged();
  #spoken = () => this.requestUpdate();
  #popped = () => this.#arrive();
  #pressed = (/** @type {KeyboardEvent} */ event) => this.#keys(event);
  #clicked = (/** @type {MouseEvent} */ event) => this.#follow(event);
  #sizes = new ResizeObserver(([entry]) => this.#sized(entry?.contentRect.width ?? 0));

  constructor() {
    super();
    this.room = "";
    this.home = "/";
    this.place = "Teahouse";
    this.ws = "/ws/";
    this.worker = "";
    this.offline = false;
    /** @type {Pane} */
    this.pane = "room";
    this.wide = true;
  }

  createRenderRoot() {
    const root = /** @type {ShadowRoot} */ (super.createRenderRoot());
    root.adoptedStyleSheets = chatSheets;
    root.addEventListener("teahouse-act", (event) => this.#acted(/** @type {CustomEvent} */ (event).detail));
    return root;
  }

  connectedCallback() {
    super.connectedCallback();
    const client = clientFor(new URL(this.ws, document.baseURI).href.replace(/^http/, "ws"));
    this.#client = client;
    client.addEventListener("change", this.#changed);
    client.listRooms();
    this.#notifier = new Notifier(client, (room, seq) => this.#goTo(room, seq));
    client.addEventListener("own", this.#own);
    client.addEventListener("said", this.#said);
    for (const type of LOOKS) addEventListener(type, this.#looks);
    document.addEventListener("visibilitychange", this.#looks);
    document.addEventListener("teahouse-language", this.#spoken);
    document.addEventListener("keydown", this.#pressed);
    document.addEventListener("click", this.#clicked);
    addEventListener("popstate", this.#popped);
    this.addEventListener("teahouse-back", () => this.#back());
    this.addEventListener("teahouse-write-to", (event) => this.#writeTo(/** @type {CustomEvent} */ (event).detail.people));
    this.addEventListener("teahouse-go", (event) => this.#toMessage(/** @type {CustomEvent} */ (event)));
    this.#remember(client);
    this.#sizes.observe(this);
  }

  /** Begins with what the browser has kept of this person; on the page that came for want of another, with that alone. @param {Client} client */
  async #remember(client) {
    const kept = keptPerson(client.url);
    if (this.offline) {
      chosenBefore(this.querySelector("teahouse-settings")?.getAttribute("cookie") ?? "");
      const person = await kept;
      if (person) client.identify(person.you);
      client.rooms.restore(person?.rooms ?? []);
      this.#begin();
    } else {
      this.#begin();
      const person = await kept;
      if (person && person.you.id === client.you?.id) client.rooms.restore(person.rooms);
      else if (person && !client.you && client.socket.phase === "idle") await forgetSeen();
    }
    new Keeper(client);
    this.requestUpdate();
    if (this.worker) register(this.worker, this.home);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.#client?.removeEventListener("change", this.#changed);
    this.#client?.removeEventListener("own", this.#own);
    this.#client?.removeEventListener("said", this.#said);
    for (const type of LOOKS) removeEventListener(type, this.#looks);
    document.removeEventListener("visibilitychange", this.#looks);
    this.#notifier?.look("");
    document.removeEventListener("teahouse-language", this.#spoken);
    document.removeEventListener("keydown", this.#pressed);
    document.removeEventListener("click", this.#clicked);
    removeEventListener("popstate", this.#popped);
    this.#sizes.disconnect();
  }

  /** The room in front, which came with the page. */
  #begin() {
    this.room ||= roomAt(this.home, location.pathname) ?? "main";
    const given = /** @type {TeahouseRoom | null} */ (this.querySelector(":scope > teahouse-room"));
    if (given) this.#opened.set(this.room, given);
    this.#sized(this.getBoundingClientRect().width);
    // A narrow window that came from elsewhere goes back to the list first, as from any other room.
    if (!this.wide && history.state === null) {
      history.replaceState({ pane: "rooms" }, "");
      history.pushState({ pane: "room", listed: true }, "");
    }
    this.#arrive();
  }

  /** @param {number} width */
  #sized(width) {
    const wide = width >= WIDE;
    if (wide === this.wide) return;
    this.wide = wide;
    this.#arrange();
  }

  /** The session that all rooms here share. */
  get client() {
    return this.#client;
  }

  // Going from room to room

  /**
   * Brings a room to the front.
   * @param {string} room
   * @param {{focus?: boolean}} [how]  Whether to go on writing there at once, which is wanted where there is a keyboard.
   */
  go(room, { focus = !matchMedia("(pointer: coarse)").matches } = {}) {
    const { room: before, pane } = this;
    if (room !== before || (!this.wide && pane !== "room")) {
      history.pushState({ pane: "room", listed: !this.wide && pane === "rooms" }, "", addressOf(this.home, room));
    }
    this.#show(room, "room");
    const element = this.#opened.get(room);
    if (focus) element?.focus();
    else element?.focusHead();
  }

  /** A message of another room, which one of the rooms was asked for. @param {CustomEvent<{room: string, seq: number}>} event */
  #toMessage(event) {
    const { room, seq } = event.detail;
    event.preventDefault();
    this.#goTo(room, seq);
  }

  /** @param {string} room @param {number} seq */
  #goTo(room, seq) {
    this.go(room, { focus: false });
    const element = this.#opened.get(room);
    if (element) Object.assign(element, { at: seq });
  }

  /** To a thread; the room shows its root. @param {string} room @param {number} seq @param {number} root */
  #goToThread(room, seq, root) {
    this.go(room, { focus: false });
    const element = this.#opened.get(room);
    if (!element) return;
    Object.assign(element, { at: seq });
    element.openThread(root);
  }

  /** Something of the own stream. @param {OwnEvent} event */
  #called({ event, about = "", message }) {
    if ((event === "mention" || event === "reply") && message?.seq) this.#notifier?.called(about, message.seq);
  }

  /** Something was said somewhere. @param {{room: string, seq: number, message?: MessageState}} news */
  #heard({ room, seq, message }) {
    this.#notifier?.said(room, seq, message?.root?.id);
  }

  /** Which room is looked at, if any is. */
  #look() {
    const seen = document.hasFocus() && !document.hidden && (this.wide || this.pane === "room");
    this.#notifier?.look(seen ? this.room : "");
  }

  /** The address says what is in front: at first, and after the back gesture. */
  #arrive() {
    const room = roomAt(this.home, location.pathname) ?? this.room;
    const before = this.pane;
    this.#show(room, history.state?.pane ?? "room");
    if (!this.wide && before !== this.pane) this.#focusPane();
  }

  /** To the list, where only one pane is seen. */
  #back() {
    if (history.state?.pane === "room" && history.state.listed) history.back();
    else if (!this.wide) {
      history.pushState({ pane: "rooms" }, "");
      this.#arrive();
    }
  }

  /** @param {string} room @param {Pane} pane */
  #show(room, pane) {
    this.pane = pane;
    if (!this.#opened.has(room)) this.#open(room);
    const element = /** @type {TeahouseRoom} */ (this.#opened.get(room));
    this.#opened.delete(room);
    this.#opened.set(room, element);
    this.room = room;
    this.#arrange();
    this.#letGo();
    this.#title();
    this.#look();
  }

  /** @param {string} room */
  #open(room) {
    const element = /** @type {TeahouseRoom} */ (document.createElement("teahouse-room"));
    for (const name of PASSED_ON) if (this.hasAttribute(name)) element.setAttribute(name, this.getAttribute(name) ?? "");
    element.setAttribute("room", room);
    this.#opened.set(room, element);
    this.append(element);
    const feed = this.#client?.feeds.get(room);
    if (this.#client && feed && !this.#client.socket.connected) recall(this.#client, feed);
  }

  /** One room in front, if any is seen at all. */
  #arrange() {
    const seen = this.wide || this.pane === "room";
    for (const [room, element] of this.#opened) {
      element.aside = !(seen && room === this.room);
      element.back = !this.wide;
      element.framed = true;
    }
  }

  /** Rooms that were not in front for long are begun anew when they are opened again. */
  #letGo() {
    for (const [room, element] of this.#opened) {
      if (this.#opened.size <= KEPT) return;
      if (room === this.room) continue;
      this.#opened.delete(room);
      this.#client?.rooms.closed(room);
      element.remove();
    }
  }

  async #focusPane() {
    await this.updateComplete;
    // Nobody wants the keyboard of a phone to come up by itself.
    if (this.pane === "room") return this.#opened.get(this.room)?.focusHead();
    /** @type {HTMLAnchorElement[]} */
    const entries = [...this.renderRoot.querySelectorAll(/** @type {"a"} */ ("teahouse-rooms a.entry"))];
    const address = addressOf(this.home, this.room);
    const left = entries.find((entry) => entry.getAttribute("href") === address);
    (left ?? entries[0])?.focus();
  }

  /** A link to a room, wherever it stands, leads there without a page being loaded. @param {MouseEvent} event */
  #follow(event) {
    const path = event.composedPath();
    const link = path.find((node) => node instanceof HTMLAnchorElement);
    const modified = event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey;
    if (!(link instanceof HTMLAnchorElement) || event.defaultPrevented || modified || link.target || link.hasAttribute("download")) return;
    // Signing out: what this browser has seen is not for who comes next.
    if (link.closest('[slot="account"]') && !link.matches(".account-name")) keepNothing();
    if (link.matches(".skip")) {
      event.preventDefault();
      this.#opened.get(this.room)?.focus();
      return;
    }
    const url = new URL(link.href, document.baseURI);
    const room = url.origin === location.origin ? roomAt(this.home, url.pathname) : undefined;
    // A message's address is that of a page too, unless the room has taken the press for itself.
    if (room === undefined || url.pathname !== addressOf(this.home, room) || url.hash) return;
    event.preventDefault();
    this.go(room);
  }

  /** @param {KeyboardEvent} event */
  #keys(event) {
    const shortcut = shortcutOf(event, this.#isBusy);
    if (!shortcut) return;
    const rooms = this.#client?.rooms;
    const to = shortcut.step && rooms?.neighbour(this.room, shortcut.step, shortcut.unread ?? false);
    event.preventDefault();
    if (to) this.go(to);
    if (shortcut.action === "switch") this.#part("teahouse-switcher")?.open();
    if (shortcut.action === "help") this.#part("teahouse-shortcuts")?.open();
    if (shortcut.action === "read") this.#opened.get(this.room)?.markAllRead();
  }

  /** Something is open here that has a use for the keys itself. */
  get #isBusy() {
    const settings = this.querySelector("teahouse-settings")?.shadowRoot?.querySelector(":popover-open");
    return Boolean(settings ?? this.renderRoot.querySelector("dialog[open]") ?? this.#opened.get(this.room)?.isBusy);
  }

  /**
   * @param {"teahouse-switcher" | "teahouse-shortcuts" | "teahouse-making" | "teahouse-direct" | "teahouse-activity" | "teahouse-threads" | "teahouse-telling"} name
   * @returns {(Element & {open(): void}) | null}
   */
  #part(name) {
    return this.renderRoot.querySelector(name);
  }

  // What is drawn

  #clientChanged() {
    this.#version += 1;
    this.#named(this.#client?.place ?? "");
    this.#title();
    this.requestUpdate();
  }

  /** The site has another name. @param {string} place */
  #named(place) {
    if (!place || place === this.place) return;
    this.place = place;
    for (const shown of this.querySelectorAll(":scope > .place span")) shown.textContent = place;
  }

  /** How much is unread, and where one is. */
  #title() {
    const { unread, mentions } = this.#client?.rooms.totals() ?? { unread: 0, mentions: 0 };
    const listed = this.#client?.rooms.get(this.room);
    const title = `${listed ? titleOf(listed, this.#client?.you?.id) : this.room} · ${this.place}`;
    document.title = unread ? `(${unread}) ${title}` : title;
    showBadge(unread, mentions);
  }

  render() {
    const client = this.#client;
    if (!client) return nothing;
    const say = words();
    return html`<div class="room frame ${this.wide ? "wide" : "narrow"} at-${this.pane}" lang=${language()}>
      <nav class="around" aria-label=${say.rooms}>
        ${this.wide || this.pane === "room" ? nothing : html`<h1 class="unseen">${say.rooms}</h1>`}
        <div class="around-head">
          <slot name="place"></slot>
          <slot name="settings"></slot>
        </div>
        <button type="button" class="go-to" ?hidden=${!client.you} @click=${() => this.#part("teahouse-switcher")?.open()}>
          ${icons.search}<span>${say.goTo}</span><kbd>${/Mac|iP/.test(navigator.platform) ? "⌘K" : "Ctrl+K"}</kbd>
        </button>
        ${client.you ? this.#needs(client) : nothing}
        <teahouse-rooms
          .client=${client}
          .current=${this.wide || this.pane === "room" ? this.room : ""}
          .addressOf=${(/** @type {string} */ room) => addressOf(this.home, room)}
          .version=${this.#version}
          .language=${language()}
        ></teahouse-rooms>
        ${this.#foot(client)}
      </nav>
      <div class="front"><slot></slot></div>
      <teahouse-switcher .client=${client} .version=${this.#version} .language=${language()}></teahouse-switcher>
      <teahouse-making .client=${client} .language=${language()}></teahouse-making>
      <teahouse-direct .client=${client} .language=${language()}></teahouse-direct>
      <teahouse-activity
        .client=${client}
        .version=${this.#version}
        .addressOf=${(/** @type {string} */ room, /** @type {number} */ seq) => `${addressOf(this.home, room)}${seq}/`}
        .language=${language()}
      ></teahouse-activity>
      <teahouse-threads .client=${client} .version=${this.#version} .addressOf=${(/** @type {string} */ room, /** @type {number} */ seq) => `${addressOf(this.home, room)}${seq}/`} .language=${language()}></teahouse-threads>
      <teahouse-telling .client=${client} .version=${this.#version} .language=${language()}></teahouse-telling>
      <teahouse-shortcuts .language=${language()}></teahouse-shortcuts>
    </div>`;
  }

  /** @param {Client} client */
  #needs({ attention: { unseen, threads } }) {
    const say = words();
    return html`<div class="needs">
      <button type="button" class="entry ${unseen ? "news" : ""}" @click=${() => this.#part("teahouse-activity")?.open()}>
        ${icons.bell}<span class="title">${say.activity}</span>
        ${unseen ? html`<span class="number" aria-hidden="true">${say.number(unseen)}</span><span class="unseen">, ${say.notSeenYet(unseen)}</span>` : nothing}
      </button>
      <button type="button" class="plain" aria-label=${say.telling} title=${say.telling} @click=${() => this.#part("teahouse-telling")?.open()}>${icons.moon}</button>
    </div>
    <div class="needs">
      <button type="button" class="entry ${threads ? "news" : ""}" @click=${() => this.#part("teahouse-threads")?.open()}>
        ${icons.thread}<span class="title">${say.threads}</span>
        ${threads ? html`<span class="number" aria-hidden="true">${say.number(threads)}</span><span class="unseen">, ${say.threadsUnread(threads)}</span>` : nothing}
      </button>
    </div>`;
  }

  /** @param {Client} client */
  #foot(client) {
    const say = words();
    const { phase } = client.socket;
    const away = phase === "waiting" || phase === "stopped";
    return html`<div class="around-foot">
      ${away ? html`<p class="line-state"><span class="dot bad" aria-hidden="true"></span>${say.offlineShort(client.outgoing.waiting)}</p>` : nothing}
      <div class="self"><slot name="account">${client.you ? html`<span class="name" lang=${languageOf(client.you.name) ?? nothing}>${client.you.name}</span>` : nothing}</slot>
        <button type="button" class="plain" aria-label=${say.shortcuts} title=${say.shortcuts} @click=${() => this.#part("teahouse-shortcuts")?.open()}>${icons.keys}</button></div>
    </div>`;
  }

  /** Opens the conversation with these people; there is one for each set of them. @param {number[]} people */
  async #writeTo(people) {
    try {
      const { room } = await this.#client?.command("direct", { people });
      this.#client?.rooms.added(room.room, room, "member");
      this.go(room.room);
    } catch (error) {
      this.#opened.get(this.room)?.tell(problemOf(error));
    }
  }

  /** @param {{action: string, room?: string, seq?: number, thread?: number, people?: number[]}} act  What the person wants, from one of the parts. */
  #acted({ action, room, seq, thread, people }) {
    if (action === "go" && room) this.go(room);
    else if (action === "go-message" && room && seq) this.#goTo(room, seq);
    else if (action === "go-thread" && room && seq && thread) this.#goToThread(room, seq, thread);
    else if (action === "browse") this.#part("teahouse-making")?.open();
    else if (action === "direct") this.#part("teahouse-direct")?.open();
    else if (action === "write-to" && people) this.#writeTo(people);
    else throw new Error(`nobody does "${action}"`);
  }
}

/** Once the page has all it needs itself. @param {string} worker @param {string} scope */
function register(worker, scope) {
  // Browsers have service workers only over https and on the machine itself.
  const { serviceWorker } = navigator;
  if (!serviceWorker) return;
  const later = () => setTimeout(() => serviceWorker.register(worker, { scope }).catch(() => {}), SETTLED); // Without it all else works.
  if (document.readyState === "complete") later();
  else addEventListener("load", later, { once: true });
}

customElements.define("teahouse-chat", TeahouseChat);
