/** 简体中文：话题。 */

const number = new Intl.NumberFormat("zh-Hans");

/** @type {typeof import("./words-threads-en.js").threads} */
export const threads = {
  thread: "话题",
  threads: "话题",
  replyInThread: "在话题中回复",
  replies: (count) => `${number.format(count)} 条回复`,
  noReplies: "还没有回复",
  lastReply: "最后回复于",
  closeThread: "关闭话题",
  threadIn: (title) => `${title} 中的话题`,
  writeReply: "回复……",
  noThreads: "还没有话题。你发起的、参与过的，以及提到你的话题，都会出现在这里。",
  newInThread: (count) => `${number.format(count)} 条新回复`,
  threadsUnread: (count) => `${number.format(count)} 个话题有新回复`,
};
