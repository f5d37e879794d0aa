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

/** @import { Client, Feed } from "../client.js" */
/** @import { TeahousePage } from "./page.js" */

const AT_END = 48; // px: closer than this to the end counts as at the end
const HOLD = 500; // ms: pages that come into view take some frames to get their true height
const READ_AHEAD = 1200; // px: so far from the beginning older messages are asked for

export class TeahouseConversation extends Light {
  static properties = {
    client: { attribute: false },
    feed: { attribute: false },
    name: { attribute: false },
    version: { attribute: false },
    language: { attribute: false },
    following: { state: true },
  };

  /** The number of the last message that was in view. */
  #seen = 0;
  /** Where the "new since" line stands. @type {number | null} */
  #line = null;
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
  #visibility = () => this.#looked();

  constructor() {
    super();
    /** Whether the end stays in view as messages come. */
    this.following = true;
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
  follow() {
    this.following = true;
    this.#toEnd();
  }

  /** Gives the focus that a message lost to the one before it. @param {Element} message */
  refocus(message) {
    const buttons = this.#buttons();
    const before = (/** @type {Element} */ one) => message.compareDocumentPosition(one) & Node.DOCUMENT_POSITION_PRECEDING;
    (buttons.findLast(before) ?? buttons[0] ?? this.#scroller).focus({ preventScroll: true });
  }

  willUpdate() {
    const { store } = this.feed;
    this.#drawLine();
    const first = store.first?.seq;
    if (this.#first !== undefined && first !== undefined && first < this.#first) this.#hold();
    this.#first = first;
  }

  /** Before what came since one was last here: before arriving, and again while the page is not looked at. */
  #drawLine() {
    const { store, state, readBefore } = this.feed;
    if (!this.#arrived && state === "live" && readBefore !== null) {
      this.#arrived = true;
      if (readBefore > 0) this.#line = store.firstSince(readBefore)?.seq ?? null;
    } else if (this.#unwatched && this.#seen && (this.#line ?? 0) <= this.#seen) {
      this.#line = store.firstSince(this.#seen)?.seq ?? this.#line;
    }
  }

  render() {
    const { store } = this.feed;
    const { pages, me } = store;
    const today = dayOf(Date.now());
    return html`<div class="scroller" tabindex="0" role="region" aria-label=${words().conversation(this.name)} @scroll=${this.#scrolled} @keydown=${this.#keys}>
        <div class="lane">
          ${this.#beginning()}
          <div role="log" aria-live="polite" aria-busy=${this.feed.reading || !store.loaded ? "true" : "false"} aria-label=${words().conversation(this.name)}>
            ${repeat(
              pages,
              (page) => page.id,
              (page, index) => html`<teahouse-page
                .page=${page}
                .previous=${pages[index - 1]?.messages.at(-1)}
                .me=${me}
                .line=${this.#line}
                .today=${today}
                .language=${this.language}
              ></teahouse-page>`,
            )}
            ${this.#pending()}
          </div>
        </div>
      </div>
      ${this.following ? nothing : this.#jump()}`;
  }

  #beginning() {
    const { store } = this.feed;
    if (!store.loaded) return nothing;
    if (store.complete) {
      const empty = store.size === 0 && store.pending.length === 0;
      return html`<p class="beginning">${empty ? words().nothingSaid : words().beginning(this.name)}</p>`;
    }
    if (this.feed.reading) return html`<p class="beginning">${words().loading}</p>`;
    return html`<p class="beginning"><button type="button" class="link" @click=${this.#older}>${words().earlier}</button></p>`;
  }

  #pending() {
    const { store } = this.feed;
    const { you } = this.client;
    if (!you) return nothing;
    /** @type {{at: string, by: {id: number}} | undefined} */
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
      aria-label=${count ? nothing : words().toLatest}>
      ${icons.down}${count ? html`<span>${words().newMessages(count)}</span>` : nothing}
    </button>`;
  }

  firstUpdated() {
    this.#sizes.observe(this.#scroller);
    this.#sizes.observe(this.#lane);
  }

  updated() {
    this.#looked();
    this.#count();
    this.#openDoor();
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

  #scrolled() {
    // What came in above has not been given its place yet: where the view is now means nothing.
    if (this.#unsettled) return;
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    const left = scrollHeight - scrollTop - clientHeight;
    // Whoever scrolls on while older messages come in holds on to the place where he is now.
    if (this.#anchor && scrollTop !== this.#lastTop) this.#anchor.top = this.#anchor.element.getBoundingClientRect().top;
    // Content that grew is no sign that the person left the end: only going up is.
    if (left <= AT_END) this.following = true;
    else if (scrollTop < this.#lastTop) this.following = false;
    this.#lastTop = scrollTop;
    if (scrollTop < READ_AHEAD && !this.following) this.#older();
    this.#looked();
  }

  /** After every layout and before it is painted: puts the view where it belongs. */
  #settle() {
    const scroller = this.#scroller;
    this.#unsettled = false;
    if (this.following) this.#toEnd();
    else if (this.#anchor) {
      scroller.scrollTop += this.#anchor.element.getBoundingClientRect().top - this.#anchor.top;
      this.#lastTop = scroller.scrollTop;
    }
    if (scroller.scrollHeight <= scroller.clientHeight + AT_END) this.#older();
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
    const element = [...(page?.querySelectorAll(".message") ?? [])].find(reaches);
    if (!element) return;
    this.#unsettled = true;
    this.#anchor = { element, top: element.getBoundingClientRect().top };
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
    const last = this.feed?.store.last?.seq ?? 0;
    if (this.#unwatched || !this.following || last === this.#seen) return;
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

customElements.define("teahouse-conversation", TeahouseConversation);
