// Reading of JSON that is typed, which says where it goes wrong. The browser's own reader tells no place, and makes 12.5
// of 12.50; here every value keeps its text, and its place.

const CLOSING = /** @type {Record<string, string>} */ ({ "{": "}", "[": "]" });
/** @type {Record<string, string>} */
const ESCAPED = { '"': '"', "\\": "\\", "/": "/", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };
const WORD = /[^\s,:{}[\]"]*/y;
const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;
const DEEPEST = 50; // levels

/** What is wrong with JSON, and where: `key` is that of the text to show, `values` what to fill in. */
export class JsonFault extends Error {
  /**
   * @param {string} key
   * @param {number} at
   * @param {object} [values]
   */
  constructor(key, at, values = {}) {
    super(key);
    this.key = key;
    this.at = at;
    this.values = values;
  }
}

/**
 * Read JSON; throw a `JsonFault` where it goes wrong.
 *
 * @param {string} text
 * @returns {JsonNode}
 */
export function readJson(text) {
  let at = 0;

  /**
   * @param {string} key
   * @param {number} [place]
   * @param {object} [values]
   * @returns {never}
   */
  function fail(key, place = at, values = {}) {
    const early = at >= text.length && !["json_quote", "json_twice"].includes(key); // it may go on, and be right
    throw new JsonFault(early ? "json_end" : key, Math.min(place, text.length), values);
  }

  function space() {
    while (" \t\n\r".includes(text[at] || "x")) at += 1;
  }

  function string() {
    const began = at;
    let value = "";
    for (at += 1; text[at] !== '"'; at += 1) {
      if (at >= text.length || text[at] === "\n") fail("json_quote", began);
      if (text[at] < " ") fail("json_control");
      if (text[at] !== "\\") {
        value += text[at];
        continue;
      }
      at += 1;
      const code = text[at] === "u" && /^[0-9a-fA-F]{4}$/.test(text.slice(at + 1, at + 5));
      if (!code && !(text[at] in ESCAPED)) fail("json_escape");
      value += code ? String.fromCharCode(Number.parseInt(text.slice(at + 1, at + 5), 16)) : ESCAPED[text[at]];
      if (code) at += 4;
    }
    at += 1;
    return value;
  }

  /**
   * Read what stands in brackets, with commas between; `item` reads one, and is told those before it.
   *
   * @template Item
   * @param {(before: Item[]) => Item} item
   */
  function inside(item) {
    const close = CLOSING[text[at]];
    /** @type {Item[]} */
    const found = [];
    at += 1;
    space();
    while (text[at] !== close) {
      found.push(item(found));
      space();
      if (text[at] === close) break;
      if (text[at] !== ",") fail("json_comma", at, { close });
      const comma = at;
      at += 1;
      space();
      if (text[at] === close) fail("json_last_comma", comma, { close });
    }
    at += 1;
    return found;
  }

  /**
   * @param {number} depth
   * @param {JsonEntry[]} before
   * @returns {JsonEntry}
   */
  function entry(depth, before) {
    const place = at;
    if (text[at] !== '"') fail("json_name");
    const name = string();
    if (before.some(([other]) => other === name)) fail("json_twice", place, { name });
    space();
    if (text[at] !== ":") fail("json_colon", at, { name });
    at += 1;
    return [name, place, value(depth + 1)];
  }

  /**
   * @param {number} depth
   * @returns {JsonNode}
   */
  function value(depth) {
    space();
    const began = at;
    if (depth > DEEPEST) fail("json_deep");
    if (text[at] === "{") {
      const entries = inside((/** @type {JsonEntry[]} */ before) => entry(depth, before));
      return { kind: "object", entries, at: began, end: at };
    }
    if (text[at] === "[") {
      const items = inside(() => value(depth + 1));
      return { kind: "list", items, at: began, end: at };
    }
    if (text[at] === '"') {
      const said = string();
      return { kind: "string", value: said, at: began, end: at };
    }
    WORD.lastIndex = at;
    const word = WORD.exec(text)?.[0] ?? "";
    const named = ["true", "false", "null"].includes(word);
    if (!named && !NUMBER.test(word)) fail("json_value");
    at += word.length;
    const kind = word === "null" ? "null" : named ? "word" : "number";
    return { kind, value: word, at: began, end: at };
  }

  const whole = value(0);
  space();
  if (at < text.length) fail("json_more");
  return whole;
}

/**
 * Return the line and the column of a place in a text, both counted from 1; the column in characters as they are seen.
 *
 * @param {string} text
 * @param {number} at
 */
export function lineOf(text, at) {
  const lines = text.slice(0, at).split("\n");
  return { line: lines.length, column: [...lines[lines.length - 1]].length + 1 };
}
