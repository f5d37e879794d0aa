/**
 * What scripts import: `connect`, and the errors that it knows (docs/clients.md).
 *
 * It stands before clients.js and connect.js and is imported by neither: no module imports in a circle, for which Django's
 * storage of hashed names finds no end.
 */

export { Client, clientFor } from "./clients.js";
export { Closed, connect, Unreachable } from "./connect.js";
export { Disconnected, Refused } from "./refused.js";
