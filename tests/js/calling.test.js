import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { calls } from "../../teahouse/static/teahouse/calling.js";

describe("a text that calls", () => {
  test("has the name behind an @, however it is written", () => {
    for (const text of ["@Ada", "hi @ada, tea?", "(@ADA)", "@Ada's cup", "@Ada.", "你好@Ada你好", "@Ａｄａ", "no@ada.example @Ada"]) assert.ok(calls(text, "Ada"), text);
    assert.ok(calls("@Ada Lovelace said", "Ada Lovelace"));
    assert.ok(calls("@梅你好", "梅"));
  });

  test("does not have it in another word, an address or code", () => {
    for (const text of ["Ada", "@Adam", "@Ada-Marie", "@ada.marie", "bob@ada", "https://example.com/@ada", "`@Ada`", "```\n@Ada\n```", "@ Ada"]) assert.ok(!calls(text, "Ada"), text);
    assert.ok(!calls("@Ada", "Ada Lovelace"));
    assert.ok(calls("`x` @Ada `y", "Ada"), "behind code");
  });

  test("may call all", () => {
    assert.ok(calls("@here tea!", "Ada"));
    assert.ok(calls("@room tea!", "Ada"));
    assert.ok(!calls("@roommate", "Ada"));
  });
});
