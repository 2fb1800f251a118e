import assert from "node:assert/strict";
import { test } from "node:test";
import { present } from "../../dpyauth/panels/js/elements.js";

test("children come out of their lists, in their order", () => {
  assert.deepEqual(present(["a", ["b", [["c"]]], "d"]), ["a", "b", "c", "d"]);
});

test("what is not there leaves nothing behind", () => {
  assert.deepEqual(present(["a", null, [undefined, "b"]]), ["a", "b"]);
  assert.deepEqual(present(null), []);
  assert.deepEqual(present("a"), ["a"]);
});
