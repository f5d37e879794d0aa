/** A thread of a room, for scripts: `thread` of a room that `connect` gives. */

/** @import { Client } from "./clients.js" */
/** @import { Chat, ChatRoom } from "./connect.js" */
/** @import { Message, Quoted, RoomEvent } from "./types.js" */

/** What is said below one message. It is heard of with its room. */
export class ChatThread {
  #chat;
  #client;
  #feed;
  #forget;
  #left = false;

  /** @param {ChatRoom} room @param {Chat} chat @param {Client} client @param {number} root @param {() => void} forget */
  constructor(room, chat, client, root, forget) {
    this.room = room;
    /** The id of the message below which it is. */
    this.root = root;
    this.#chat = chat;
    this.#client = client;
    this.#feed = client.openThread(room.feed, root);
    this.#forget = forget;
  }

  /** Waits until its last messages are there. */
  begun() {
    return this.#chat.until(() => this.#feed.store.loaded || this.#left);
  }

  /** Those that are held, as they are now, oldest first; without the root. @returns {Message[]} */
  get messages() {
    return this.#feed.store.pages.flatMap((page) => page.messages);
  }

  /** Messages before those that are held. Answers whether any came. @returns {Promise<boolean>} */
  older() {
    return this.#client.readOlder(this.#feed);
  }

  /**
   * Those events of its room that are about the root, about something said here from now on, or about a message that is
   * held. Ends when the thread, the room or the chat is left; throws as those of the room do.
   * @returns {AsyncGenerator<RoomEvent, void, void>}
   */
  events() {
    return this.room.loop((event) => this.#concerns(event), () => this.#left);
  }

  /** @param {RoomEvent} event */
  #concerns({ event, message }) {
    if (!message) return event === "reset";
    return message.root?.id === this.root || message.id === this.root || this.messages.some(({ id }) => id === message.id);
  }

  /** Says something here, as `send` of a room. @param {string} text @param {{reply?: Quoted}} [options] */
  async send(text, { reply } = {}) {
    if (this.#chat.ended) throw this.#chat.ended;
    return this.#chat.stored(this.#client.outgoing.send(this.#feed, text, reply));
  }

  /** Moves the read mark of the thread. @param {number} seq */
  read(seq) {
    this.#client.markRead(this.#feed, seq);
  }

  /** Tells the others that one is typing here. */
  typing() {
    this.#client.typing(this.#feed);
  }

  /** Holds its messages no more; loops over its events end. */
  leave() {
    if (this.#left) return;
    this.#left = true;
    this.#client.closeThread(this.#feed);
    this.#forget();
    this.#chat.look();
  }
}
