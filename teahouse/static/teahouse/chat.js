/** Load this, and <teahouse-room> works in the page. */

import "./elements/room.js";
