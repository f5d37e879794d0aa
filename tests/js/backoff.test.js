import assert from "node:assert/strict";
import { test } from "node:test";

import { comeback, pauseOfTrial } from "../../teahouse/static/teahouse/backoff.js";

const most = () => 1;
const least = () => 0;

test("codes that say so end it", () => {
  for (const code of [1000, 1002, 1003, 1007, 1009, 4000, 4001, 4003, 4004, 4008, 4099]) {
    assert.equal(comeback(code, "", 0, most), null, String(code));
  }
});

test("all others come back", () => {
  for (const code of [1001, 1005, 1006, 1011, 1012, 1013, 4100, 4101, 4105, 4200, 4201, 4999]) {
    assert.notEqual(comeback(code, "", 0, most), null, String(code));
  }
});

test("the jitter is full, grows with the failures and has an end", () => {
  const waits = [0, 1, 2, 3, 4, 5, 6, 60].map((failures) => comeback(1006, "", failures, most));
  assert.deepEqual(waits, [1, 2, 4, 8, 16, 30, 30, 30]);
  assert.equal(comeback(1006, "", 5, least), 0);
});

test("a drained server says over how many seconds to spread", () => {
  assert.equal(comeback(4201, "12", 0, most), 12);
  assert.equal(comeback(4201, "12", 0, least), 0);
  assert.equal(comeback(4201, "", 0, most), 1);
  assert.equal(comeback(4201, "soon", 0, most), 1);
  assert.equal(comeback(4201, "86400", 0, most), 30);
  assert.equal(comeback(4201, "-4", 0, most), 0);
  assert.equal(comeback(4201, "1", 4, most), 16, "drained again and again it backs off");
});

test("a socket is tried again less and less often by who goes on without it", () => {
  assert.deepEqual([0, 1, 2, 3, 4, 5, 60].map((failures) => pauseOfTrial(failures, most)), [4, 4, 8, 16, 32, 60, 60]);
  assert.equal(pauseOfTrial(1, least), 2);
});
