/**
 * The messages of a room, and where one is in them: at the end, following what is said, or further up,
 * reading. Then nothing moves; a button tells how much is new.
 */

import { icons } from "../icons.js";
import { html, nothing, repeat } from "../lit.js";
import { dayOf } from "../times.js";
import { words } from "../words.js";
import { Light } from "./light.js";
import { apart, dayRow } from "./page.js";

/** @import { Client, Feed } from "../clients.js" */
/** @import { Message } from "../types.js" */
/** @import { Page } from "../stretch.js" */
/** @import { TeahousePage } from "./page.js" */

const AT_END = 48; // px: closer than this to the end counts as at the end
const HOLD = 500; // ms: pages that come into view take some frames to get their true height
const READ_AHEAD = 1200; // px: so far from the beginning older messages are asked for, and from the end newer ones
const PLACE = 0.25; // of the height: where a message stands that one was sent to

export class TeahouseConversation extends Light {
  static properties = {
    client: { attribute: false },
    feed: { attribute: false },
    name: { attribute: false },
    version: { attribute: false },
    language: { attribute: false },
    link: { attribute: false },
    threads: { attribute: false },
    target: { attribute: false },
    following: { state: true },
    marked: { state: true },
    unread: { state: true },
  };

  /** The number of the last message that was in view. */
  #seen = 0;
  /** Where the "new since" line stands. @type {number | null} */
  #line = null;
  /** The line stands before the first message after this one, once that is among what is shown. @type {number | null} */
  #since = null;
  #arrived = false;
  #counted = 0;
  #lastTop = 0;
  /** A message and where it was, while older ones are put before it. @type {{element: Element, top: number} | null} */
  #anchor = null;
  /** @type {number | undefined} */
  #first = undefined;
  #unsettled = false;
  /** The one button in the messages that Tab reaches. @type {HTMLElement | null} */
  #door = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #holdEnds;
  #sizes = new ResizeObserver(() => this.#settle());
  #visibility = () => {
    if (!document.hidden) this.feed.keptUnread = false;
    this.#looked();
  };

  constructor() {
    super();
    /** Whether the end stays in view as messages come. */
    this.following = true;
    /** The number of the message that one was sent to. @type {number | null} */
    this.marked = null;
    /** How many unread messages begin further up, until one has seen where. */
    this.unread = 0;
    /** The address of a message, if it has one. @type {(seq: number) => string} */
    this.link = () => "";
    /** Roots of threads in which there is something unread. @type {Set<number> | null} */
    this.threads = null;
    /** The message with which one came. @type {number | null} */
    this.target = null;
    /** @type {Client} */
    this.client;
    /** @type {Feed} */
    this.feed;
    /** The room's title. */
    this.name = "";
    this.version = 0;
    this.language = "";
  }

  connectedCallback() {
    super.connectedCallback();
    document.addEventListener("visibilitychange", this.#visibility);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    document.removeEventListener("visibilitychange", this.#visibility);
    this.#sizes.disconnect();
  }

  /** Goes to the end and stays there. */
  async follow() {
    this.marked = null;
    this.feed.keptUnread = false;
    this.client.toNewest(this.feed);
    this.following = true;
    this.requestUpdate();
    await this.#drawn();
    this.#toEnd();
    this.#looked();
  }

  /**
   * Goes to a message, or to the first one of a time, wherever in the room it is.
   * @param {{around: number} | {at: string}} place
   * @param {{focus?: boolean, mark?: boolean}} [how]
   */
  async goTo(place, { focus = true, mark = true } = {}) {
    const { message, root } = await this.client.readAround(this.feed, place);
    if (root && "around" in place) this.act("thread", { message: root, seq: place.around });
    if (!message) return;
    this.following = false;
    this.marked = mark && !root ? message.seq : null;
    this.requestUpdate();
    await this.#drawn();
    const element = this.#message(message);
    if (!element) return;
    const scroller = this.#scroller;
    const top = scroller.getBoundingClientRect().top + scroller.clientHeight * PLACE;
    this.#keep({ element, top });
    this.#settle();
    if (focus && mark && !root) element.focus({ preventScroll: true });
  }

  /** To the top of what is shown. */
  toBeginning() {
    this.following = false;
    this.#scroller.scrollTop = 0;
  }

  /** Marks a message and all after it as unread; the line goes there. @param {Message} message */
  async keepUnread({ seq }) {
    await this.client.markUnread(this.feed, seq);
    this.#line = seq;
    this.#since = null;
    this.#seen = seq - 1;
    this.unread = 0;
    this.#count();
    this.requestUpdate();
  }

  /** Until all that is to be seen stands in the page. */
  async #drawn() {
    await this.updateComplete;
    await Promise.all(this.#pages().map((page) => page.updateComplete));
  }

  /** @param {Message} message @returns {HTMLElement | null | undefined} */
  #message({ seq }) {
    const page = this.#pages().find((one) => one.page.messages.some((message) => message.seq === seq));
    return page?.querySelector(`[data-seq="${seq}"]`);
  }

  /** Gives the focus that a message lost to the one before it. @param {Element} message */
  refocus(message) {
    const buttons = this.#buttons();
    const before = (/** @type {Element} */ one) => message.compareDocumentPosition(one) & Node.DOCUMENT_POSITION_PRECEDING;
    (buttons.findLast(before) ?? buttons[0] ?? this.#scroller).focus({ preventScroll: true });
  }

  willUpdate() {
    const { store } = this.feed;
    if (this.following && !store.atNewest) this.following = false;
    // Who comes to an old message has not looked at the newest, but only what comes from now on is news.
    if (!this.following && !this.#seen && store.loaded) this.#seen = store.newest?.seq ?? 0;
    if (this.following) store.trim();
    this.#drawLine();
    const first = store.first?.seq;
    if (this.#first !== undefined && first !== undefined && first !== this.#first) this.#hold();
    this.#first = first;
  }

  /** Before what came since one was last here: before arriving, and again while the page is not looked at. */
  #drawLine() {
    const { store, state, readBefore } = this.feed;
    if (!this.#arrived && state === "live" && readBefore !== null) {
      this.#arrived = true;
      if (readBefore > 0) this.#line = store.firstSince(readBefore)?.seq ?? null;
      if (this.#line === null && this.feed.unreadBefore) this.#since = readBefore;
      this.unread = this.feed.unreadBefore;
    } else if (this.#unwatched && this.#seen && (this.#line ?? 0) <= this.#seen) {
      this.#line = store.firstSince(this.#seen)?.seq ?? this.#line;
    }
    if (this.#since === null) return;
    this.#line = store.firstSince(this.#since)?.seq ?? null;
    if (this.#line !== null) this.#since = null;
  }

  render() {
    const { store } = this.feed;
    const { pages, me } = store;
    const today = dayOf(Date.now());
    return html`<div class="scroller" tabindex="0" role="region" aria-label=${words().conversation(this.name)} @scroll=${this.#scrolled} @keydown=${this.#keys}>
        <div class="lane" @click=${this.#pressed}>
          ${this.#beginning()}
          <div role="log" aria-live=${store.atNewest ? "polite" : "off"} aria-busy=${this.feed.reading || !store.loaded ? "true" : "false"} aria-label=${words().conversation(this.name)}>
            ${repeat(
              pages,
              (page) => page.id,
              (page, index) => html`<teahouse-page
                .page=${page}
                .previous=${pages[index - 1]?.messages.at(-1)}
                .me=${me}
                .myName=${this.client.you?.name ?? ""}
                .line=${within(page, this.#line)}
                .marked=${within(page, this.marked)}
                .find=${this.#find}
                .link=${this.link}
                .threads=${this.threads}
                .today=${today}
                .language=${this.language}
              ></teahouse-page>`,
            )}
            ${store.atNewest ? this.#pending() : nothing}
          </div>
          ${this.#ending()}
        </div>
      </div>
      ${this.unread ? this.#toUnread() : nothing}
      ${this.following ? nothing : this.#jump()}`;
  }

  #beginning() {
    const { store } = this.feed;
    if (!store.loaded) return nothing;
    if (store.thread !== null) return this.#threadBeginning(store.thread);
    if (store.complete) {
      const empty = store.size === 0 && store.pending.length === 0;
      const beginning = store.room?.kind === "direct" ? words().beginningWith : words().beginning;
      return html`<p class="beginning">${empty ? words().nothingSaid : beginning(this.name)}</p>`;
    }
    if (this.feed.reading) return html`<p class="beginning">${words().loading}</p>`;
    return html`<p class="beginning"><button type="button" class="link" @click=${this.#older}>${words().earlier}</button></p>`;
  }

  /** What a thread answers, and how much that is. @param {number} id */
  #threadBeginning(id) {
    const { store } = this.feed;
    const root = store.message(id);
    const count = root?.thread?.count ?? 0;
    return html`${root
        ? html`<teahouse-message class="root" .message=${root} .by=${root.by} .me=${store.me} .myName=${this.client.you?.name ?? ""} .head=${true} .link=${this.link} .quoted=${root.reply && store.message(root.reply.id)} .inThread=${true} .language=${this.language}></teahouse-message>`
        : nothing}
      <p class="line answers"><span>${count ? words().replies(count) : words().noReplies}</span></p>
      ${store.complete ? nothing : html`<p class="beginning">${this.feed.reading ? words().loading : html`<button type="button" class="link" @click=${this.#older}>${words().earlier}</button>`}</p>`}`;
  }

  /** Behind a stretch that does not reach the newest message. */
  #ending() {
    if (this.feed.store.atNewest) return nothing;
    if (this.feed.reading) return html`<p class="beginning">${words().loadingLater}</p>`;
    return html`<p class="beginning"><button type="button" class="link" @click=${this.#newer}>${words().later}</button></p>`;
  }

  #pending() {
    const { store } = this.feed;
    const { you } = this.client;
    if (!you) return nothing;
    /** @type {{at: string, by: {id: number}, event?: string} | undefined} */
    let before = store.last;
    return repeat(
      store.pending,
      (pending) => pending.key,
      (pending) => {
        const newDay = !before || dayOf(before.at) !== dayOf(pending.at);
        const head = newDay || apart(before, { at: pending.at, by: you });
        before = { at: pending.at, by: you };
        return html`${newDay ? dayRow(pending.at) : nothing}<teahouse-message
            .pending=${pending}
            .quoted=${pending.reply && store.message(pending.reply.id)}
            .link=${this.link}
            .by=${you}
            .me=${you.id}
            .head=${head}
            .lastOne=${pending === store.pending.at(-1)}
            .sending=${this.feed.state === "live" && this.client.service !== "unavailable"}
            .language=${this.language}
          ></teahouse-message>`;
      },
    );
  }

  #jump() {
    const count = this.feed.store.countSince(this.#seen);
    return html`<button type="button" class=${count ? "jump news" : "jump"} @click=${() => this.follow()}
      aria-label=${count || !this.feed.store.atNewest ? nothing : words().toLatest}>
      ${icons.down}${this.#jumpLabel(count)}
    </button>`;
  }

  /** @param {number} count */
  #jumpLabel(count) {
    if (count) return html`<span>${words().newMessages(count)}</span>`;
    return this.feed.store.atNewest ? nothing : html`<span>${words().toLatest}</span>`;
  }

  #toUnread() {
    const say = words();
    return html`<div class="to-unread">
      <button type="button" class="unread-go" @click=${this.#goToUnread}>${icons.up}<span>${say.unreadSince(this.unread)}</span></button>
      <button type="button" class="unread-close" aria-label=${say.close} @click=${() => (this.unread = 0)}>${icons.close}</button>
    </div>`;
  }

  #goToUnread = () => {
    this.unread = 0;
    const since = this.feed.readBefore ?? 0;
    this.act("go", { seq: this.feed.store.firstSince(since)?.seq ?? since + 1, mark: false });
    this.#scroller.focus({ preventScroll: true });
  };

  firstUpdated() {
    this.#sizes.observe(this.#scroller);
    this.#sizes.observe(this.#lane);
  }

  updated() {
    this.#arrive();
    if (this.unread) this.#lookForUnread();
    this.#looked();
    this.#count();
    this.#openDoor();
    if (this.feed.state === "live") this.#readQuoted();
  }

  /** Asks for what is quoted here and not known. */
  #readQuoted() {
    const { store } = this.feed;
    for (const page of store.pages) {
      for (const { reply } of page.messages) if (reply && !store.message(reply.id)) this.client.readQuoted(this.feed, reply);
    }
  }

  /** At the message with which one came: at once where the page brought it, else when it can be read. */
  #arrive() {
    const { target } = this;
    if (target === null || !(this.feed.store.holds(target) || this.feed.state === "live")) return;
    this.target = null;
    this.act("go", { seq: target, focus: false });
  }

  /** Where the line stands, or where all that was ever said is in view: before the first message there is no line. */
  #unreadIsSeen() {
    const { scrollHeight, clientHeight } = this.#scroller;
    return this.#lineIsSeen() || (this.feed.store.complete && scrollHeight <= clientHeight);
  }

  async #lookForUnread() {
    await this.#drawn();
    if (this.unread && this.#unreadIsSeen()) this.unread = 0;
  }

  #lineIsSeen() {
    const page = this.#line === null ? undefined : this.#pages().find((one) => one.line === this.#line);
    const line = page?.querySelector(".line.new");
    return Boolean(line) && /** @type {Element} */ (line).getBoundingClientRect().bottom > this.#scroller.getBoundingClientRect().top;
  }

  /** The keyboard enters the messages' buttons at the last one and moves among them with the arrows. */
  async #openDoor() {
    const page = this.#pages().at(-1);
    await page?.updateComplete;
    const last = /** @type {HTMLElement | undefined} */ ([...(page?.querySelectorAll("button.more") ?? [])].at(-1));
    if (!last || last === this.#door) return;
    if (this.#door) this.#door.tabIndex = -1;
    last.tabIndex = 0;
    this.#door = last;
  }

  /** Nobody sees what comes: the page is in the background, or another room is in front. */
  get #unwatched() {
    return document.hidden || this.feed.aside || this.feed.returning;
  }

  get #scroller() {
    return /** @type {HTMLElement} */ (this.querySelector(".scroller"));
  }

  get #lane() {
    return /** @type {HTMLElement} */ (this.querySelector(".lane"));
  }

  /** The log's children: to search all below it, with each message that comes, takes 40 ms among 10,000 messages. */
  #pages() {
    const children = [...(this.querySelector("[role=log]")?.children ?? [])];
    return /** @type {TeahousePage[]} */ (children.filter((one) => one.localName === "teahouse-page"));
  }

  #buttons() {
    return /** @type {HTMLElement[]} */ ([...this.querySelectorAll("button.more")]);
  }

  #older = () => this.client.readOlder(this.feed);

  #newer = () => this.client.readNewer(this.feed);

  #find = (/** @type {number} */ id) => this.feed.store.message(id);

  /** @param {Event} event  A press on a day. */
  #pressed(event) {
    const button = /** @type {HTMLElement} */ (event.target).closest("button.to-date");
    if (button) this.act("dates", { button, at: /** @type {HTMLElement} */ (button).dataset.at });
  }

  #scrolled() {
    // What came in above has not been given its place yet: where the view is now means nothing.
    if (this.#unsettled) return;
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    const left = scrollHeight - scrollTop - clientHeight;
    // Whoever scrolls on while older messages come in holds on to the place where he is now.
    if (this.#anchor && scrollTop !== this.#lastTop) this.#anchor.top = this.#anchor.element.getBoundingClientRect().top;
    // Content that grew is no sign that the person left the end: only going up is.
    if (left <= AT_END) this.following = this.feed.store.atNewest;
    else if (scrollTop < this.#lastTop) this.following = false;
    this.#lastTop = scrollTop;
    if (scrollTop < READ_AHEAD && !this.following) this.#older();
    if (left < READ_AHEAD) this.#newer();
    if (this.unread && this.#unreadIsSeen()) this.unread = 0;
    this.#looked();
  }

  /** After every layout and before it is painted: puts the view where it belongs. */
  #settle() {
    const scroller = this.#scroller;
    this.#unsettled = false;
    if (this.following) this.#toEnd();
    else if (this.#anchor?.element.isConnected) {
      scroller.scrollTop += this.#anchor.element.getBoundingClientRect().top - this.#anchor.top;
      this.#lastTop = scroller.scrollTop;
    }
    if (scroller.scrollHeight > scroller.clientHeight + AT_END) return;
    this.#older();
    this.#newer();
  }

  #toEnd() {
    const scroller = this.#scroller;
    scroller.scrollTop = scroller.scrollHeight;
    this.#lastTop = scroller.scrollTop;
  }

  /** Remembers what is in view before older messages come in above it. */
  #hold() {
    const scroller = this.#scroller;
    if (!scroller || this.following) return;
    const edge = scroller.getBoundingClientRect().top;
    const reaches = (/** @type {Element} */ one) => one.getBoundingClientRect().bottom > edge;
    // First the page: asking a message that is far from view for its place would lay it out.
    const page = this.#pages().find(reaches);
    const element = [...(page?.querySelectorAll(".message, .happened") ?? [])].find(reaches);
    if (!element) return;
    this.#unsettled = true;
    this.#keep({ element, top: element.getBoundingClientRect().top });
  }

  /** Keeps an element at its place until what comes in around it has its true height. @param {{element: Element, top: number}} anchor */
  #keep(anchor) {
    const scroller = this.#scroller;
    this.#anchor = anchor;
    // The browser's own anchoring would do the same a second time.
    scroller.classList.add("held");
    clearTimeout(this.#holdEnds);
    this.#holdEnds = setTimeout(() => {
      this.#anchor = null;
      scroller.classList.remove("held");
    }, HOLD);
  }

  /** What is at the end of a page that is being looked at has been seen. */
  #looked() {
    const last = this.feed?.store.newest?.seq ?? 0;
    if (this.#unwatched || !this.following || this.feed.keptUnread || last === this.#seen) return;
    this.#seen = last;
    this.#count();
    this.client.markRead(this.feed, last);
  }

  /** Tells the room how many messages nobody has looked at. */
  #count() {
    const count = this.#seen ? this.feed.store.countSince(this.#seen) : 0;
    if (count === this.#counted) return;
    this.#counted = count;
    this.act("unseen", { count });
  }

  /** @param {KeyboardEvent} event */
  #keys(event) {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    const from = /** @type {HTMLElement} */ (event.target);
    if (!step || !from.matches("button.more")) return;
    const buttons = this.#buttons();
    const next = buttons[buttons.indexOf(from) + step];
    if (!next) return;
    event.preventDefault();
    next.focus();
  }
}

/** The number, where the page may have a message with it. @param {Page} page @param {number | null} seq */
function within({ messages }, seq) {
  return seq !== null && seq >= (messages[0]?.seq ?? 0) && seq <= (messages.at(-1)?.seq ?? 0) ? seq : null;
}

customElements.define("teahouse-conversation", TeahouseConversation);
