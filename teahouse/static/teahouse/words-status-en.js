/** English of the owners' page of the state. Numbers come as they are written. */

const figures = new Intl.NumberFormat("en");

/** @param {number} count @param {string} one @param {string} many */
const plural = (count, one, many) => `${figures.format(count)} ${count === 1 ? one : many}`;

export const en = {
  status: "Status",
  well: "All is well.",
  /** @param {number} count */
  wrong: (count) => (count === 1 ? "One thing needs somebody." : `${count} things need somebody.`),
  /** @param {number} count */
  minor: (count) => (count === 1 ? "All is well, but for one thing to know." : `All is well, but for ${count} things to know.`),
  /** @param {string} at */
  asOf: (at) => `The figures are those of ${at}.`,

  connections: "Connections",
  /** @param {string} signedIn @param {string} guests */
  whose: (signedIn, guests) => `${signedIn} with an account, ${guests} of guests`,
  messages: "Messages a minute",
  deliveries: "Deliveries a minute",
  eachReader: "each message once for each reader",
  processor: "Processor",
  busiest: "of one core; the busiest process",
  storage: "Storage",
  /** @param {string} free @param {string} total */
  left: (free, total) => `${free} of ${total} left`,
  database: "Database",
  backups: "Backups",
  others: "Everything else",
  free: "Free",
  /** @param {string} ago */
  newestBackup: (ago) => `Newest in backups/: ${ago} ago`,
  noBackup: "None in backups/; teahouse backup makes one.",
  diskOf: "The disk of the data folder; PostgreSQL may have another.",
  /** @param {string} most */
  tenMinutes: (most) => `ten minutes; at most ${most}`,

  processes: "Processes",
  /** @param {number} count */
  answering: (count) => (count === 1 ? "One process serves." : `${count} processes serve.`),
  onlyWhoAnswers: "Those that answer over Redis; it is silent, so there may be more.",
  /** @param {string} pid */
  process: (pid) => `Process ${pid}`,
  askedOne: "answered this",
  /** @type {Record<string, string>} */
  states: { ok: "well", degraded: "without Redis", unavailable: "without its database", draining: "is ending" },
  /** @param {number} count */
  sessions: (count) => plural(count, "connection", "connections"),
  /** @param {string} size */
  memory: (size) => `${size} of memory`,
  /** @param {string} share */
  busy: (share) => `processor ${share}`,
  /** @param {string} ms */
  late: (ms) => `late by ${ms} ms at most`,
  /** @param {string} span */
  up: (span) => `up for ${span}`,

  site: "Site",
  version: "Version",
  runsOn: "Runs on",
  /** @param {string} ms */
  answersIn: (ms) => `answers in ${ms} ms`,
  redis: "Redis",
  redisWorks: "answers",
  redisSilent: "does not answer",
  redisNone: "none: one process needs none",
  stored: "Stored",
  /** @param {number} events @param {number} rooms @param {number} people */
  counts: (events, rooms, people) => `${plural(events, "event", "events")} in ${plural(rooms, "room", "rooms")}, ${plural(people, "account", "accounts")}`,

  limits: "Limits in force",
  lifted: "lifted",
  /** @param {string} value */
  insteadOf: (value) => `instead of ${value}`,
  /** @type {Record<string, string>} */
  limit: {
    text: "characters in a message",
    frame: "bytes in a frame from a client",
    queue: "bytes that may wait for a connection before it is closed",
    unanswered: "commands of a connection without an answer",
    rooms: "rooms a connection follows",
    per_second: "messages of a person in a second, in the long run",
    burst: "messages of a person at once",
    sessions: "connections from an address",
    per_minute: "rooms and invitations of a person in a minute",
    called: "people whom @here or @room calls",
    small: "members below which everyone may call",
    guest_rooms: "rooms that a guest may make",
    guests: "new guests from an address in a minute",
  },

  /** What is wrong, and what to do. @type {Record<string, (has: {value: string, bound: string, where: string}) => [string, string]>} */
  troubles: {
    starting: () => ["Nothing serves yet", "The server is still starting. If this stays, its log says why."],
    disk_full: ({ value, where }) => [
      `The disk has only ${value} left`,
      `When it is full nothing can be stored. Make room where ${where} is: old files in backups/ first. Or stop the server, move the data folder to a larger disk, and start with --data.`,
    ],
    disk_low: ({ value, bound, where }) => [`The disk gets full: ${value} are left`, `Have at least ${bound} free where ${where} is. Old files in backups/ may go, once they are kept elsewhere.`],
    disk_copy: ({ value, bound, where }) => ["There is no room for the next upgrade", `It copies the database first, which takes ${bound}; where ${where} is, ${value} are left.`],
    bus: () => [
      "Redis does not answer",
      "Nothing is lost: processes find each other's messages in the database, a little later, and who signs out may wait some seconds. Look whether Redis runs (redis-cli ping) and REDIS_URL is right. Teahouse comes back to it by itself.",
    ],
    database: ({ where }) => [
      where ? `Process ${where} cannot reach the database` : "The database cannot be reached",
      "Nothing can be said until it is back; what was confirmed is stored. Look whether PostgreSQL runs, lets this machine in, and has room on its disk. Teahouse goes on by itself.",
    ],
    database_slow: ({ value }) => [`The database takes ${value} ms for the shortest question`, "Look what else it has to do, and what else its machine does: a backup, another program, a slow disk."],
    processes: ({ value, bound }) => [`Only ${value} of ${bound} processes answer`, "One that died is started anew within seconds. If this stays, the log has the reason: look for “died” and “could not start”."],
    versions: ({ where }) => [`Processes of several versions serve: ${where}`, "An upgrade is not finished. Restart the older ones."],
    late: ({ value, where }) => [
      `Process ${where} came ${value} ms late`,
      "It has more to do than its processor can. See what else runs on the machine (top). If it is Teahouse itself: more processes (TEAHOUSE_WORKERS), which need PostgreSQL and Redis.",
    ],
    waiting: ({ value, where }) => [`${value} messages wait in process ${where} to be stored`, "The database is slower than people write. Look at its disk, and what else its machine does."],
    files: ({ value, bound, where }) => [`Process ${where} has ${value} of ${bound} possible connections`, "Beyond that nobody comes in. Raise the limit of open files (LimitNOFILE= in systemd, ulimit -n) and restart."],
    rates: () => ["The limits of rates are lifted", "Anybody may flood the rooms. That is for benchmarks: take “off” out of TEAHOUSE_LIMITS and restart."],
    followers: ({ value, where }) => [`“${where}” fails, and ${value === "1" ? "a room waits" : `${value} rooms wait`} for it`, where.startsWith("hook-") ? "The receiver of this webhook does not take what it is sent. Look at Account → Apps." : "Code that listens to events raises an error, which is in the log; teahouse_follow --list names the event. It is tried again each hour."],
    data_loss: () => ["The database may forget what was confirmed", "TEAHOUSE_ALLOW_DATA_LOSS lets it. Switch fsync, synchronous_commit and full_page_writes on in PostgreSQL, and take the setting out."],
    away: () => ["The server does not answer", "Look whether it runs, what its log says, and whether the network between is there. This page goes on by itself."],
    signed_out: () => ["These figures are not shown to you any more", "You are signed out, or own this site no more. Load the page anew."],
    broken: ({ value }) => [`The figures could not be made (${value})`, "The server's log says why."],
  },
};
