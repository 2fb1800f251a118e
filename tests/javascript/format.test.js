import assert from "node:assert/strict";
import { test } from "node:test";
import {
  clock,
  day,
  fill,
  isolated,
  listed,
  moment,
  price,
  splitAtAddresses,
  translate,
} from "../../dpyauth/panels/js/format.js";

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
  assert.equal(day(86_400, "en"), "Jan 2");
  assert.equal(moment(1_780_000_000, "en"), "May 28, 2026, 20:26");
});

test("a name is isolated from the sentence around it", () => {
  assert.equal(isolated("שם"), "\u2068שם\u2069");
});

test("signs in pairs stand for single braces", () => {
  assert.equal(fill('{{"{a}": 1}}', { a: "b" }, "en"), '{"b": 1}');
});

// What each language makes of the same

/** @type {Record<string, Record<string, string>>} */
const SAID = {
  en: {
    number: "1,234,567.891234",
    price: "1234.50",
    list: "a, b, c",
    and: "a, b, and c",
    two: "a and b",
    day: "Dec 1",
    moment: "Dec 1, 2026, 14:05",
  },
  es: {
    number: "1.234.567,891234",
    price: "1234,50",
    list: "a, b, c",
    and: "a, b y c",
    two: "a y b",
    day: "1 dic",
    moment: "1 dic 2026, 14:05",
  },
  fr: {
    number: "1\u202f234\u202f567,891234",
    price: "1234,50",
    list: "a, b, c",
    and: "a, b et c",
    two: "a et b",
    day: "1 déc.",
    moment: "1 déc. 2026, 14:05",
  },
  "pt-BR": {
    number: "1.234.567,891234",
    price: "1234,50",
    list: "a, b, c",
    and: "a, b e c",
    two: "a e b",
    day: "1 de dez.",
    moment: "1 de dez. de 2026, 14:05",
  },
};
const MOMENT = Date.UTC(2026, 11, 1, 14, 5) / 1000;

for (const [lang, said] of Object.entries(SAID)) {
  test(`numbers, lists and dates in ${lang}`, () => {
    const texts = { lang, number: "{number}", list: "{list}" };
    assert.deepEqual(
      {
        number: translate(texts, "number", { number: 1234567.891234 }),
        price: price(1234.5, 2, lang),
        list: translate(texts, "list", { list: ["a", "b", "c"] }),
        and: listed(["a", "b", "c"], lang, "and"),
        two: listed(["a", "b"], lang, "and"),
        day: day(MOMENT, lang),
        moment: moment(MOMENT, lang),
      },
      said,
    );
  });

  test(`plural forms in ${lang}`, () => {
    const texts = { lang, rows: "{count} many", "rows.one": "{count} one" };
    const forms = [0, 1, 1.5, 2, 1_000].map((count) => translate(texts, "rows", { count }).split(" ").pop());
    const zero = ["fr", "pt-BR"].includes(lang) ? "one" : "many";
    assert.deepEqual(forms, [zero, "one", zero, "many", "many"]);
  });
}

test("a list of one, or of none, has no comma", () => {
  assert.equal(listed(["a"], "fr"), "a");
  assert.equal(listed([], "fr"), "");
});

test("a text without plural forms, and a key without a text", () => {
  assert.equal(translate({ lang: "es", rows: "{count} filas" }, "rows", { count: 1 }), "1 filas");
  assert.equal(translate({ lang: "es" }, "rows"), "rows");
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
