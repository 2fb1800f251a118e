// The request as JSON, beside the form: what is edited in one appears in the other. Where the JSON cannot be read, the
// form stays as it is, and the text, too: nothing that is typed is lost. What is hidden does not leave the browser.

const MASK = "•••";
const REST = 300; // ms without a key before what is typed is read

// `call()` is the one on show; `edited()` is called at every key; `take(texts)` puts what was read into the form; `look()`
// asks Python for the request anew.
function requestEditor({ panel, call, edited, take, look }) {
  const { id, t, root, say } = panel;
  const stuck = {}; // JSON that is not in the form, and what is wrong with it, by call
  let places = {}; // where the fields stand in the text, by their names
  let wrong = {}; // what Python has against fields, by their names
  let waiting = null;

  const key = () => `${id}-edit-${call().name}`;
  const area = (within = root) => within.querySelector(`#${CSS.escape(key())}`);
  const focused = (each) => each.getRootNode().activeElement === each;

  function node() {
    const text = element("textarea", {
      id: key(), class: "dpyauth-input dpyauth-mono dpyauth-json", rows: 6, spellcheck: "false", autocomplete: "off", autocapitalize: "off", dir: "ltr",
      "aria-describedby": `${key()}-help ${key()}-fault`, oninput: typed, onblur: settle,
    });
    return element("div", { class: "dpyauth-line" },
      element("label", { class: "dpyauth-label", for: text.id }, t("as_json")),
      copyButton(panel, t("as_json"), () => area()),
      text,
      element("p", { class: "dpyauth-soft", id: `${text.id}-help` }, t("json_help")),
      element("div", { class: "dpyauth-row dpyauth-stuck" },
        element("p", { class: "dpyauth-fault dpyauth-text-bad", id: `${text.id}-fault`, role: "status", dir: "auto" }),
        button(t("json_go"), go, { id: `${text.id}-go`, class: "dpyauth-button dpyauth-small", hidden: true }),
        button(t("json_reset"), reset, { id: `${text.id}-reset`, class: "dpyauth-button dpyauth-small", hidden: true })));
  }

  const fit = (text) => { text.rows = Math.min(Math.max(text.value.split("\n").length + 1, 6), 18); };

  function typed() {
    edited();
    fit(area());
    clearTimeout(waiting);
    waiting = setTimeout(read, REST);
  }

  function settle() {
    if (!area()) return; // it was drawn anew
    if (waiting) read();
    if (!stuck[call().name]) look();
  }

  function read() {
    clearTimeout(waiting);
    waiting = null;
    const text = area().value;
    try {
      const found = readRequest(text, call(), MASK);
      delete stuck[call().name];
      places = found.places;
      take(found.texts);
    } catch (fault) {
      if (!fault.key) throw fault;
      stuck[call().name] = { text, fault };
    }
    mark();
  }

  // Shows the request as Python makes it of the form, but not where it is being typed.
  function show(within, now) {
    const text = area(within);
    const held = stuck[call().name];
    wrong = now.wrong;
    if (!focused(text)) {
      text.value = held ? held.text : now.edit;
      fit(text);
      if (!held) places = readRequest(now.edit, call(), MASK).places;
    }
    mark(within);
  }

  function mark(within = root) {
    const text = area(within);
    const held = stuck[call().name];
    const known = Object.entries(wrong).filter(([field]) => field in places);
    const { line, column } = held ? lineOf(held.text, held.fault.at) : {};
    const said = held
      ? [t("json_fault", { line, column, text: t(held.fault.key, held.fault.values) }), t("json_apart")]
      : known.map(([field, why]) => t("json_field", { line: lineOf(text.value, places[field]).line, field, text: why }));
    within.querySelector(`#${CSS.escape(`${key()}-fault`)}`).textContent = said.join(" ");
    within.querySelector(`#${CSS.escape(`${key()}-go`)}`).hidden = !said.length;
    within.querySelector(`#${CSS.escape(`${key()}-reset`)}`).hidden = !held;
    if (said.length) text.setAttribute("aria-invalid", "true");
    else text.removeAttribute("aria-invalid");
  }

  // Puts the cursor where the JSON goes wrong.
  function go() {
    const at = stuck[call().name]?.fault.at ?? Math.min(...Object.keys(wrong).map((field) => places[field] ?? Infinity));
    area().setSelectionRange(at, at);
    area().focus();
  }

  function reset() {
    delete stuck[call().name];
    area().focus(); // the button goes
    area().blur();
    say(t("json_was_reset"));
  }

  // Whether the form has all that stands in the JSON; if not, that is shown.
  function sound() {
    if (waiting) read();
    if (stuck[call().name]) go();
    return !stuck[call().name];
  }

  return { node, show, sound, end: () => clearTimeout(waiting) };
}

// A button that copies what an element holds; where the browser does not let it, the text is selected, to be copied by hand.
function copyButton(panel, label, source, text = (from) => from.value ?? from.textContent) {
  const { t, say } = panel;
  const name = `${t("copy")}: ${label}`;
  const copy = button(t("copy"), async () => {
    const from = source();
    let done = "copied";
    try {
      await navigator.clipboard.writeText(text(from));
    } catch { // not allowed here
      done = "select_it";
      if (from.select) {
        from.focus();
        from.select();
      } else getSelection().selectAllChildren(from);
    }
    copy.textContent = t(done, { keys: navigator.platform.startsWith("Mac") ? "Cmd+C" : "Ctrl+C" });
    say(`${label}: ${copy.textContent}`);
    setTimeout(() => { copy.textContent = t("copy"); say(""); }, 2000);
  }, { class: "dpyauth-button dpyauth-small", "aria-label": name });
  return copy;
}
