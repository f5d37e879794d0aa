// The package `ws`, with the loop over all clients that its own documentation shows for broadcasts.
import { WebSocketServer } from "ws";

const rooms = new Map();
const server = new WebSocketServer({ port: Number(process.argv[2]), host: "127.0.0.1", perMessageDeflate: false, backlog: 4096 });
server.on("connection", (socket, request) => {
  const room = request.url;
  if (!rooms.has(room)) rooms.set(room, new Set());
  const members = rooms.get(room).add(socket);
  socket.on("message", (data) => {
    for (const member of members) member.send(data, { binary: false });
  });
  socket.on("close", () => members.delete(socket));
  socket.send("ready");
});
