/** The style sheets of <teahouse-chat>: those of a room, whose buttons and letters it has, and its own. */

import { load, sheets } from "./styles.js";

export const chatSheets = [...sheets, await load("chat.css")];
