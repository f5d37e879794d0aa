import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { bytes, inAMinute, line, percent, series, span } from "../../teahouse/static/teahouse/status-figures.js";

const slot = (at, messages, more = {}) => ({ at, messages, deliveries: 0, sessions: 0, busy: 0, late: 0, ...more });
const status = (...processes) => ({ now: 1000, slot_seconds: 5, slots: 4, processes: processes.map((slots) => ({ slots })) });

describe("a series", () => {
  test("has a number for each slot that is over; what is missing is 0, what is too old is left out", () => {
    assert.deepEqual(series(status([slot(150, 9), slot(196, 1), slot(199, 3), slot(200, 7)]), "messages"), [1, 0, 0, 3]);
    assert.deepEqual(series(status(), "messages"), [0, 0, 0, 0]);
  });

  test("adds processes up, or has the one with most", () => {
    const two = status([slot(198, 2, { busy: 0.25 })], [slot(198, 5, { busy: 0.5 }), slot(199, 1)]);
    assert.deepEqual(series(two, "messages"), [0, 0, 7, 1]);
    assert.deepEqual(series(two, "busy", { most: true }), [0, 0, 0.5, 0]);
  });

  test("is added up over the last minute alone", () => {
    const long = { ...status([slot(180, 100), slot(187, 100), slot(188, 4), slot(199, 3), slot(200, 50)]), slots: 30 };
    assert.equal(inAMinute(long, "messages"), 7);
  });
});

describe("a line", () => {
  test("goes from edge to edge, the largest value above", () => {
    assert.equal(line([0, 5, 10], 100, 50), "M0 50L50 25L100 0");
    assert.equal(line([0.5, 2], 100, 50, 1), "M0 25L100 0");
  });

  test("of nothing lies at the bottom", () => {
    assert.equal(line([0, 0], 100, 50), "M0 50L100 50");
    assert.equal(line([], 100, 50), "");
  });
});

test("sizes, times and shares are written short", () => {
  assert.deepEqual([0, 999, 1_500, 3_940_000, 78e9].map((value) => bytes(value, "en")), ["0 bytes", "999 bytes", "1.5 kB", "3.9 MB", "78 GB"]);
  assert.deepEqual([-1, 1, 119, 120, 7_200, 3 * 86_400].map((value) => span(value, "en")), ["0 seconds", "1 second", "119 seconds", "2 minutes", "2 hours", "3 days"]);
  assert.deepEqual([0.016, 0.5, 1.2].map((value) => percent(value, "en")), ["1.6%", "50%", "120%"]);
});
