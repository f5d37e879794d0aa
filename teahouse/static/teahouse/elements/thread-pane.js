/**
 * Which thread a room shows, if any: beside the conversation, or in front of it where there is no room beside. In the
 * chat it is an entry of the browser's history, so the back gesture closes it.
 */

/** @import { Client, Feed } from "../clients.js" */
/** @import { TeahouseRoom } from "./room.js" */

export class ThreadPane {
  /** The thread that is shown. @type {Feed | null} */
  feed = null;
  /** The message there with which one came. @type {number | null} */
  target = null;
  /** What had the focus before. @type {HTMLElement | null} */
  #from = null;
  #popped = () => this.arrive();

  /** @param {TeahouseRoom} room */
  constructor(room) {
    this.room = room;
  }

  connected() {
    addEventListener("popstate", this.#popped);
  }

  /** @param {Client} client */
  disconnected(client) {
    removeEventListener("popstate", this.#popped);
    this.#leave(client);
  }

  /**
   * Shows the thread of a message.
   * @param {Client} client @param {Feed} feed  Of the room.
   * @param {number} root
   * @param {{seq?: number, from?: HTMLElement, focus?: boolean}} [how]  `seq`: the number of a message there to go to.
   */
  async open(client, feed, root, { seq, from, focus = true } = {}) {
    this.target = seq ?? null;
    if (this.feed?.thread !== root) {
      this.#leave(client);
      this.feed = client.openThread(feed, root);
      // The history of another project's page is not ours.
      if (this.room.framed && history.state?.thread !== root) history.pushState({ ...history.state, thread: root }, "");
    } else if (seq !== undefined) this.room.one("teahouse-thread")?.conversation?.goTo({ around: seq }, { focus });
    this.#from = from ?? null;
    this.room.requestUpdate();
    await this.room.updateComplete;
    if (focus) this.room.one("teahouse-thread")?.focus();
  }

  /** Closed by hand: as if one went back. */
  close() {
    if (!this.feed) return;
    if (this.room.framed && history.state?.thread === this.feed.thread) history.back();
    else this.#shut();
  }

  /** After the back gesture, or forward again, or on a page that was loaded anew. */
  arrive() {
    const { client, feed, aside, framed } = this.room;
    const wanted = history.state?.thread ?? null;
    if (aside || !framed || wanted === (this.feed?.thread ?? null)) return;
    if (wanted === null) this.#shut();
    else if (client && feed) this.open(client, feed, wanted, { focus: false });
  }

  async #shut() {
    const { client } = this.room;
    const from = this.#from;
    if (client) this.#leave(client);
    this.room.requestUpdate();
    await this.room.updateComplete;
    (from?.isConnected ? from : this.room.one("teahouse-composer"))?.focus();
  }

  /** @param {Client} client */
  #leave(client) {
    if (this.feed) client.closeThread(this.feed);
    this.feed = null;
  }
}
