import { JsonFault, readJson } from "./json.js";

const OURS = ["req_id", "passthrough"]; // fields that dpyauth sets itself

/**
 * Read what a request in JSON says of the fields of a call, as the form has it.
 *
 * Return `texts` and `places`, by the fields' names. A field that is hidden, and masked in the JSON, has the text null.
 * Throw a `JsonFault` for what is not JSON, and for what the form cannot hold.
 *
 * @param {string} text
 * @param {{ name: string, fields: CallField[] }} call
 * @param {string} mask
 * @returns {RequestRead}
 */
export function readRequest(text, call, mask) {
  const fields = new Map(call.fields.map((field) => [field.name, field]));
  /** @type {RequestRead} */
  const { texts, places } = { texts: {}, places: {} };
  /** @type {string[]} */
  const others = []; // "name": value, of an object that takes any

  /**
   * @param {string} path
   * @param {string} name
   * @param {number} at
   * @param {JsonNode} node
   */
  function take(path, name, at, node) {
    const top = path === name;
    const field = name === "*" ? undefined : fields.get(path);
    if (field) {
      const masked = field.sensitive && "value" in node && node.value === mask;
      texts[path] = masked ? null : textOf(field, node, text);
    } else if (call.fields.some((each) => each.name.startsWith(`${path}.`))) {
      if (node.kind !== "object") throw fault("json_object", node, path);
      walk(`${path}.`, node);
    } else if (path === call.name) {
      if (!("value" in node) || node.value !== "1") throw fault("json_call", node, path);
    } else if (fields.has("*") && top && ![...OURS, "subscribe"].includes(name)) {
      others.push(text.slice(at, node.end));
    } else {
      const key = path === "subscribe" ? "json_subscribe" : OURS.includes(path) ? "json_ours" : "json_unknown";
      throw fault(key, { at }, path);
    }
  }

  /**
   * @param {string} prefix
   * @param {JsonObject} object
   */
  function walk(prefix, { entries }) {
    for (const [name, at, node] of entries) {
      places[prefix + name] = at;
      take(prefix + name, name, at, node);
    }
  }

  const whole = readJson(text.trim() ? text : "{}");
  if (whole.kind !== "object") throw fault("json_whole", whole, "");
  walk("", whole);
  if (others.length) texts["*"] = `{${others.join(", ")}}`;
  return { texts, places };
}

/**
 * @param {string} key
 * @param {{ at: number }} node
 * @param {string} field
 */
const fault = (key, { at }, field) => new JsonFault(key, at, { field });

/**
 * Return the text of a field in the form.
 *
 * @param {CallField} field
 * @param {JsonNode} node
 * @param {string} text - of the whole request
 */
function textOf(field, node, text) {
  if (field.kind === "json") return text.slice(node.at, node.end);
  if (node.kind === "null" && !field.nullable) throw fault("json_null", node, field.name);
  if (node.kind === "object") throw fault("json_single", node, field.name);
  if (node.kind === "list") {
    if (!field.kind.endsWith("list")) throw fault("json_single", node, field.name);
    return node.items.map((item) => itemText(field, item)).join(", ");
  }
  if (field.kind === "choice" && !field.choices.some(([choice]) => choice === node.value)) {
    throw fault("json_choice", node, field.name);
  }
  if (/[\n\r]/.test(node.value)) throw fault("json_one_line", node, field.name);
  return node.value;
}

/**
 * Return the text of an item of a list. The form separates items by commas: an item must not hold one.
 *
 * @param {CallField} field
 * @param {JsonNode} item
 */
function itemText(field, item) {
  const plain = item.kind === "string" || item.kind === "number" || item.kind === "word";
  if (!plain || /[,\n\r]|^\s|\s$|^$/.test(item.value)) throw fault("json_item", item, field.name);
  return item.value;
}
