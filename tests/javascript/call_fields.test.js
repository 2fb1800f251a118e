import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { arrange, enteredTexts, labelOf } from "../../dpyauth/panels/js/call_fields.js";

const field = (name, more = {}) => ({ name, label: name, group: "", front: false, ...more });
const several = (count, more) => [...Array(count).keys()].map((i) => field(`field${i}`, more));
const sorted = (fields) => {
  const { front, groups, single } = arrange(fields);
  return [front, ...groups.map(({ members }) => members), single].map((each) => each.map(({ name }) => name));
};

describe("arrangement", () => {
  test("fields of every request are in front, the others by their objects", () => {
    const fields = [
      field("a", { front: true }),
      field("b.x", { group: "b" }),
      field("c"),
      field("b.y.z", { group: "b.y" }),
    ];
    assert.deepEqual(sorted(fields), [["a"], ["b.x", "b.y.z"], ["c"]]);
  });
  test("an object that every request has is in front, too", () => {
    assert.deepEqual(sorted([field("b.x", { group: "b", front: true })]), [["b.x"], []]);
  });
  test("a group with few fields is open", () => {
    assert.deepEqual(
      [4, 5].map((count) => arrange(several(count, { group: "b" })).groups[0].open),
      [true, false],
    );
  });
  test("a few optional fields are not folded, unless there are fields in front of them", () => {
    const folded = (fields) => [arrange(fields).folded, arrange(fields).open];
    assert.deepEqual(folded(several(3)), [false, true]);
    assert.deepEqual(folded([field("a", { front: true }), ...several(2)]), [false, true]);
    assert.deepEqual(folded([field("a", { front: true }), ...several(3)]), [true, true]);
    assert.deepEqual(folded(several(9)), [true, false]);
  });
});

test("the label of a field in a group leaves the group out", () => {
  assert.equal(labelOf({ name: "a", label: "The others", group: "", front: false }), "The others");
  assert.equal(labelOf({ name: "b.x", label: "x", group: "b", front: false }), "x");
  assert.equal(labelOf({ name: "b.y.z", label: "z", group: "b.y", front: false }), "y.z");
  assert.equal(labelOf({ name: "b.x", label: "x", group: "b", front: true }), "b.x");
});

describe("what is entered", () => {
  const entries = [
    { name: "a", value: "1", secret: false },
    { name: "b", value: "", secret: false },
    { name: "c", value: "made up", secret: true },
    { name: "d", value: "", secret: true },
  ];
  test("a secret is only named until it is sent", () => {
    assert.deepEqual(enteredTexts(entries, false), { fields: { a: "1" }, hidden: ["c"] });
  });
  test("then it goes with the others", () => {
    assert.deepEqual(enteredTexts(entries, true), { fields: { a: "1", c: "made up" }, hidden: [] });
  });
});
