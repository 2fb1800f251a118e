import assert from "node:assert/strict";
import { test } from "node:test";
import { clock, day, fill, quoted, splitAtAddresses } from "../../dpyauth/panels/js/format.js";

test("values are filled in, each as often as it is named", () => {
  assert.equal(fill("{a} and {b} and {a}", { a: 1, b: "two" }, "en"), "1 and two and 1");
});

test("a name without a value stays, and so does what a value holds", () => {
  assert.equal(fill("{a} {b}", { a: "{b}" }, "en"), "{b} {b}");
  assert.equal(fill("{a}", {}, "en"), "{a}");
  assert.equal(fill("{a}", { a: undefined }, "en"), "{a}");
  assert.equal(fill("{toString}", {}, "en"), "{toString}");
});

test("a value of zero or an empty text is a value", () => {
  assert.equal(fill("{a}|{b}", { a: 0, b: "" }, "en"), "0|");
});

test("times are in UTC, wherever the browser is", () => {
  assert.equal(clock(0), "00:00:00");
  assert.equal(clock(86_399.9), "23:59:59");
  assert.equal(day(86_400), "1970-01-02");
});

test("a quoted name is isolated from the sentence around it", () => {
  assert.equal(quoted("שם"), "“\u2068שם\u2069”");
});

test("addresses become items of their own, the longest first", () => {
  const parts = splitAtAddresses("See a.example/x, or a.example.", ["a.example", "a.example/x"]);
  assert.deepEqual(
    parts.map(({ text, link }) => (link ? `<${text}>` : text)),
    ["See ", "<a.example/x>", ", or ", "<a.example>", "."],
  );
});

test("a text without addresses stays whole", () => {
  assert.deepEqual(splitAtAddresses("Nothing", ["a.example"]), [{ text: "Nothing", link: false }]);
});
