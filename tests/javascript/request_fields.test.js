import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { JsonFault } from "../../dpyauth/panels/js/json.js";
import { readRequest } from "../../dpyauth/panels/js/request_fields.js";

const MASK = "•••";
const field = (name, kind, more = {}) => ({ name, kind, choices: [], sensitive: false, nullable: false, ...more });
const CALL = {
  name: "made_up",
  fields: [
    field("limit", "number"),
    field("text", "text"),
    field("side", "choice", {
      choices: [
        ["buy", "Buy"],
        ["both", "Both"],
      ],
    }),
    field("names", "text list"),
    field("secret", "text", { sensitive: true }),
    field("inner.stop", "number", { nullable: true }),
    field("data", "json"),
  ],
};
const open = { name: "open", fields: [field("*", "json")] };

const texts = (text, call = CALL) => readRequest(text, call, MASK).texts;

/** Return the key of what is wrong, and the field it is about. */
function faultIn(text, call = CALL) {
  try {
    readRequest(text, call, MASK);
  } catch (fault) {
    assert.ok(fault instanceof JsonFault, String(fault));
    return [fault.key, fault.values.field];
  }
  return assert.fail(`read: ${text}`);
}

test("nothing typed is an empty request", () => {
  assert.deepEqual(texts("  "), {});
});

test("values have the text that the form has", () => {
  const text =
    '{"made_up": 1, "limit": 12.50, "text": "a \\"b\\"", "side": "buy", "names": ["a", "b"], "data": {"x": [1]}}';
  assert.deepEqual(texts(text), { limit: "12.50", text: 'a "b"', side: "buy", names: "a, b", data: '{"x": [1]}' });
});

test("fields within an object are fields of the form; null is a value where it may be", () => {
  assert.deepEqual(texts('{"inner": {"stop": null}}'), { "inner.stop": "null" });
});

test("a secret that is masked stays in its field, and a new one is taken", () => {
  assert.deepEqual(texts(`{"secret": "${MASK}"}`), { secret: null });
  assert.deepEqual(texts('{"secret": "made up"}'), { secret: "made up" });
});

test("places are those of the names", () => {
  assert.deepEqual(readRequest('{"limit": 1, "inner": {"stop": 2}}', CALL, MASK).places, {
    limit: 1,
    inner: 13,
    "inner.stop": 23,
  });
});

test("a call that takes any field has the others together", () => {
  assert.deepEqual(texts('{"open": 1, "q1": "yes", "q2": [1]}', open), { "*": '{"q1": "yes", "q2": [1]}' });
  assert.deepEqual(texts('{"*": 1}', open), { "*": '{"*": 1}' });
  assert.deepEqual(faultIn('{"req_id": 1}', open), ["json_ours", "req_id"]);
});

describe("what the form cannot hold", () => {
  const cases = [
    ["[1]", "json_whole", ""],
    ['{"limit": [1]}', "json_single", "limit"],
    ['{"names": {"a": 1}}', "json_single", "names"],
    ['{"limit": null}', "json_null", "limit"],
    ['{"names": ["a,b"]}', "json_item", "names"],
    ['{"names": [" a"]}', "json_item", "names"],
    ['{"names": [""]}', "json_item", "names"],
    ['{"names": [null]}', "json_item", "names"],
    ['{"side": "sell"}', "json_choice", "side"],
    ['{"text": "a\\nb"}', "json_one_line", "text"],
    ['{"inner": 5}', "json_object", "inner"],
    ['{"made_up": 2}', "json_call", "made_up"],
    ['{"unknown": 1}', "json_unknown", "unknown"],
    ['{"inner": {"unknown": 1}}', "json_unknown", "inner.unknown"],
    ['{"subscribe": 1}', "json_subscribe", "subscribe"],
    ['{"passthrough": {}}', "json_ours", "passthrough"],
    ['{"*": 1}', "json_unknown", "*"],
  ];
  for (const [text, key, name] of cases) {
    test(text, () => assert.deepEqual(faultIn(text), [key, name]));
  }
});
