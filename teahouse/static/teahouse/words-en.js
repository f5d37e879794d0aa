/** English. Where a number or a name comes in, the word is a function. */

import { rooms } from "./words-rooms-en.js";
import { threads } from "./words-threads-en.js";

const list = new Intl.ListFormat("en");
const number = new Intl.NumberFormat("en");

/** @param {number} count @param {string} one @param {string} many */
const plural = (count, one, many) => `${number.format(count)} ${count === 1 ? one : many}`;

export const en = {
  ...rooms,
  ...threads,
  skip: "Skip to the content",

  // Who is here
  people: "People",
  /** @param {number} count */
  here: (count) => `${number.format(count)} here`,
  hereTitle: "Here now",
  you: "you",
  guest: "guest",
  bot: "bot",
  tooManyPeople: "Too many to list.",
  close: "Close",
  leave: "Leave",
  leaveHint: "Leaves this name behind; what you said stays.",
  signOut: "Sign out",
  signIn: "Sign in",

  // Conversation
  /** @param {string} title */
  conversation: (title) => `Conversation in ${title}`,
  /** @param {string} title */
  beginning: (title) => `This is where ${title} begins.`,
  /** @param {string} people */
  beginningWith: (people) => `Your conversation with ${people} begins here.`,
  nothingSaid: "Nothing has been said here yet. Say hello!",
  loading: "Loading earlier messages…",
  earlier: "Show earlier messages",
  today: "Today",
  yesterday: "Yesterday",
  loadingLater: "Loading later messages…",
  later: "Show later messages",
  newSince: "New since you were here",
  /** @param {number} count */
  unreadSince: (count) => `${number.format(count)} unread`,
  /** @param {number} count */
  newMessages: (count) => plural(count, "new message", "new messages"),
  toLatest: "Jump to newest",
  edited: "edited",
  deleted: "This message was deleted.",
  toYou: "to you",
  inReplyTo: "In reply to",
  replyingTo: "Replying to",
  cancelReply: "Do not reply to it",
  edits: "What was said before",
  olderEdits: "There were more before that.",
  asNow: "now",
  oneMoment: "One moment…",

  // Days
  goToDate: "Go to a date",
  /** @param {string} day */
  goToDateFrom: (day) => `${day}: go to a date`,
  go: "Go",
  weekAgo: "A week ago",
  monthAgo: "A month ago",
  veryBeginning: "The very beginning",

  // Own messages on their way
  sending: "Sending…",
  waitingToSend: "Waits to be sent",
  notSent: "Not sent.",
  tryAgain: "Try again",
  discard: "Discard",
  rewrite: "Rewrite",

  // Menu of a message
  /** @param {string} name */
  menuFor: (name) => `Actions for the message of ${name}`,
  edit: "Edit",
  remove: "Delete",
  removeSurely: "Delete for everyone?",
  reply: "Reply",
  copy: "Copy text",
  copyLink: "Copy link",
  showEdits: "Show earlier versions",
  markUnread: "Mark unread from here",
  react: "React",
  /** @param {string} emoji @param {number} count */
  reaction: (emoji, count) => `${emoji}, ${plural(count, "person", "people")}`,

  // Emoji
  emoji: "Emoji",
  moreEmoji: "React with another emoji",
  searchEmoji: "Search emoji",
  noEmoji: "No emoji is called so.",
  found: "Found",
  recentEmoji: "Chosen last",
  /** @type {Record<"smileys" | "people" | "animals" | "food" | "travel" | "activities" | "objects" | "symbols" | "flags", string>} */
  emojiGroups: {
    smileys: "Smileys",
    people: "People",
    animals: "Animals and nature",
    food: "Food and drink",
    travel: "Travel and places",
    activities: "Activities",
    objects: "Objects",
    symbols: "Symbols",
    flags: "Flags",
  },

  // Composer
  suggestions: "Suggestions",
  /** @param {string} title */
  writeIn: (title) => `Write in ${title}`,
  send: "Send",
  save: "Save",
  cancel: "Cancel",
  editing: "You are changing a message.",
  /** @param {number} length @param {number} most */
  tooLongBy: (length, most) => `${number.format(length)} of at most ${number.format(most)} characters`,
  /** @param {string[]} names */
  typing: (names) => (names.length > 3 ? "Several people are typing…" : `${list.format(names)} ${names.length === 1 ? "is" : "are"} typing…`),

  // A name
  nameAsk: "What shall the others call you?",
  nameLabel: "Your name",
  nameHint: "No account needed. You can read along and speak at once.",
  haveAccount: "Have an account?",
  comeIn: "Come in",
  nameInvalid: "A name has 1 to 40 visible characters.",
  signedOut: "You are no longer signed in here.",

  // Rooms
  /** @param {string} room */
  noRoom: (room) => `There is no room “${room}” yet.`,
  noRoomHint: "If you were invited to it, ask to be let in; otherwise you can make it.",
  makeRoom: "Make this room",
  toMain: "To the main room",
  /** @param {string} room */
  toRoom: (room) => `To ${room}`,
  archived: "This room is archived: it can be read, but nothing new is said here.",

  // State of the line
  connecting: "Connecting…",
  catchingUp: "Catching up…",
  /** @param {number} waiting */
  offline: (waiting) => (waiting ? `Offline. ${plural(waiting, "message waits", "messages wait")} to be sent; nothing is lost.` : "Offline. You can go on reading and writing."),
  /** @param {number} waiting */
  draining: (waiting) => (waiting ? `The server is restarting. ${plural(waiting, "message waits", "messages wait")} to be sent.` : "The server is restarting. This takes a moment."),
  byHttp: "No live connection gets through here: messages may come a little later.",
  degraded: "Some messages may come a little later than usual.",
  /** @param {number} waiting */
  unavailable: (waiting) => (waiting ? `The server cannot store anything at the moment. ${plural(waiting, "message waits", "messages wait")} here until it can.` : "The server cannot store anything at the moment. What you write waits here until it can."),
  /** @param {number} seconds */
  slowDown: (seconds) => `That was fast. Sending goes on in ${plural(seconds, "second", "seconds")}.`,
  forgetful: "This browser keeps nothing: leave this page open until everything is sent.",
  stopped: "The connection ended for good. Reload the page to go on.",
  banned: "You are not let in here any more.",
  wrongOrigin: "The chat does not know this page's address as one of its site. The server's log says more.",
  outdated: "This page is older than the server. Reload it to go on; what you wrote is kept.",
  tryNow: "Try now",
  reload: "Reload",

  // Settings
  settings: "Settings",
  theme: "Theme",
  themeSystem: "As the system",
  themeLight: "Light",
  themeDark: "Dark",
  language: "Language",
  enterKey: "Enter key",
  enterSends: "Sends",
  enterBreaks: "New line",

  /** What the server refuses, by the code of the error. @type {Record<string, string>} */
  problems: {
    forbidden: "You may read this room, but not do that here.",
    archived: "The room is archived: nothing new is said here.",
    banned: "You are not let in here any more.",
    not_found: "It is not there, or not yours to see.",
    gone: "The message was deleted meanwhile.",
    empty: "A message needs at least one visible character.",
    too_long: "The message is too long.",
    key_reused: "Something else was already sent in its place. Try again sends it as a new message.",
    too_many: "There are already as many as there can be.",
    too_fast: "That was too fast. Wait a moment and try again.",
    busy: "The server has much to do. Try again in a moment.",
    unavailable: "The server cannot store anything at the moment. Try again in a moment.",
    guests_refused: "Guests are not let in here. Sign in first.",
    name_taken: "Somebody with an account has this name. Please take another.",
    not_you: "It was written before you took this name.",
    offline: "You are offline. Try again when the connection is back.",
  },
};
