/** Load this, and <teahouse-chat> works in the page: rooms, conversations, and going from one to another. */

import "./elements/chat.js";
