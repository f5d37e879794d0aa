import assert from "node:assert/strict";
import { test } from "node:test";

import { Attention, levelOf, tells } from "../../teahouse/static/teahouse/attention.js";

/** @param {string} from @param {string} to @param {string} now @param {string} [zone] */
function quiet(from, to, now, zone = "UTC") {
  const attention = new Attention();
  attention.settings = { quiet: { from, to, zone }, language: null, seen: 0 };
  return attention.isQuiet(new Date(`2026-11-27T${now}:00Z`));
}

test("quiet hours go over midnight, by the clock of their zone", () => {
  assert.equal(quiet("22:00", "07:00", "23:30"), true);
  assert.equal(quiet("22:00", "07:00", "06:59"), true);
  assert.equal(quiet("22:00", "07:00", "07:00"), false);
  assert.equal(quiet("12:00", "13:00", "12:30"), true);
  assert.equal(quiet("12:00", "13:00", "13:30"), false);
  assert.equal(quiet("22:00", "07:00", "15:00", "Asia/Shanghai"), true);
  assert.equal(new Attention().isQuiet(), false);
});

test("levels", () => {
  assert.deepEqual([tells("all", false), tells("mentions", false), tells("mentions", true), tells("nothing", true)], [true, false, true, false]);
  assert.deepEqual([levelOf("", "direct"), levelOf("", "open"), levelOf("nothing", "direct")], ["all", "mentions", "nothing"]);
});

test("what was not seen grows with what calls, and ends when another device has seen it", () => {
  const attention = new Attention();
  attention.hello(/** @type {any} */ ({ unseen: 2, settings: { quiet: null, language: null, seen: 3 } }));
  attention.heard({ event: "mention", seq: 9 }, true);
  attention.heard({ event: "read", seq: 10 }, true);
  assert.equal(attention.unseen, 3);
  attention.heard({ event: "settings", seq: 11, settings: { quiet: null, language: null, seen: 9 } }, true);
  assert.equal(attention.unseen, 0);
});
