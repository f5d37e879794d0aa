/** English: threads. */

const number = new Intl.NumberFormat("en");

export const threads = {
  thread: "Thread",
  threads: "Threads",
  replyInThread: "Reply in thread",
  /** @param {number} count */
  replies: (count) => `${number.format(count)} ${count === 1 ? "reply" : "replies"}`,
  noReplies: "No replies yet",
  lastReply: "last",
  closeThread: "Close the thread",
  /** @param {string} title */
  threadIn: (title) => `Thread in ${title}`,
  writeReply: "Reply…",
  noThreads: "Nothing yet. Threads that you began, wrote in or were called to come here.",
  /** @param {number} count */
  newInThread: (count) => `${number.format(count)} new`,
  /** @param {number} count */
  threadsUnread: (count) => `${number.format(count)} with new replies`,
};
