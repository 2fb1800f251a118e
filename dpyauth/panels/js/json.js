// Reads JSON that is typed, and says where it goes wrong. The browser's own reader tells no place, and makes 12.5 of
// 12.50; here every value keeps its text, and where it stands.

const CLOSING = { "{": "}", "[": "]" };
const ESCAPED = { '"': '"', "\\": "\\", "/": "/", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };
const WORD = /[^\s,:{}[\]"]*/y;
const DEEPEST = 50; // levels

// Returns {kind, at, end} and, by its kind, `value` of a string, `items` of a list, `entries` of an object: [name, at, value].
// Throws {at, key, ...values}: the key of what to say, and what to fill in.
function readJson(text) {
  let at = 0;

  const fail = (key, values = {}) => {
    const early = at >= text.length && !["json_quote", "json_twice"].includes(key);
    throw { at: Math.min(values.at ?? at, text.length), key: early ? "json_end" : key, values };
  };
  const space = () => { while (" \t\n\r".includes(text[at] || "x")) at += 1; };

  function string() {
    const began = at;
    let value = "";
    for (at += 1; text[at] !== '"'; at += 1) {
      if (at >= text.length || text[at] === "\n") fail("json_quote", { at: began });
      if (text[at] < " ") fail("json_control");
      if (text[at] !== "\\") {
        value += text[at];
        continue;
      }
      at += 1;
      const code = text[at] === "u" && /^[0-9a-fA-F]{4}$/.test(text.slice(at + 1, at + 5));
      if (!code && !(text[at] in ESCAPED)) fail("json_escape");
      value += code ? String.fromCharCode(parseInt(text.slice(at + 1, at + 5), 16)) : ESCAPED[text[at]];
      if (code) at += 4;
    }
    at += 1;
    return value;
  }

  // What stands in brackets, each read by `item`, with commas between.
  function inside(item) {
    const close = CLOSING[text[at]];
    const found = [];
    at += 1;
    space();
    while (text[at] !== close) {
      found.push(item(found));
      space();
      if (text[at] === close) break;
      if (text[at] !== ",") fail("json_comma", { close });
      const comma = at;
      at += 1;
      space();
      if (text[at] === close) fail("json_last_comma", { at: comma, close });
    }
    at += 1;
    return found;
  }

  function entry(depth, before) {
    const place = at;
    if (text[at] !== '"') fail("json_name");
    const name = string();
    if (before.some(([other]) => other === name)) fail("json_twice", { at: place, name });
    space();
    if (text[at] !== ":") fail("json_colon", { name });
    at += 1;
    return [name, place, value(depth + 1)];
  }

  function value(depth) {
    space();
    const began = at;
    const made = (kind, more) => ({ kind, at: began, end: at, ...more });
    if (depth > DEEPEST) fail("json_deep");
    if (text[at] === "{") {
      const entries = inside((before) => entry(depth, before));
      return made("object", { entries });
    }
    if (text[at] === "[") {
      const items = inside(() => value(depth + 1));
      return made("list", { items });
    }
    if (text[at] === '"') {
      const said = string();
      return made("string", { value: said });
    }
    WORD.lastIndex = at;
    const [word] = WORD.exec(text);
    if (["true", "false", "null"].includes(word)) {
      at += word.length;
      return made(word === "null" ? "null" : "word", { value: word });
    }
    if (!/^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(word)) fail("json_value");
    at += word.length;
    return made("number", { value: word });
  }

  const whole = value(0);
  space();
  if (at < text.length) fail("json_more");
  return whole;
}

// Line and column of a place in a text, both counted from 1.
function lineOf(text, at) {
  const lines = text.slice(0, at).split("\n");
  return { line: lines.length, column: [...lines.at(-1)].length + 1 };
}

// What a request in JSON says of the fields of a call, as the form has it: {texts, places}, by the fields' names. A
// field that is hidden, and masked in the JSON, has the text null. Throws as `readJson` does, with `field`.
function readRequest(text, call, mask) {
  const fields = new Map(call.fields.map((field) => [field.name, field]));
  const texts = {};
  const places = {};
  const others = [];
  const fail = (key, { at }, field, values = {}) => { throw { at, key, field, values: { field, ...values } }; };

  function plain(field, node) {
    if (field.kind === "json") return text.slice(node.at, node.end);
    if (node.kind === "null" && !field.nullable) fail("json_null", node, field.name);
    if (node.kind === "list" || node.kind === "object") {
      if (!field.kind.endsWith("list") || node.kind === "object") fail("json_single", node, field.name);
      const bad = node.items.find(({ kind, value }) => !["string", "number", "word"].includes(kind) || /[,\n\r]|^\s|\s$|^$/.test(value));
      if (bad) fail("json_item", bad, field.name);
      return node.items.map(({ value }) => value).join(", ");
    }
    if (field.kind === "choice" && !field.choices.some(([choice]) => choice === node.value)) fail("json_choice", node, field.name);
    if (/[\n\r]/.test(node.value)) fail("json_one_line", node, field.name);
    return node.value;
  }

  function walk(prefix, { entries }) {
    for (const [name, at, node] of entries) {
      const path = prefix + name;
      const field = name === "*" ? undefined : fields.get(path);
      places[path] = at;
      if (field) texts[path] = field.sensitive && node.value === mask ? null : plain(field, node);
      else if (call.fields.some((each) => each.name.startsWith(`${path}.`))) {
        if (node.kind !== "object") fail("json_object", node, path);
        walk(`${path}.`, node);
      } else if (path === call.name) {
        if (node.value !== "1") fail("json_call", node, path);
      } else if (fields.has("*") && !prefix && !["subscribe", "req_id", "passthrough"].includes(name)) {
        others.push(text.slice(at, node.end));
      } else fail(path === "subscribe" ? "json_subscribe" : ["req_id", "passthrough"].includes(path) ? "json_ours" : "json_unknown", { at }, path);
    }
  }

  const whole = readJson(text.trim() ? text : "{}");
  if (whole.kind !== "object") fail("json_whole", whole, "");
  walk("", whole);
  if (others.length) texts["*"] = `{${others.join(", ")}}`;
  return { texts, places };
}
