import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";

import { begunAt, codeBefore, peopleFor, withEmoji } from "../../teahouse/static/teahouse/complete.js";

const begun = (text) => {
  const found = begunAt(text, text.length);
  return found && `${found.kind}${found.query}`;
};

describe("a word that is begun", () => {
  test("is a name behind an @", () => {
    assert.equal(begun("@"), "@");
    assert.equal(begun("hello @Bo"), "@Bo");
    assert.equal(begun("你好@林小"), "@林小");
    assert.equal(begun("(@anne-marie"), "@anne-marie");
    assert.deepEqual(begunAt("hi @Bob, tea?", 6), { kind: "@", query: "Bo", start: 3, end: 6 });
  });

  test("is an emoji behind a colon and two letters", () => {
    assert.equal(begun("more :te"), ":te");
    assert.equal(begun("喝:茶杯"), ":茶杯");
    assert.equal(begun(":+1"), ":+1");
    assert.equal(begun(":t"), null);
  });

  test("is no part of an address, a time or code", () => {
    for (const text of ["bob@exa", "https://example.com/@bo", "at 10:30", "https:ab", "`x :te", "```\n@bo", "a: b", "@bob ", ""]) {
      assert.equal(begun(text), null, text);
    }
    assert.equal(begun("`x` :te"), ":te");
  });
});

describe("an emoji that is written whole", () => {
  const emojiOf = (code) => ({ tea: "🍵", "+1": "👍", 10: "🔟" })[code];
  const sent = (text) => withEmoji(text, emojiOf);

  test("is taken by its code", () => {
    assert.equal(sent("more :tea:"), "more 🍵");
    assert.equal(sent(":tea::+1:, (:tea:)!"), "🍵👍, (🍵)!");
    assert.equal(sent("喝:tea:吧"), "喝🍵吧");
    assert.equal(sent("10:tea: :tea:"), "10:tea: 🍵");
  });

  test("stays as it is in code, addresses, times and where none is called so", () => {
    for (const text of ["`:tea:`", "``a ` :tea:``", "```\n:tea:\n```", "```\n:tea:", "http://a/:tea:", "x:tea:", "9:10:30", ":coffee:", "a::tea:", ": tea :", ":Tea:"]) {
      assert.equal(sent(text), text);
    }
    assert.equal(sent("`:tea:` is :tea:, ```:tea:``` too"), "`:tea:` is 🍵, ```:tea:``` too");
  });

  test("is noticed with its second colon, and nowhere else", () => {
    const noticed = (text, caret = text.length) => codeBefore(text, caret)?.code;
    assert.deepEqual(codeBefore("more :tea: please", 10), { code: "tea", start: 5, end: 10 });
    assert.equal(noticed(":tea: "), undefined);
    assert.equal(noticed(":tea"), undefined);
    assert.equal(noticed("`:tea:"), undefined);
    assert.equal(noticed("`x` :tea:"), "tea");
    assert.equal(noticed("```\n:tea:"), undefined);
  });
});

describe("people", () => {
  const people = ["Bob", "Anne-Marie", "林小梅", "Big Bob", "bobby", "Bob"].map((name, index) => ({ id: index === 5 ? 0 : index, name, kind: "user" }));
  const names = (query, most = 9) => peopleFor(people, query, most).map((one) => one.name);

  test("are found by how a word of their name begins, each once", () => {
    assert.deepEqual(names("bo"), ["Bob", "Big Bob", "bobby"]);
    assert.deepEqual(names("MAR"), ["Anne-Marie"]);
    assert.deepEqual(names("小梅"), ["林小梅"]);
    assert.deepEqual(names("ob"), []);
    assert.equal(names("", 2).length, 2);
  });
});

describe("emoji", async () => {
  // The module looks for the browser's storage when it is loaded.
  globalThis.window ??= /** @type {any} */ ({});
  const { GROUPS, parsed, searchEmoji } = await import("../../teahouse/static/teahouse/emoji.js");
  const url = new URL("../../teahouse/static/teahouse/vendor/emojibase-data/emoji.json", import.meta.url);
  const groups = parsed(JSON.parse(readFileSync(url, "utf-8")));
  const first = (query) => searchEmoji(groups, query, 5)[0]?.emoji;

  test("of all groups are there", () => {
    assert.equal(groups.length, GROUPS.length);
    assert.ok(groups.flat().length > 1500);
    assert.ok(groups.every((group) => group.length > 50));
  });

  test("are found by code, by the beginning of one, by a word in both languages", () => {
    assert.equal(first("tea"), "🍵");
    assert.equal(first("teapo"), "🫖");
    assert.equal(first("oolong"), "🍵");
    assert.equal(first("热茶"), "🍵");
    assert.equal(first("+1"), "👍️");
    assert.ok(searchEmoji(groups, "乌龙", 5).some((one) => one.emoji === "🍵"));
    assert.deepEqual(searchEmoji(groups, "qqqq", 5), []);
    assert.deepEqual(searchEmoji(groups, " ", 5), []);
  });
});
