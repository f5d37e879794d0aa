/**
 * What goes over the wire, and what the page makes of it. Types only: docs/protocol.md says what they mean.
 *
 * @typedef {{id: number, name: string, kind: "user" | "guest" | "bot", avatar?: string}} Who  `avatar`: version of the picture, where there is one.
 * @typedef {{epoch: string, seq: number}} Position
 * @typedef {Record<string, number[]>} Reactions  Emoji to the ids of the people.
 *
 * @typedef {{id: number, seq: number, by: Who}} Quoted
 *
 * @typedef {{at: string, text: string, html?: string}} Earlier  What a message said from then on.
 *
 * @typedef {object} Message  A message as last heard of. `rev` is the number of the last event applied to it.
 * @property {number} id
 * @property {string} [key]
 * @property {number} seq
 * @property {string} at  RFC 3339.
 * @property {Who} by
 * @property {string} [text]
 * @property {string} [html]  Cleaned by the server; only where the text has markup.
 * @property {Quoted} [reply]  What it replies to; the text is that message's own, as it is now.
 * @property {{id: number, seq: number}} [root]  The message in whose thread it was said.
 * @property {ThreadState} [thread]  What is told of its own thread.
 * @property {string} [edited]
 * @property {string} [deleted]
 * @property {Reactions} [reactions]
 * @property {string} [event]  Of an event of the project, which stands among the messages: its name.
 * @property {number} rev
 *
 * @typedef {{count: number, last?: string, seq?: number, people: Who[]}} ThreadState  `last`: when it was said; `people`: who spoke last, at most five.
 * @typedef {Partial<Message> & {id: number}} MessageState  The fields that an event replaces.
 * @typedef {{room: string, title: string, topic: string, kind: string, archived: boolean, speaking?: "everyone" | "moderators", people?: Who[]}} RoomState
 *
 * @typedef {object} RoomEvent
 * @property {string} event
 * @property {string} room
 * @property {number} seq
 * @property {string} at
 * @property {Who} [by]
 * @property {MessageState} [message]
 * @property {{person: Who, role: string | null}} [member]
 * @property {RoomState} [state]
 * @property {Record<string, unknown>} [data]  What an event of the project says.
 * @property {string} [html]  How it is shown.
 *
 * @typedef {object} OwnEvent  Of the person's own stream.
 * @property {string} event
 * @property {number} seq
 * @property {string} [about]  The room.
 * @property {number} [read]
 * @property {number} [thread]  Id of the message whose thread it is.
 * @property {string | null} [role]
 * @property {RoomState} [state]
 * @property {Position} [position]
 * @property {{id: number, seq?: number}} [message]
 * @property {OwnSettings} [settings]
 * @property {string} [level]  Of the room.
 *
 * @typedef {{quiet: {from: string, to: string, zone: string} | null, language: string | null, seen: number}} OwnSettings
 *
 * @typedef {object} Needing  Something that needs the person.
 * @property {number} seq  Of the own stream.
 * @property {"mention" | "reply" | "reaction"} kind
 * @property {string} at
 * @property {Who} by
 * @property {string} room
 * @property {string} title
 * @property {Who[]} [people]
 * @property {MessageState} message
 * @property {string[]} [emoji]
 *
 * @typedef {object} ListedThread  A thread that the person takes part in.
 * @property {string} room
 * @property {string} title
 * @property {Who[]} [people]
 * @property {MessageState} message  Its root.
 * @property {MessageState} [last]
 * @property {number} read
 * @property {number} unread
 *
 * @typedef {{count: number, people?: Who[] | null}} Here
 * @typedef {{room?: RoomState, position: Position, events?: RoomEvent[], more?: boolean, reset?: boolean, here?: Here, role?: string | null, may?: string[]}} Subscribed
 * @typedef {{position: Position, messages: Message[], more: {before: boolean, after: boolean}, root?: Message, read?: number | null, events?: RoomEvent[]}} History  `root`: of the thread in which they were said; `read`: one's mark there.
 * @typedef {{room: string, title: string, position: Position, read: number, unread: number, mentions: number, kind?: string, role?: string | null, archived?: boolean, people?: Who[], level?: string}} OwnRoom
 * @typedef {{v: number, session: string, you: Who, ticket?: string, ping: number, limits: Record<string, number>, rooms: OwnRoom[], state?: "ok" | "degraded" | "unavailable", me?: Position, place?: string, here?: number[], may?: string[], settings?: OwnSettings, unseen?: number, threads?: number}} Hello
 *
 * @typedef {{signal: "custom", room: string, kind: string, data: Record<string, unknown>}} CustomSignal  What a project shows.
 *
 * @typedef {{code: string, message: string, retry: boolean, after?: number}} Problem
 *
 * @typedef {object} Unsent  Something written that the server has not acknowledged.
 * @property {string} key  Made by `newKey`: sorts by time.
 * @property {string} room
 * @property {string} text
 * @property {string} at  When it was written, by this machine's clock.
 * @property {Quoted} [reply]  What it replies to.
 * @property {number} [thread]  Id of the message in whose thread it is said.
 * @property {Problem} [problem]  Why it was refused; it is then not sent again by itself.
 * @property {number} [seq]  Once stored: where. It is then shown only until its event is here.
 *
 * @typedef {"idle" | "connecting" | "open" | "waiting" | "stopped"} Phase
 */

export {};
