import assert from "node:assert/strict";
import { test } from "node:test";
import { putBack, stateOf } from "../../dpyauth/panels/js/kept_state.js";

/** Make what is enough of an element. */
const made = (tagName, more = {}) => ({ tagName, dataset: {}, scrollTop: 0, ...more });

/** Return the element after what was done to `before` has been put back into it. */
function again(before, after) {
  putBack(after, stateOf(before));
  return after;
}

test("what was typed stays", () => {
  const field = again(made("INPUT", { type: "text", value: "half a na" }), made("INPUT", { type: "text", value: "" }));
  assert.equal(field.value, "half a na");
});

test("a field that was emptied stays empty", () => {
  const field = again(made("TEXTAREA", { value: "" }), made("TEXTAREA", { value: "from Python" }));
  assert.equal(field.value, "");
});

test("a field whose value Python knows better keeps Python's", () => {
  const field = made("INPUT", { type: "text", value: "from Python", dataset: { set: "" } });
  assert.equal(again(made("INPUT", { type: "text", value: "mine" }), field).value, "from Python");
});

for (const type of ["checkbox", "radio"]) {
  test(`a ${type} keeps its tick, and not a value`, () => {
    const box = made("INPUT", { type, value: "new", checked: false });
    again(made("INPUT", { type, value: "old", checked: true }), box);
    assert.deepEqual([box.checked, box.value], [true, "new"]);
  });
}

test("a choice stays where it is still offered", () => {
  const offering = (...values) => made("SELECT", { value: values[0], options: values.map((value) => ({ value })) });
  const before = made("SELECT", { value: "b" });
  assert.equal(again(before, offering("a", "b")).value, "b");
  assert.equal(again(before, offering("c", "d")).value, "c");
});

test("a fold stays open, or closed", () => {
  assert.equal(again(made("DETAILS", { open: true }), made("DETAILS", { open: false })).open, true);
  assert.equal(again(made("DETAILS", { open: false }), made("DETAILS", { open: true })).open, false);
});

test("a list stays where it was scrolled to, even where its state is Python's", () => {
  assert.equal(again(made("DIV", { scrollTop: 77 }), made("DIV", { dataset: { set: "" } })).scrollTop, 77);
});
