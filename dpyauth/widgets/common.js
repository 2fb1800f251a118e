// What all panels share: making elements, and a place that shows `view`, which Python keeps. What the reader does
// goes to Python as messages.

const WAIT = 4000; // after this many ms without an answer, say that the kernel is busy or gone
const ALIVE = 10000; // every so many ms, tell Python that somebody looks

function element(tag, properties = {}, ...children) {
  const { class: classes, ...rest } = properties;
  const made = document.createElement(tag);
  if (classes) made.className = classes;
  for (const [name, value] of Object.entries(rest)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== undefined && value !== null) made.setAttribute(name, value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return made;
}

const button = (text, onclick, properties = {}) =>
  element("button", { class: "dpyauth-button", type: "button", onclick, ...properties }, text);

const badge = (kind, text, properties = {}) => element("span", { class: `dpyauth-badge dpyauth-${kind}`, ...properties }, text);

// A panel in `el`. `body(view)` returns what to show, anew for every `view`: what is being typed into elements with an
// id, and the place where, are carried over. `heard(message)` gets what Python tells beside that.
function mount({ model, el, label, body, heard }) {
  const id = `dpyauth-${Math.random().toString(36).slice(2)}`;
  const t = (key, values = {}) => (model.get("texts")[key] ?? key).replace(/{(\w+)}/g, (whole, name) => values[name] ?? whole);
  const root = element("section", { class: "dpyauth-panel", "aria-label": t(label) });
  const status = element("p", { class: "dpyauth-status", role: "status", "aria-live": "polite", hidden: true });
  let waiting = null;
  let stale = false; // the kernel that this panel belongs to has gone
  el.append(root);

  // Keys typed here are for this panel, not for the notebook's shortcuts; only saving is left to the notebook.
  const ours = (event) => !((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s") && event.stopPropagation();
  for (const type of ["keydown", "keyup", "keypress"]) root.addEventListener(type, ours);

  function say(text) {
    status.textContent = text;
    status.hidden = !text;
  }

  function restarted() {
    stale = true;
    clearTimeout(waiting);
    clearInterval(alive);
    root.dataset.stale = "";
    for (const each of root.querySelectorAll("button, input, select, textarea")) each.disabled = true;
    say(t("restarted"));
  }

  // Returns whether it could be sent.
  function send(message, answered = true) {
    if (stale) return false;
    try {
      model.send(message);
    } catch {
      restarted();
      return false;
    }
    if (answered) {
      clearTimeout(waiting);
      waiting = setTimeout(() => say(t("waiting")), WAIT);
    }
    return true;
  }

  function find(name) {
    return name ? root.querySelector(`#${CSS.escape(name)}`) : null;
  }

  function draw() {
    const view = model.get("view");
    const focused = root.getRootNode().activeElement;
    const within = root.contains(focused);
    const place = within && "selectionStart" in focused ? [focused.selectionStart, focused.selectionEnd] : null;
    const before = new Map();
    for (const each of root.querySelectorAll("input[id], select[id], textarea[id], details[id], [data-scroll][id]")) {
      before.set(each.id, { value: each.value, checked: each.checked, open: each.open, top: each.scrollTop });
    }
    root.dataset.state = view.state;
    root.replaceChildren(...[body(view), status].flat().filter(Boolean));
    for (const [name, { value, checked, open, top }] of before) {
      const again = find(name);
      if (!again) continue;
      if (again.tagName === "DETAILS") again.open = open;
      else if (again.type === "checkbox" || again.type === "radio") again.checked = checked;
      else if (value !== undefined && again.dataset.set === undefined) again.value = value;
      if (top) again.scrollTop = top;
    }
    if (within) {
      const again = find(focused.id) ?? root.querySelector("[tabindex='-1']");
      again?.focus({ preventScroll: true });
      if (place?.[0] !== null && again?.setSelectionRange && again.id === focused.id) {
        try {
          again.setSelectionRange(...place);
        } catch {} // not of a text
      }
    }
    if (stale) restarted();
  }

  function answered() {
    clearTimeout(waiting);
    say("");
  }

  function changed() {
    answered();
    draw();
  }

  function told(message) {
    answered();
    heard?.(message);
  }

  const here = () => document.visibilityState === "visible" && send({ do: "here" }, false);
  const alive = setInterval(here, ALIVE);
  model.on("change:view", changed);
  model.on("msg:custom", told);
  model.on("comm_live_update", restarted);
  document.addEventListener("visibilitychange", here);
  draw();
  here();

  function end() {
    clearTimeout(waiting);
    clearInterval(alive);
    model.off("change:view", changed);
    model.off("msg:custom", told);
    model.off("comm_live_update", restarted);
    document.removeEventListener("visibilitychange", here);
  }

  // The parts that several panels have.

  function header(title, view) {
    return element("header", { class: "dpyauth-header" },
      element("strong", { class: "dpyauth-title" }, title),
      view.sandbox ? badge("sandbox", t("sandbox")) : null);
  }

  function notice(view) {
    if (!view.notice) return null;
    return element("div", { class: `dpyauth-notice dpyauth-${view.notice.kind}`, role: view.notice.kind === "error" ? "alert" : "status" },
      element("strong", {}, view.notice.title),
      element("p", {}, view.notice.text));
  }

  return { id, t, root, send, say, find, draw, end, header, notice };
}

