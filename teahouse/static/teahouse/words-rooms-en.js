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

  isHere: "here now",
  removedFromRoom: "You do not belong to this room any more.",
  removedHint: "What was said here is for its members. Whoever moderates it can ask you in again.",
  announcing: "Only moderators speak in this room.",

  // Making and finding rooms and people
  openRooms: "Open rooms",
  findRooms: "Find a room",
  newRoom: "New room",
  moreRooms: "More rooms",
  /** @param {number} count */
  membersShort: (count) => plural(count, "member", "members"),
  title: "Title",
  topic: "Topic",
  onlyMembersRead: "Private: only members read it",
  onlyModeratorsSpeak: "Announcements: only moderators speak",
  makeIt: "Make the room",
  findPeople: "Find people by name",
  add: "Add",
  /** @param {string} name */
  takeOut: (name) => `Take ${name} out`,
  beginDirect: "Begin the conversation",

  // A room's page
  aboutRoom: "About this room",
  isOpen: "Open: everybody may read it.",
  isPrivate: "Private: only members read it.",
  isDirect: "A conversation: only its people read it.",
  isAnnouncing: "Only moderators speak.",
  isArchived: "Archived.",
  changeRoom: "Change",
  /** @param {number} count */
  members: (count) => (count ? `Members (${number.format(count)})` : "Members"),
  moreMembers: "More members",
  /** @type {Record<string, string>} */
  roles: { guest: "Guest", member: "Member", moderator: "Moderator", owner: "Owner" },
  /** @type {Record<string, string>} */
  rolesShort: { guest: "Guest", member: "Memb.", moderator: "Mod.", owner: "Own." },
  /** @param {string} name */
  roleOf: (name) => `Role of ${name}`,
  /** @param {string} name */
  writeTo: (name) => `Write to ${name}`,
  /** @param {string} name */
  removePerson: (name) => `Remove ${name}`,
  surely: "Really?",
  invite: "Invite",
  join: "Join",
  leaveRoom: "Leave the room",
  leaveDirect: "Leave the conversation",
  archive: "Archive",
  unarchive: "Open again",
  whoMay: "Who may do what",
  mayRead: "Read",
  maySpeak: "Speak",
  mayInvite: "Invite people",
  mayChange: "Change title and topic",
  mayRemove: "Remove people, delete messages",
  mayArchive: "Archive the room",
  mayRoles: "Give roles, make it private",
  yes: "yes",
  no: "no",

  // What needs one
  activity: "Activity",
  namedYou: "mentioned you",
  repliedToYou: "replied to you",
  /** @param {string} emoji */
  reactedToYou: (emoji) => `reacted with ${emoji}`,
  notSeen: "new",
  /** @param {number} count */
  notSeenYet: (count) => `${count} new`,
  noActivity: "Nothing yet. Mentions, replies to you and reactions to what you said come here.",
  olderActivity: "Show older",
  loading: "Loading…",
  notNow: "This does not work just now. Try again in a moment.",
  telling: "Notifications and quiet hours",
  notifications: "Notifications of this browser",
  notifyHint: "Of mentions, replies and conversations, as each room is set, while you look elsewhere.",
  notifyOn: "Show notifications",
  notifyOff: "Show none any more",
  notifyDenied: "This browser was told not to show any from here. Allow them in the settings of the browser first.",
  notifyNone: "This browser shows none for this address; that needs https.",
  quietHours: "Quiet hours",
  quietHint: "No notifications in these hours, on any device. Everything is still counted.",
  quietOn: "Do not disturb me",
  quietFrom: "from",
  quietTo: "to",
  /** @param {string} zone */
  quietZone: (zone) => `Time zone: ${zone}`,
  quietWrong: "Give two different times.",
  level: "Tell me of",
  levelAll: "all messages",
  levelMentions: "mentions and replies",
  levelNothing: "nothing; not counted in the title",

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
