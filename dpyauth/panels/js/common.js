// What all panels share: making elements, and a place that shows `view`, which Python keeps. What the user does
// goes to Python as messages.

const WAIT = 4000; // after this many ms without an answer, say that the kernel is busy or gone
const ALIVE = 10000; // every so many ms, tell Python that the panel is shown
const exported = window.__MARIMO_STATIC__ !== undefined; // on a page that marimo has saved: nothing answers there

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
// id, and the place where, are carried over, unless `data-set` says that the body knows better. The focus goes to
// `data-focus`, or else to what has tabindex -1, where what had it is gone; and to `data-grab` wherever in the panel it
// was. `heard(message, buffers)` gets what Python tells beside that, and `seen(view)` every new view, shown or not. `live` is for
// panels that are kept up to date only while they are shown.
function mount({ model, el, label, body, heard, seen, live = true }) {
  const id = `dpyauth-${Math.random().toString(36).slice(2)}`;
  const t = (key, values = {}) => (model.get("texts")[key] ?? key).replace(/{(\w+)}/g, (whole, name) => values[name] ?? whole);
  const status = element("p", { class: "dpyauth-status", role: "status", "aria-live": "polite" });
  const root = element("section", { class: "dpyauth-panel", "aria-label": t(label), lang: t("lang"), dir: t("dir") }, status);
  let waiting = null;
  let stale = exported; // the kernel that this panel belongs to has gone
  let ended = false;
  let held = false; // a button is being pressed, or a letter composed: what is replaced now would lose that
  let late = false; // there is something new to show since
  let told = ""; // the notice on show
  el.append(element("div", { class: "dpyauth-room" }, root));
  const showStill = hideStill(model, root);

  // Keys typed here are for this panel, not for the notebook's shortcuts; only saving is left to the notebook.
  const ours = (event) => !((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s") && event.stopPropagation();
  for (const type of ["keydown", "keyup", "keypress"]) root.addEventListener(type, ours);

  function say(text) {
    status.textContent = text;
  }

  function restarted() {
    stale = true;
    clearTimeout(waiting);
    clearInterval(alive);
    root.dataset.stale = "";
    for (const each of root.querySelectorAll("button, input, select, textarea")) {
      each.disabled = true;
      if (each.type === "password") each.value = "";
    }
    say(t(exported ? "exported" : "restarted", { back: model.get("view").back }));
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
      waiting = setTimeout(() => say(t("waiting", { back: model.get("view").back })), WAIT);
    }
    return true;
  }

  function find(name) {
    return name ? root.querySelector(`#${CSS.escape(name)}`) : null;
  }

  const alike = (one) => [...root.querySelectorAll(one.tagName)].filter((each) => each.textContent === one.textContent);

  function draw() {
    if (ended) return;
    late = false;
    const view = model.get("view");
    const focused = root.getRootNode().activeElement;
    const within = root.contains(focused);
    const place = within && "selectionStart" in focused ? [focused.selectionStart, focused.selectionEnd] : null;
    const nth = within ? alike(focused).indexOf(focused) : -1;
    const before = new Map();
    for (const each of root.querySelectorAll("input[id], select[id], textarea[id], details[id], [data-scroll][id]")) {
      before.set(each.id, { value: each.value, checked: each.checked, open: each.open, top: each.scrollTop });
    }
    root.dataset.state = view.state;
    const shown = [body(view)].flat().filter(Boolean);
    for (const each of [...root.childNodes]) if (each !== status) each.remove(); // that stays, to be read out
    status.before(...shown);
    for (const [name, { value, checked, open, top }] of before) {
      const again = find(name);
      if (!again) continue;
      if (again.dataset.set === undefined) {
        if (again.tagName === "DETAILS") again.open = open;
        else if (again.type === "checkbox" || again.type === "radio") again.checked = checked;
        else if (again.tagName !== "SELECT" || [...again.options].some((option) => option.value === value)) again.value = value;
      }
      if (top) again.scrollTop = top;
    }
    if (within) {
      const fallback = root.querySelector("[data-focus]");
      const again = root.querySelector("[data-grab]") ?? find(focused.id) ?? fallback ?? (focused.id ? null : alike(focused)[nth]);
      (again && !again.disabled ? again : fallback ?? root.querySelector("[tabindex='-1']"))?.focus({ preventScroll: true });
      if (place && again?.setSelectionRange && again.id === focused.id) {
        try {
          again.setSelectionRange(...place);
        } catch {} // not of a text
      }
    }
    if (stale) restarted();
  }

  function answered() {
    if (stale) return;
    clearTimeout(waiting);
    say("");
  }

  function changed() {
    answered();
    seen?.(model.get("view"));
    if (held) late = true;
    else draw();
  }

  function custom(message, buffers) {
    answered();
    heard?.(message, buffers);
  }

  function hold(event) {
    held ||= event.type === "compositionstart" || event.target.closest("button") !== null;
  }

  function release() {
    held = false;
    if (late) setTimeout(() => late && draw()); // the click comes first
  }

  // A panel in a tab behind another one is not looked at.
  const visible = () => document.visibilityState === "visible" && (root.checkVisibility?.() ?? true);
  const here = () => live && visible() && send({ do: "here" }, false);
  const alive = live ? setInterval(here, ALIVE) : null;
  const appearing = new IntersectionObserver(([now]) => now.isIntersecting && here());
  const listening = [
    [document, "visibilitychange", here],
    [root, "pointerdown", hold],
    [root, "compositionstart", hold],
    [root, "compositionend", release],
    [window, "pointerup", release],
    [window, "pointercancel", release],
  ];
  for (const [target, type, listener] of listening) target.addEventListener(type, listener, true);
  if (live) appearing.observe(root);
  model.on("change:view", changed);
  model.on("msg:custom", custom);
  model.on("comm_live_update", restarted);
  queueMicrotask(draw); // when the body has what is returned here

  function end() {
    ended = true;
    showStill();
    clearTimeout(waiting);
    clearInterval(alive);
    appearing.disconnect();
    for (const [target, type, listener] of listening) target.removeEventListener(type, listener, true);
    model.off("change:view", changed);
    model.off("msg:custom", custom);
    model.off("comm_live_update", restarted);
  }

  // The parts that several panels have.

  function header(title, view, beside = null) {
    return element("header", { class: "dpyauth-header" },
      element("strong", { class: "dpyauth-title" }, title),
      view.sandbox ? badge("sandbox", t("sandbox"), { title: t("sandbox_help") }) : beside);
  }

  function notice(view, ...more) {
    const said = JSON.stringify(view.notice ?? "");
    const old = said === told; // it was read out already
    told = said;
    if (!view.notice) return null;
    const error = view.notice.kind === "error";
    return element("div", { class: `dpyauth-notice dpyauth-${view.notice.kind}`, role: error ? "alert" : "status", "aria-live": old ? "off" : null, dir: "auto" },
      element("strong", {}, view.notice.title),
      element("p", {}, view.notice.text),
      more);
  }

  // That the session is closed, and where to go on.
  const closed = (view) => element("p", { class: "dpyauth-closed", tabindex: "-1" }, view.ended);

  return { id, t, root, send, say, find, draw, end, header, notice, closed };
}
