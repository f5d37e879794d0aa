// Bun's server, uWebSockets inside: publish and subscribe are its own, in C++.
Bun.serve({
  port: Number(process.argv[2]),
  hostname: "127.0.0.1",
  fetch(request, server) {
    return server.upgrade(request, { data: new URL(request.url).pathname }) ? undefined : new Response("no", { status: 400 });
  },
  websocket: {
    perMessageDeflate: false,
    idleTimeout: 120,
    open(socket) {
      socket.subscribe(socket.data);
      socket.send("ready");
    },
    message(socket, text) {
      socket.publish(socket.data, text);
      socket.send(text); // publish() leaves the sender out.
    },
  },
});
