import { copyButton } from "./copy_button.js";
import { button, element } from "./elements.js";
import { JsonFault, lineOf } from "./json.js";
import { readRequest } from "./request_fields.js";

/** What stands for a value that is hidden; Python writes the same. */
export const MASK = "•••";

const REST = 300; // ms without a key before what is typed is read

/**
 * Make the editor of a request as JSON, beside the form: what is edited in one appears in the other.
 *
 * Where the JSON cannot be read, the form stays as it is, and the text, too: nothing that is typed is lost. What is
 * hidden does not leave the browser.
 *
 * Return `node()`, which makes the editor; `show(within, preview)`, which shows the request as Python makes it of the
 * form, but not while it is being typed; `sound()`, which returns whether the form has all that stands in the JSON, and
 * shows what it has not; and `end()`.
 *
 * @param {object} options
 * @param {Panel} options.panel
 * @param {() => ChosenCall} options.call - the one on show
 * @param {() => void} options.edited - called at every key
 * @param {(texts: RequestRead["texts"]) => void} options.take - puts what was read into the form
 * @param {() => void} options.look - asks Python for the request again
 */
export function requestEditor({ panel, call, edited, take, look }) {
  const { id, t, root, say } = panel;
  /** @type {Record<string, { text: string, fault: JsonFault }>} */
  const stuck = {}; // JSON that is not in the form, and what is wrong with it, by call
  /** @type {Record<string, number>} */
  let places = {}; // where the fields stand in the text, by their names
  /** @type {Texts} */
  let wrong = {}; // what Python has against fields, by their names
  /** @type {number | null} */
  let waiting = null;

  const key = () => `${id}-edit-${call().name}`;
  /** @type {(within?: HTMLElement) => HTMLTextAreaElement | null} */
  const area = (within = root) => within.querySelector(`#${CSS.escape(key())}`);

  function node() {
    const text = element("textarea", {
      id: key(),
      class: "dpyauth-input dpyauth-mono dpyauth-json",
      rows: 6,
      spellcheck: "false",
      autocomplete: "off",
      autocapitalize: "off",
      dir: "ltr",
      "aria-describedby": `${key()}-help ${key()}-fault`,
      oninput: typed,
      onblur: settle,
    });
    const small = { class: "dpyauth-button dpyauth-small", hidden: true };
    return element(
      "div",
      { class: "dpyauth-line" },
      element("label", { class: "dpyauth-label", for: text.id }, t("as_json")),
      copyButton(panel, t("as_json"), () => area()),
      text,
      element("p", { class: "dpyauth-soft", id: `${text.id}-help` }, t("json_help")),
      element(
        "div",
        { class: "dpyauth-row dpyauth-stuck" },
        element("p", { class: "dpyauth-fault dpyauth-text-bad", id: `${text.id}-fault`, role: "status", dir: "auto" }),
        button(t("json_go"), go, { id: `${text.id}-go`, ...small }),
        button(t("json_reset"), reset, { id: `${text.id}-reset`, ...small }),
      ),
    );
  }

  function fit(/** @type {HTMLTextAreaElement} */ text) {
    text.rows = Math.min(Math.max(text.value.split("\n").length + 1, 6), 18);
  }

  function typed() {
    edited();
    const text = area();
    if (text) fit(text);
    clearTimeout(waiting ?? 0);
    waiting = setTimeout(read, REST);
  }

  function settle() {
    if (!area()) return; // it was redrawn
    if (waiting) read();
    if (!stuck[call().name]) look();
  }

  function read() {
    clearTimeout(waiting ?? 0);
    waiting = null;
    const text = area()?.value ?? "";
    try {
      const found = readRequest(text, call(), MASK);
      delete stuck[call().name];
      places = found.places;
      take(found.texts);
    } catch (fault) {
      if (!(fault instanceof JsonFault)) throw fault;
      stuck[call().name] = { text, fault };
    }
    mark();
  }

  function show(/** @type {HTMLElement} */ within, /** @type {RequestPreview} */ now) {
    const text = area(within);
    const held = stuck[call().name];
    wrong = now.wrong;
    const focused = text && /** @type {Document | ShadowRoot} */ (text.getRootNode()).activeElement === text;
    if (text && !focused) {
      text.value = held ? held.text : now.edit;
      fit(text);
      if (!held) places = readRequest(now.edit, call(), MASK).places;
    }
    mark(within);
  }

  // Says what is wrong with the JSON, or else what Python has against fields in it.
  function mark(within = root) {
    const text = area(within);
    if (!text) return;
    const held = stuck[call().name];
    const said = held ? faultText(held) : wrongTexts(text.value);
    /** @type {(what: string) => HTMLElement | null} */
    const part = (what) => within.querySelector(`#${CSS.escape(`${key()}-${what}`)}`);
    const [fault, toFault, toReset] = ["fault", "go", "reset"].map(part);
    if (fault) fault.textContent = said.join(" ");
    if (toFault) toFault.hidden = !said.length;
    if (toReset) toReset.hidden = !held;
    if (said.length) text.setAttribute("aria-invalid", "true");
    else text.removeAttribute("aria-invalid");
  }

  function faultText(/** @type {{ text: string, fault: JsonFault }} */ { text, fault }) {
    const { line, column } = lineOf(text, fault.at);
    return [t("json_fault", { line, column, text: t(fault.key, fault.values) }), t("json_apart")];
  }

  function wrongTexts(/** @type {string} */ value) {
    const known = Object.entries(wrong).filter(([field]) => field in places);
    return known.map(([field, why]) => t("json_field", { line: lineOf(value, places[field]).line, field, text: why }));
  }

  // Puts the cursor where the JSON goes wrong.
  function go() {
    const at =
      stuck[call().name]?.fault.at ??
      Math.min(...Object.keys(wrong).map((field) => places[field] ?? Number.POSITIVE_INFINITY));
    area()?.setSelectionRange(at, at);
    area()?.focus();
  }

  function reset() {
    delete stuck[call().name];
    area()?.focus(); // the button goes, and the focus must not go with it
    area()?.blur();
    say(t("json_was_reset"));
  }

  function sound() {
    if (waiting) read();
    if (stuck[call().name]) go();
    return !stuck[call().name];
  }

  return { node, show, sound, end: () => clearTimeout(waiting ?? 0) };
}
