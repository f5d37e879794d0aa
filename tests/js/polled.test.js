import assert from "node:assert/strict";
import { test } from "node:test";

import { Polled } from "../../teahouse/static/teahouse/polled.js";

const EPOCH = "e";
const at = (seq) => ({ epoch: EPOCH, seq });
const event = (seq, room = "tea") => ({ event: "message", room, seq });
const subscribed = (seq, more = {}) => ({ position: at(seq), events: [], more: false, role: null, may: ["speak"], ...more });
const own = (room, seq, unread, mentions = 0) => ({ room, position: at(seq), unread, mentions });

function following(seq = 5) {
  const polled = new Polled();
  polled.begin({ rooms: [], state: "ok" });
  polled.follow("tea", subscribed(seq));
  return polled;
}

/** An answer to what would be asked now. */
function answered(polled, ...frames) {
  return polled.take(frames, polled.ask().asked);
}

test("asks from where the last answer ended", () => {
  const polled = following();
  assert.deepEqual(polled.ask().commands, [
    { id: 0, do: "hello", v: 1 },
    { id: "tea", do: "subscribe", room: "tea", since: at(5) },
  ]);
  const { told } = answered(polled, { re: "tea", ok: subscribed(7, { events: [event(6), event(7)] }) }, event(8));
  assert.deepEqual(told, [event(6), event(7), event(8)]);
  assert.deepEqual(polled.ask().commands[1].since, at(8));
});

test("what was asked before the page subscribed anew counts no more", () => {
  const polled = following();
  const { asked } = polled.ask();
  polled.leave("tea");
  polled.follow("tea", subscribed(7));
  const late = polled.take([{ re: "tea", ok: subscribed(6, { events: [event(6)] }) }, event(7), event(8)], asked);
  assert.deepEqual(late.told, []);
  assert.deepEqual(polled.ask().commands[1].since, at(7));
});

test("nothing comes of a room that was left, and a page of many is not followed yet", () => {
  const polled = following();
  const { asked } = polled.ask();
  polled.leave("tea");
  assert.deepEqual(polled.take([event(6)], asked).told, []);
  polled.follow("tea", subscribed(500, { more: true }));
  assert.equal(polled.ask().commands.length, 1);
});

test("where there is more it is asked for at once, and another history begins everything anew", () => {
  const polled = following();
  const page = answered(polled, { re: "tea", ok: subscribed(6, { events: [event(6)], more: true }) });
  assert.deepEqual([page.more, page.reset], [true, false]);
  assert.equal(answered(polled, { re: "tea", ok: subscribed(1, { reset: true }) }).reset, true);
});

test("a room that may not be read any more is told as on a socket", () => {
  const polled = following();
  const refused = { re: "tea", error: { code: "not_found", message: "", retry: false } };
  assert.deepEqual(answered(polled, refused).told, [{ signal: "rights", room: "tea", role: null, may: [] }]);
  assert.equal(polled.ask().commands.length, 1);
});

test("an error that passes is none", () => {
  const polled = following();
  const refused = { re: "tea", error: { code: "unavailable", message: "", retry: true } };
  assert.deepEqual(answered(polled, refused).told, []);
  assert.deepEqual(polled.ask().commands[1].since, at(5));
});

test("who is here and what one may do is told when it is another than before", () => {
  const polled = following();
  const here = { count: 1, people: [{ id: 1, name: "Ada" }] };
  const first = answered(polled, { re: "tea", ok: subscribed(5, { here, may: ["speak", "react"] }) });
  assert.deepEqual(first.told, [
    { signal: "presence", room: "tea", came: here.people, went: [], count: 1, whole: true },
    { signal: "rights", room: "tea", role: null, may: ["speak", "react"] },
  ]);
  assert.deepEqual(answered(polled, { re: "tea", ok: subscribed(5, { here, may: ["speak", "react"] }) }).told, []);
});

test("another name of the place and who is here are told once", () => {
  const polled = following();
  const hello = { re: 0, ok: { rooms: [], place: "The Kettle", here: [7, 9] } };
  assert.deepEqual(answered(polled, hello).told, [
    { signal: "place", name: "The Kettle" },
    { signal: "here", came: [7, 9], went: [] },
  ]);
  assert.deepEqual(answered(polled, hello).told, []);
  assert.deepEqual(answered(polled, { re: 0, ok: { rooms: [], place: "The Kettle", here: [9] } }).told, [{ signal: "here", came: [], went: [7] }]);
});

test("the counts of other rooms are told once", () => {
  const polled = following();
  const hello = { re: 0, ok: { state: "degraded", rooms: [own("tea", 5, 0), own("news", 9, 2, 1)] } };
  assert.deepEqual(answered(polled, hello).told, [
    { signal: "service", state: "degraded" },
    { signal: "head", room: "news", seq: 9, unread: 2, mentions: 1 },
  ]);
  assert.deepEqual(answered(polled, hello).told, []);
  const head = { signal: "head", room: "news", seq: 10, unread: 3, mentions: 1 };
  assert.deepEqual(answered(polled, hello, head).told, [head]);
  assert.deepEqual(answered(polled, { re: 0, ok: { state: "degraded", rooms: [own("news", 10, 3, 1)] } }).told, []);
});
