/** 对话周围的文字：房间列表、切换、权限。 */

/** @import { RoomWords } from "./words.js" */

const number = new Intl.NumberFormat("zh-Hans");

/** @type {RoomWords} */
export const rooms = {
  number: (count) => number.format(count),

  toRooms: "返回房间列表",
  rooms: "房间",
  direct: "私聊",
  archivedRooms: (count) => `已归档（${number.format(count)}）`,
  unread: (unread, mentions) => (mentions ? `${number.format(unread)} 条未读，其中 ${number.format(mentions)} 条提到你` : `${number.format(unread)} 条未读`),
  offlineShort: (waiting) => (waiting ? `已离线，${number.format(waiting)} 条消息等待发送` : "已离线"),

  goTo: "前往……",
  goToHint: "房间或成员",
  nothingFound: (text) => `没有叫「${text}」的房间或成员。`,
  joined: "已加入",
  person: "成员",
  browse: "浏览和新建房间",
  newDirect: "新私聊",
  shortcuts: "键盘快捷键",
  unreadNext: "下一个未读房间",
  unreadBefore: "上一个未读房间",
  roomNext: "下一个房间",
  roomBefore: "上一个房间",
  markRead: "把房间标为已读",
  editLast: "编辑自己的上一条消息",
  breakLine: "换行",
  theseShortcuts: "显示这些快捷键",
};
