import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { JsonFault, lineOf, readJson } from "../../dpyauth/panels/js/json.js";

/** Return the key of what is wrong, and the place. */
function faultIn(text) {
  try {
    readJson(text);
  } catch (fault) {
    assert.ok(fault instanceof JsonFault, String(fault));
    return [fault.key, fault.at];
  }
  return assert.fail(`read: ${text}`);
}

/** Return what is read as the browser's own reader would have it. */
function plain(node) {
  if (node.kind === "object") return Object.fromEntries(node.entries.map(([name, , value]) => [name, plain(value)]));
  if (node.kind === "list") return node.items.map(plain);
  return node.kind === "string" ? node.value : JSON.parse(node.value);
}

describe("what can be read", () => {
  const texts = [
    "{}",
    "[]",
    ' { "a" : [ 1 , -2.5e+3 , true , false , null ] , "b" : { "c" : "d" } } ',
    '"\\u00e9\\n\\t\\"\\\\\\/ \u{1f642}"',
    "0",
    "[[[1]]]",
    '{"__proto__x": 1, "": 2}',
  ];
  for (const text of texts) {
    test(text, () => assert.deepEqual(plain(readJson(text)), JSON.parse(text)));
  }
  test("numbers keep all their digits", () => {
    assert.equal(readJson("12.50").value, "12.50");
    assert.equal(readJson("99999999999999999999").value, "99999999999999999999");
  });
  test("words, numbers and null are told apart", () => {
    assert.deepEqual(
      ["true", "1", "null", '"null"'].map((text) => readJson(text).kind),
      ["word", "number", "null", "string"],
    );
  });
  test("every value has its place", () => {
    const text = '{"a": [10, "b"]}';
    const [[name, at, list]] = readJson(text).entries;
    assert.deepEqual([name, text.slice(at, at + 3), text.slice(list.at, list.end)], ["a", '"a"', '[10, "b"]']);
    assert.deepEqual(
      list.items.map((item) => text.slice(item.at, item.end)),
      ["10", '"b"'],
    );
  });
});

describe("what cannot be read has a place", () => {
  const cases = [
    ["", "json_end", 0],
    ["{", "json_end", 1],
    ['{"a": 1', "json_end", 7],
    ['{"a": 1 "b": 2}', "json_comma", 8],
    ['{"a": 1,}', "json_last_comma", 7],
    ["{'a': 1}", "json_name", 1],
    ['{"a" 1}', "json_colon", 5],
    ['{"a": one}', "json_value", 6],
    ["01", "json_value", 0],
    ["+1", "json_value", 0],
    ["1.", "json_value", 0],
    ["NaN", "json_value", 0],
    ['["abc]', "json_quote", 1],
    ['["a\nb"]', "json_quote", 1],
    ['["a\tb"]', "json_control", 3],
    ['["a\\x"]', "json_escape", 4],
    ['["\\u12g4"]', "json_escape", 3],
    ['{"a": 1, "a": 2}', "json_twice", 9],
    ["{} {}", "json_more", 3],
    ["[1}", "json_comma", 2],
  ];
  for (const [text, key, at] of cases) {
    test(JSON.stringify(text), () => assert.deepEqual(faultIn(text), [key, at]));
  }
  test("levels are counted, so that a long row of brackets does no harm", () => {
    const nested = (levels) => `${"[".repeat(levels)}${"]".repeat(levels)}`;
    assert.ok(readJson(nested(51)));
    assert.deepEqual(faultIn(nested(52)), ["json_deep", 51]);
    assert.equal(faultIn("[".repeat(100_000))[0], "json_deep");
    assert.equal(faultIn('{"a":'.repeat(100_000))[0], "json_deep");
  });
});

test("lines and columns are counted from 1, in characters as they are seen", () => {
  assert.deepEqual(lineOf("ab", 0), { line: 1, column: 1 });
  assert.deepEqual(lineOf("a\nbc\nd", 4), { line: 2, column: 3 });
  assert.deepEqual(lineOf("🙂x", 2), { line: 1, column: 2 });
});
