/**
 * <teahouse-room room="main" ws="/ws/">: a whole conversation, for any page.
 *
 * Attributes:
 *   room    the room's name; "main" without it
 *   ws      address of the JSON protocol; "/ws/" without it
 *   guest   address where guests are made; beside `ws` without it
 *   signin  address where people with an account sign in, if they can
 *   people  what comes before somebody's id in the address of their page, if they have one
 *   home    address of the main room, for who came to a room that is not there, and below which messages have addresses
 *   at      number of the message to begin at
 *   aside   present when another room is in front: nothing is drawn, nothing marked as read, its place is kept
 *   back    puts a button before the title, which says "teahouse-back"
 *   counts-in-title  puts the number of unseen messages into the window's title
 *
 * What the project tells in the room comes as "teahouse-event" and "teahouse-signal", with the frame as detail.
 *
 * A <script type="application/json"> inside it may hold the first page: {"you", "room", "history", "missing"}.
 * Colours and measures are the custom properties of theme.css.
 */

import { placeOf } from "../addresses.js";
import { clientFor } from "../clients.js";
import { identity } from "../guest.js";
import { classMap, html, LitElement, nothing, repeat } from "../lit.js";
import { picturesBeside } from "../pictures.js";
import { titleOf } from "../rooms-store.js";
import { problemOf } from "../socket.js";
import { sheets } from "../styles.js";
import { language, words } from "../words.js";
import { carryOut } from "./acts.js";
import "./conversation.js";
import "./dates.js";
import "./details.js";
import "./edits.js";
import "./emoji.js";
import "./menu.js";
import "./people.js";
import { missingRoom, roomBottom } from "./room-bottom.js";
import { roomHead } from "./room-head.js";
import "./thread.js";
import { ThreadPane } from "./thread-pane.js";

/** @import { Client, Feed } from "../clients.js" */
/** @import { CustomSignal, History, Problem, RoomEvent, RoomState, Who } from "../types.js" */
/** @import { Act, Place } from "./acts.js" */
/** @import { TeahouseComposer } from "./composer.js" */
/** @import { TeahouseConversation } from "./conversation.js" */
/** @import { TeahouseDates } from "./dates.js" */
/** @import { TeahouseEdits } from "./edits.js" */
/** @import { TeahouseEmoji } from "./emoji.js" */
/** @import { TeahouseMenu } from "./menu.js" */
/** @import { TeahouseThread } from "./thread.js" */

const NOTICE_LASTS = 8_000; // ms
const WIDE = 900; // px: people beside the conversation, not over it

/** @typedef {{you?: Who | null, room?: RoomState, history?: History, at?: number, missing?: boolean}} FirstPage */
/** @typedef {{"teahouse-conversation": TeahouseConversation, "teahouse-menu": TeahouseMenu, "teahouse-dates": TeahouseDates, "teahouse-edits": TeahouseEdits, "teahouse-emoji": TeahouseEmoji, "teahouse-composer": TeahouseComposer | null, "teahouse-thread": TeahouseThread | null}} Parts */

export class TeahouseRoom extends LitElement {
  static properties = {
    room: { type: String },
    ws: { type: String },
    guest: { type: String },
    signin: { type: String },
    people: { type: String },
    home: { type: String },
    at: { type: Number },
    aside: { type: Boolean, reflect: true },
    back: { type: Boolean, reflect: true },
    framed: { attribute: false },
    details: { state: true },
    peopleShown: { state: true },
    wide: { state: true },
    nameless: { state: true },
    notice: { state: true },
  };

