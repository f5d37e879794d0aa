/**
 * A script that speaks through `connect`, for tests/live/test_client_js.py: it says and hears what its input tells it, and
 * writes what comes, a line of JSON each.
 */
import { createInterface } from "node:readline";

import { connect } from "../../teahouse/static/teahouse/client.js";

Math.random = () => 0.02; // It comes back at once.
const tell = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);
const named = (error) => ({ error: error.constructor.name, code: error.problem?.code ?? error.code ?? error.message });

const [url, room, name, timeout] = process.argv.slice(2);
for (const wrong of [{ url: "ftp://example.org" }, { url, token: " " }]) {
  await connect(wrong).then(() => tell({ ended: "was let in" }), (error) => error instanceof TypeError || tell({ ended: named(error) }));
}
try {
  const chat = await connect({ url, name, ...(timeout && { timeout: Number(timeout) }) });
  const here = await chat.room(room, { make: true });
  tell({ you: chat.you, ticket: chat.ticket, messages: here.messages.map((message) => message.text) });
  const hear = async () => {
    for await (const event of here.events()) tell({ event });
    tell({ left: true });
  };
  hear().catch((error) => tell({ ended: named(error) }));
  let left = () => {};
  for await (const line of createInterface({ input: process.stdin })) {
    const [command, text] = JSON.parse(line);
    if (command === "send") here.send(text).then((stored) => tell({ stored, text }), (error) => tell({ refused: named(error), text }));
    if (command === "other") chat.room(text).then(() => tell({ room: text }), (error) => tell({ refused: named(error) }));
    if (command === "thread") {
      const [root, first] = JSON.parse(text);
      const thread = await here.thread(root).catch((error) => tell({ refused: named(error) }));
      if (!thread) continue;
      const events = thread.events();
      (async () => {
        for await (const event of events) tell({ inThread: event, held: thread.messages.map((message) => message.text) });
        tell({ leftThread: true });
      })();
      thread.send(first).then((stored) => tell({ stored, text: first }));
      left = () => thread.leave();
    }
    if (command === "leave thread") left();
    if (command === "threads") tell(await chat.threads());
    if (command === "react") await here.react(here.messages.at(-1).id, text);
    if (command === "close") break;
  }
  process.stdin.destroy();
  chat.close(); // From here on nothing keeps the program alive.
  await here.send("too late").then(() => tell({ ended: "was taken" }), (error) => tell({ late: named(error) }));
} catch (error) {
  tell({ ...named(error), said: error.message });
}
