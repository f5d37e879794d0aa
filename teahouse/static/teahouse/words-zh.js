/** 简体中文。需要数字或名字的词是函数。 */

import { rooms } from "./words-rooms-zh.js";

/** @import { Words } from "./words.js" */

const number = new Intl.NumberFormat("zh-Hans");

/** @param {string[]} names */
const list = (names) => names.join("、");

/** @type {Words} */
export const zh = {
  ...rooms,
  skip: "跳到正文",

  people: "成员",
  here: (count) => `${number.format(count)} 人在场`,
  hereTitle: "现在在场",
  you: "你",
  guest: "访客",
  bot: "机器人",
  tooManyPeople: "人太多，不逐一列出。",
  close: "关闭",
  leave: "离开",
  leaveHint: "不再使用这个名字；你说过的话会保留。",
  signOut: "退出登录",
  signIn: "登录",

  conversation: (title) => `「${title}」里的对话`,
  beginning: (title) => `「${title}」从这里开始。`,
  nothingSaid: "这里还没有人说话。打个招呼吧！",
  loading: "正在载入更早的消息……",
  earlier: "显示更早的消息",
  today: "今天",
  yesterday: "昨天",
  newSince: "你离开后的新消息",
  newMessages: (count) => `${number.format(count)} 条新消息`,
  toLatest: "回到最新消息",
  edited: "已编辑",
  deleted: "这条消息已被删除。",

  sending: "正在发送……",
  waitingToSend: "等待发送",
  notSent: "未发送。",
  tryAgain: "重试",
  discard: "放弃",
  rewrite: "修改",

  menuFor: (name) => `对${name}的消息进行操作`,
  edit: "编辑",
  remove: "删除",
  removeSurely: "为所有人删除？",
  copy: "复制文字",
  react: "回应",
  reaction: (emoji, count) => `${emoji}，${number.format(count)} 人`,

  writeIn: (title) => `在「${title}」里说点什么`,
  send: "发送",
  save: "保存",
  cancel: "取消",
  editing: "正在修改一条消息。",
  tooLongBy: (length, most) => `${number.format(length)} 字，最多 ${number.format(most)} 字`,
  typing: (names) => (names.length > 3 ? "好几个人正在输入……" : `${list(names)}正在输入……`),

  nameAsk: "大家怎么称呼你？",
  nameLabel: "你的名字",
  nameHint: "不需要账号，马上就能看、能说。",
  haveAccount: "已有账号？",
  comeIn: "进来坐",
  nameInvalid: "名字要有 1 到 40 个可见字符。",
  signedOut: "你在这里已不再是登录状态。",

  noRoom: (room) => `还没有「${room}」这个房间。`,
  noRoomHint: "如果你收到过邀请，请让对方加你进来；否则可以新建它。",
  makeRoom: "新建这个房间",
  toMain: "去主房间",
  archived: "这个房间已归档：可以阅读，不能再发言。",

  connecting: "正在连接……",
  catchingUp: "正在补上错过的消息……",
  offline: (waiting) => (waiting ? `已离线。${number.format(waiting)} 条消息等待发送，不会丢失。` : "已离线。你可以继续阅读和书写。"),
  draining: (waiting) => (waiting ? `服务器正在重启。${number.format(waiting)} 条消息等待发送。` : "服务器正在重启，请稍候。"),
  degraded: "有些消息可能会比平时晚一点到。",
  unavailable: (waiting) => (waiting ? `服务器暂时无法保存。${number.format(waiting)} 条消息先留在这里。` : "服务器暂时无法保存。你写的内容会先留在这里。"),
  slowDown: (seconds) => `发得有点快，${number.format(seconds)} 秒后继续发送。`,
  forgetful: "这个浏览器不保存内容：发送完之前请不要关闭页面。",
  stopped: "连接已结束。请重新载入页面。",
  banned: "你已不能进入这里。",
  outdated: "页面比服务器旧。请重新载入；你写的内容不会丢失。",
  tryNow: "立即重试",
  reload: "重新载入",

  settings: "设置",
  theme: "主题",
  themeSystem: "跟随系统",
  themeLight: "浅色",
  themeDark: "深色",
  language: "语言",
  enterKey: "回车键",
  enterSends: "发送",
  enterBreaks: "换行",

  problems: {
    forbidden: "你可以阅读这个房间，但不能这样做。",
    archived: "这个房间已归档，不能再发言。",
    banned: "你已不能进入这里。",
    not_found: "它不存在，或者不对你开放。",
    gone: "这条消息已经被删除了。",
    empty: "消息至少要有一个可见字符。",
    too_long: "消息太长了。",
    key_reused: "已经有别的内容以它的名义发出。点「重试」会作为新消息发送。",
    too_many: "已经达到数量上限。",
    too_fast: "太快了，请稍等再试。",
    busy: "服务器很忙，请稍后再试。",
    unavailable: "服务器暂时无法保存，请稍后再试。",
    guests_refused: "这里不接待访客，请先登录。",
    name_taken: "这个名字属于一位有账号的人，请换一个。",
    not_you: "这是你换名字之前写的。",
    offline: "你已离线，连接恢复后再试。",
  },
};