  /** @type {Client | null} */
  #client = null;
  /** @type {Feed | null} */
  #feed = null;
  /** Grows with each change that the client tells of. */
  version = 0;
  /** What stood in the composer when the credential stopped holding. */
  #carried = "";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #noticeEnds;
  #thread = new ThreadPane(this);
  #changed = () => this.#clientChanged();
  #spoken = () => this.requestUpdate();
  #told = (/** @type {Event} */ event) => this.#heard(/** @type {CustomEvent<RoomEvent | CustomSignal>} */ (event).detail);
  #sizes = new ResizeObserver(([entry]) => {
    this.wide = (entry?.contentRect.width ?? 0) >= WIDE;
  });

  constructor() {
    super();
    /** Null: where there is room for them. @type {boolean | null} */
    this.peopleShown = null;
    this.wide = true;
    /** Whether a name is to be asked for. */
    this.nameless = false;
    /** What just went wrong. */
    this.notice = "";
    this.aside = false;
    this.back = false;
    /** Whether there is something around it that can open a conversation with one person. */
    this.framed = false;
    /** Whether the room's page is at the side, instead of who is here. */
    this.details = false;
    this.room = "main";
    this.ws = "/ws/";
    this.guest = "";
    this.signin = "";
    this.people = "";
    this.home = "";
    /** @type {number | null} */
    this.at = null;
  }

  createRenderRoot() {
    const root = /** @type {ShadowRoot} */ (super.createRenderRoot());
    root.adoptedStyleSheets = sheets;
    root.addEventListener("teahouse-act", (event) => this.#acted(event));
    root.addEventListener("click", (event) => this.#clicked(/** @type {MouseEvent} */ (event)));
    return root;
  }

  connectedCallback() {
    super.connectedCallback();
    document.addEventListener("teahouse-language", this.#spoken);
    this.#sizes.observe(this);
    this.#thread.connected();
    this.#begin();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    document.removeEventListener("teahouse-language", this.#spoken);
    this.#sizes.disconnect();
    this.#client?.removeEventListener("change", this.#changed);
    this.#client?.removeEventListener("told", this.#told);
    if (this.#client) this.#thread.disconnected(this.#client);
    if (this.#feed) this.#client?.unwatch(this.#feed);
    this.#client = this.#feed = null;
  }

  /** "live" while events come in; else why not: a phase of the connection or a state of the room. */
  get connection() {
    const { socket } = this.#client ?? {};
    return socket?.connected ? this.#feed?.state : socket?.phase;
  }

  get client() {
    return this.#client;
  }

  get feed() {
    return this.#feed;
  }

  /**
   * Shows the thread of a message of this room.
   * @param {number} root @param {{seq?: number, from?: HTMLElement, focus?: boolean}} [how]  `seq`: of a message there.
   */
  async openThread(root, how) {
    if (this.#client && this.#feed) await this.#thread.open(this.#client, this.#feed, root, how);
  }

  closeThread() {
    this.#thread.close();
  }

  get #socketUrl() {
    return new URL(this.ws, document.baseURI).href.replace(/^http/, "ws");
  }

  /** Where guests are made. */
  get guestUrl() {
    return new URL(this.guest || this.ws.replace(/ws\/?$/, "guest/"), document.baseURI).href;
  }

  #begin() {
    const first = this.#firstPage();
    picturesBeside(this.#socketUrl);
    const client = clientFor(this.#socketUrl);
    this.#client = client;
    client.addEventListener("change", this.#changed);
    client.addEventListener("told", this.#told);
    if (first?.you) client.identify(first.you);
    const feed = client.watch(this.room, first?.history, first?.at !== undefined);
    feed.store.room ??= first?.room ?? null;
    if (first?.room) client.rooms.opened(first.room);
    if (first?.missing) {
      feed.state = "refused";
      feed.problem = { code: "not_found", message: "", retry: false };
    }
    this.#feed = feed;
    if (this.aside) client.setAside(feed, true);
    if (first || client.you) this.#enter(client.you);
    else this.#ask();
  }

  /** To where one writes, or else to what is to be done here. */
  async focus() {
    await this.updateComplete;
    for (const place of ["teahouse-composer textarea", "teahouse-name input", ".missing :is(button, a)", ".scroller"]) {
      const found = /** @type {HTMLElement | null} */ (this.renderRoot.querySelector(place));
      if (found) return found.focus();
    }
  }

  /** To the top of the room, where the list was left for it. */
  async focusHead() {
    await this.updateComplete;
    /** @type {HTMLElement | null} */ (this.renderRoot.querySelector(".room-head button"))?.focus();
  }

  /** Whether the keyboard or the browser's own widgets are busy here: a menu, a message that is being changed. */
  get isBusy() {
    return Boolean(this.renderRoot.querySelector(":popover-open, .editing"));
  }

  /** All of it is read: to the end, and the mark with it. */
  markAllRead() {
    const last = this.#feed?.store.last?.seq;
    if (!this.#feed || !last) return;
    this.one("teahouse-conversation")?.follow();
    this.#client?.markRead(this.#feed, last);
  }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    if (changed.has("aside") && this.#feed) this.#client?.setAside(this.#feed, this.aside);
    if (changed.has("framed")) this.#thread.arrive();
  }

  /** @returns {FirstPage | null} */
  #firstPage() {
    const data = this.querySelector('script[type="application/json"]');
    return data ? JSON.parse(data.textContent ?? "null") : null;
  }

  /** On a page that did not say who one is. */
  async #ask() {
    const { you } = await identity(this.guestUrl);
    if (you) this.#client?.identify(you);
    this.#enter(you);
  }

  /** @param {Who | null} you */
  #enter(you) {
    this.nameless = !you;
    if (you) this.#client?.socket.connect();
    this.requestUpdate();
  }

  #clientChanged() {
    const socket = this.#client?.socket;
    // A credential that no longer holds: what waits to be sent stays for when the person is back.
    if (socket?.phase === "stopped" && socket.code === 4001 && !this.nameless) {
      this.#carried = this.one("teahouse-composer")?.text ?? "";
      this.nameless = true;
    } else if (this.nameless && socket?.connected) this.nameless = false; // A name was given in another room of the page.
    this.version += 1;
    if (!this.aside) this.requestUpdate();
  }

  /** What the project tells, for the scripts of the page around. @param {RoomEvent | CustomSignal} detail */
  #heard(detail) {
    if (detail.room !== this.#feed?.slug) return;
    const name = "signal" in detail ? "teahouse-signal" : "teahouse-event";
    this.dispatchEvent(new CustomEvent(name, { bubbles: true, composed: true, detail }));
  }

  /** The room's title, or of a conversation who is in it. */
  get heading() {
    const state = this.#feed?.store.room ?? this.#client?.rooms.get(this.room);
    return state ? titleOf(state, this.#client?.you?.id) : this.room;
  }

  render() {
    const client = this.#client;
    const feed = this.#feed;
    if (!client || !feed) return nothing;
    const thread = this.isMissing || this.nameless ? null : this.#thread.feed;
    return html`<div class=${classMap({ room: true, wide: this.wide, threaded: thread !== null })} lang=${language()}>
      ${roomHead(this, feed)}
      <div class="panes">
        <section class="talk">
          ${this.isMissing ? missingRoom(this, client, feed) : this.#conversation(client, feed)}
          ${roomBottom(this, client, feed)}
        </section>
        ${thread ? this.#threadBeside(client, thread) : nothing}
        <aside class="side" ?hidden=${thread !== null || !(this.showsPeople || this.showsDetails)} aria-label=${this.showsDetails ? words().aboutRoom : words().people} @keydown=${this.#sideKeys}>
          ${this.showsDetails
            ? html`<teahouse-details .client=${client} .feed=${feed} .framed=${this.framed} .version=${this.version} .language=${language()}></teahouse-details>`
            : html`<teahouse-people .pages=${this.people} .here=${feed.store.here} .you=${client.you} .language=${language()}></teahouse-people>`}
        </aside>
      </div>
      <teahouse-menu .language=${language()} .linked=${Boolean(this.home)}></teahouse-menu>
      <teahouse-dates .language=${language()}></teahouse-dates>
      <teahouse-edits .language=${language()}></teahouse-edits>
      <teahouse-emoji .language=${language()}></teahouse-emoji>
    </div>`;
  }

  /** @param {Client} client @param {Feed} thread */
  #threadBeside(client, thread) {
    return html`<aside class="thread-side" aria-label=${words().threadIn(this.heading)} @keydown=${this.#threadKeys}>
      ${repeat([thread], () => thread.thread, () => html`<teahouse-thread .client=${client} .feed=${thread} .name=${this.heading} .link=${this.link} .target=${this.#thread.target} .version=${this.version} .language=${language()}></teahouse-thread>`)}
    </aside>`;
  }

  /** @param {KeyboardEvent} event */
  #threadKeys(event) {
    if (event.key !== "Escape" || event.defaultPrevented) return;
    event.preventDefault();
    this.closeThread();
  }

  firstUpdated() {
    this.dispatchEvent(new Event("teahouse-ready"));
    // What the server rendered has done its work; nobody shall find every message twice.
    for (const early of this.querySelectorAll(":scope > .room")) early.remove();
  }

  /** @param {Client} client @param {Feed} feed */
  #conversation(client, feed) {
    return html`<teahouse-conversation
      .client=${client}
      .feed=${feed}
      .name=${this.heading}
      .version=${this.version}
      .language=${language()}
      .link=${this.link}
      .threads=${client.attention.unreadThreads}
      .target=${this.at}
    ></teahouse-conversation>`;
  }

  /** The address of a message, where the pages of Teahouse are served. */
  link = (/** @type {number} */ seq) => (this.home ? `${this.home}rooms/${encodeURIComponent(this.#slug)}/${seq}/` : "");

  get #slug() {
    return this.#feed?.store.room?.room ?? this.room;
  }

  /** A link to a message of this site leads there without loading a page. @param {MouseEvent} event */
  #clicked(event) {
    if (event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    const link = event.composedPath().find((one) => one instanceof HTMLAnchorElement);
    const place = link && this.home ? placeOf(/** @type {HTMLAnchorElement} */ (link).href, new URL(this.home, document.baseURI)) : null;
    if (!place) return;
    if (place.room === this.#slug) {
      event.preventDefault();
      /** @type {HTMLAnchorElement} */ (link).dispatchEvent(new CustomEvent("teahouse-act", { bubbles: true, detail: { action: "go", seq: place.seq } }));
    } else if (!this.dispatchEvent(new CustomEvent("teahouse-go", { bubbles: true, composed: true, cancelable: true, detail: place }))) {
      // The page around has its own way to another room.
      event.preventDefault();
    }
  }

  /** Whether there is no such room, or none for this person. */
  get isMissing() {
    const { state, problem } = this.#feed ?? {};
    return state === "refused" && (problem?.code === "not_found" || problem?.code === "removed");
  }

  get showsPeople() {
    const inside = this.#client?.you && !this.nameless && this.#feed && !this.isMissing;
    return Boolean(inside) && !this.hasThread && (this.peopleShown ?? this.wide);
  }

  get showsDetails() {
    return this.details && !this.isMissing;
  }

  /** Whether a thread stands where else the people would. */
  get hasThread() {
    return this.#thread.feed !== null;
  }

  toggleDetails() {
    this.details = this.hasThread || !this.details;
    this.closeThread();
  }

  togglePeople() {
    this.peopleShown = this.details || !this.showsPeople;
    this.details = false;
    this.closeThread();
  }

  /** What lies over the conversation in a narrow window goes. */
  uncover() {
    if (this.wide) return;
    this.details = false;
    this.peopleShown = false;
  }

  /** @param {KeyboardEvent} event */
  #sideKeys(event) {
    if (event.key !== "Escape" || !(this.details || !this.wide)) return;
    event.preventDefault();
    if (this.details) this.details = false;
    else this.peopleShown = false;
    /** @type {HTMLElement | null} */ (this.renderRoot.querySelector(".room-head [aria-expanded]"))?.focus();
  }

  /**
   * One of the parts, whose type is as given here; the composer may be absent.
   * @template {keyof Parts} Name
   * @param {Name} name
   * @returns {Parts[Name]}
   */
  one(name) {
    return /** @type {Parts[Name]} */ (this.renderRoot.querySelector(name));
  }

  /** @param {Event} event  What the person wants, from one of the parts. */
  async #acted(event) {
    const act = /** @type {CustomEvent<Act>} */ (event).detail;
    if (!this.#client || !this.#feed) return;
    try {
      await carryOut(this, act, this.#client, this.#placeOf(act, event));
    } catch (error) {
      this.tell(problemOf(error));
    }
  }

  /** Where it was wanted: in the thread, or in the room. @param {Act} act @param {Event} event @returns {Place} */
  #placeOf({ button }, event) {
    const from = button ?? event.composedPath()[0];
    const inside = from instanceof Element && from.closest("teahouse-thread");
    const thread = this.one("teahouse-thread");
    if (inside && thread) return { feed: thread.feed, conversation: thread.conversation, composer: thread.composer };
    return { feed: /** @type {Feed} */ (this.#feed), conversation: this.one("teahouse-conversation"), composer: this.one("teahouse-composer") };
  }

  /** Somebody has a name now. @param {Who} you */
  async named(you) {
    this.#client?.identify(you);
    this.#client?.reconnect();
    this.nameless = false;
    await this.updateComplete;
    const composer = this.one("teahouse-composer");
    if (this.#carried) composer?.takeBack(this.#carried);
    this.#carried = "";
    composer?.focus();
  }

  async join() {
    try {
      await this.#client?.command("join", { room: this.#feed?.slug });
    } catch (error) {
      this.tell(problemOf(error));
    }
  }

  /** Tells whatever is around the room. @param {string} what */
  say(what) {
    this.dispatchEvent(new Event(what, { bubbles: true, composed: true }));
  }

  /** Says for a while what went wrong. @param {Problem} problem */
  tell(problem) {
    clearTimeout(this.#noticeEnds);
    this.notice = words().problems[problem.code] ?? problem.message;
    this.#noticeEnds = setTimeout(() => (this.notice = ""), NOTICE_LASTS);
  }
}

customElements.define("teahouse-room", TeahouseRoom);
