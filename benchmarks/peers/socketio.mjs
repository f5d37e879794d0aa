// Socket.IO at its best: WebSocket only, no compression, native `ws` options as its own documentation advises.
import { createServer } from "node:http";
import { Server } from "socket.io";

const http = createServer();
const io = new Server(http, { transports: ["websocket"], perMessageDeflate: false, httpCompression: false });
io.on("connection", (socket) => {
  socket.on("join", (room) => {
    socket.join(room);
    socket.emit("joined");
  });
  socket.on("say", (room, text) => io.to(room).emit("say", text));
  // The first HTTP request of each session is not needed any more: memory, as its documentation says.
  socket.conn.request = null;
});
http.listen(Number(process.argv[2]), "127.0.0.1");
