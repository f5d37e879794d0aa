/** English for what stands around a conversation: the rooms, going from one to another, who may do what. */

const number = new Intl.NumberFormat("en");

/** @param {number} count @param {string} one @param {string} many */
const plural = (count, one, many) => `${number.format(count)} ${count === 1 ? one : many}`;

export const rooms = {
  /** @param {number} count */
  number: (count) => number.format(count),

  // The list
  toRooms: "To the rooms",
  rooms: "Rooms",
  direct: "Conversations",
  /** @param {number} count */
  archivedRooms: (count) => `Archived (${number.format(count)})`,
  /** @param {number} unread @param {number} mentions */
  unread: (unread, mentions) => (mentions ? `${number.format(unread)} unread, ${plural(mentions, "mention", "mentions")}` : `${number.format(unread)} unread`),
  /** @param {number} waiting */
  offlineShort: (waiting) => (waiting ? `Offline, ${plural(waiting, "message waits", "messages wait")}` : "Offline"),

  // Going there
  goTo: "Go to…",
  goToHint: "A room or a person",
  /** @param {string} text */
  nothingFound: (text) => `Nothing is called “${text}”.`,
  joined: "Joined",
  person: "Person",
  browse: "Browse and make rooms",
  newDirect: "New conversation",
  shortcuts: "Keyboard shortcuts",
  unreadNext: "Next unread room",
  unreadBefore: "Previous unread room",
  roomNext: "Next room",
  roomBefore: "Previous room",
  markRead: "Mark the room as read",
  editLast: "Edit your last message",
  breakLine: "New line",
  theseShortcuts: "Show these shortcuts",
};
