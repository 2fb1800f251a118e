// The base of all panels: a place that shows `view`, which Python keeps. What the user does goes to Python as messages.

import { carryOver, findById } from "./carry_over.js";
import { badge, element, present } from "./elements.js";
import { translate } from "./format.js";
import { tellPresence } from "./presence.js";
import { hideStill } from "./still.js";

const WAIT = 4000; // ms without an answer before the panel says that the kernel is busy or gone

/** True on a page that marimo has saved: there is no kernel behind it, so nothing answers. */
export const exported = window.__MARIMO_STATIC__ !== undefined;

/**
 * Show a panel in `el`.
 *
 * `body(view)` returns what to show, and is called again for every `view`; see `carryOver` for what stays.
 * `heard(message, buffers)` gets what Python sends beside the view, `seen(view)` every new view, shown or not, and
 * `reworded()` asks again for what holds words, since the language has changed.
 * `live` is for panels that Python keeps up to date only while they are shown.
 *
 * @template {PanelView} View
 * @param {PanelOptions<View>} options
 * @returns {Panel}
 */
export function mount({ model, el, label, body, heard, seen, reworded, live = true }) {
  const id = `dpyauth-${Math.random().toString(36).slice(2)}`;
  /** @type {Translate} */
  const t = (key, values) => translate(model.get("texts"), key, values);
  const status = element("p", { class: "dpyauth-status", role: "status", "aria-live": "polite" });
  const root = element("section", { class: "dpyauth-panel" }, status);
  /** @type {number | undefined} */
  let waiting;
  let stale = exported; // the kernel that this panel belongs to has gone
  let ended = false;
  let held = false; // a button is being pressed, or a letter composed: redrawing now would lose that
  let late = false; // something new came meanwhile, and is still to be drawn
  let told = ""; // the notice on show
  el.append(element("div", { class: "dpyauth-room" }, root));
  const showStill = hideStill(model, root);

  // Keys typed here are for this panel, not for the notebook's shortcuts; only saving is left to the notebook.
  const keepKey = (/** @type {KeyboardEvent} */ event) => {
    const saves = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s";
    if (!saves) event.stopPropagation();
  };
  for (const type of /** @type {const} */ (["keydown", "keyup", "keypress"])) root.addEventListener(type, keepKey);

  function say(/** @type {string} */ text) {
    status.textContent = text;
  }

  // The kernel has gone: what is shown stays to be read, but nothing can be done any more. A secret that was typed goes.
  function disable() {
    stale = true;
    clearTimeout(waiting);
    endPresence();
    root.dataset.stale = "";
    /** @type {NodeListOf<Field | HTMLButtonElement>} */
    const controls = root.querySelectorAll("button, input, select, textarea");
    for (const each of controls) {
      each.disabled = true;
      if (each.type === "password") each.value = "";
    }
    say(t(exported ? "exported" : "restarted", { back: model.get("view").back }));
  }

  // Returns whether it could be sent. Without `answered`, no answer is expected.
  function send(/** @type {MessageToPython} */ message, answered = true) {
    if (stale) return false;
    try {
      model.send(message);
    } catch {
      disable();
      return false;
    }
    if (answered) {
      clearTimeout(waiting);
      waiting = setTimeout(() => say(t("waiting", { back: model.get("view").back })), WAIT);
    }
    return true;
  }

  function draw() {
    if (ended) return;
    late = false;
    const view = model.get("view");
    const restore = carryOver(root);
    root.dataset.state = view.state;
    for (const [name, value] of Object.entries({ "aria-label": t(label), lang: t("lang"), dir: t("dir") })) {
      root.setAttribute(name, value);
    }
    const shown = present(body(view));
    for (const each of [...root.childNodes]) if (each !== status) each.remove(); // the status stays, to be read out
    status.before(...shown);
    restore();
    if (stale) disable();
  }

  function onAnswer() {
    if (stale) return;
    clearTimeout(waiting);
    say("");
  }

  function onView() {
    onAnswer();
    seen?.(model.get("view"));
    if (held) late = true;
    else draw();
  }

  function onTexts() {
    onView();
    reworded?.();
  }

  function onMessage(/** @type {MessageFromPython} */ message, /** @type {DataView[]} */ buffers) {
    onAnswer();
    heard?.(message, buffers);
  }

  function hold(/** @type {Event} */ event) {
    held ||= event.type === "compositionstart" || /** @type {Element} */ (event.target).closest("button") !== null;
  }

  function release() {
    held = false;
    if (late) setTimeout(() => late && draw()); // the click comes first
  }

  const endPresence = live ? tellPresence(root, () => send({ do: "here" }, false)) : () => {};
  /** @type {[EventTarget, string, (event: Event) => void][]} */
  const listening = [
    [root, "pointerdown", hold],
    [root, "compositionstart", hold],
    [root, "compositionend", release],
    [window, "pointerup", release],
    [window, "pointercancel", release],
  ];
  for (const [target, type, listener] of listening) target.addEventListener(type, listener, true);
  model.on("change:view", onView);
  model.on("change:texts", onTexts);
  model.on("msg:custom", onMessage);
  model.on("comm_live_update", disable);
  queueMicrotask(draw); // by then the caller, whose body needs it, has what is returned here

  function end() {
    ended = true;
    showStill();
    clearTimeout(waiting);
    endPresence();
    for (const [target, type, listener] of listening) target.removeEventListener(type, listener, true);
    model.off("change:view", onView);
    model.off("change:texts", onTexts);
    model.off("msg:custom", onMessage);
    model.off("comm_live_update", disable);
  }

  // The parts that several panels have.

  function header(/** @type {string} */ title, /** @type {PanelView} */ view, /** @type {Child} */ beside = null) {
    return element(
      "header",
      { class: "dpyauth-header" },
      element("strong", { class: "dpyauth-title" }, title),
      view.sandbox ? badge("sandbox", t("sandbox"), { title: t("sandbox_help") }) : beside,
    );
  }

  function notice(/** @type {PanelView} */ view, /** @type {Children[]} */ ...more) {
    const said = JSON.stringify(view.notice ?? "");
    const old = said === told; // it was read out already
    told = said;
    if (!view.notice) return null;
    const { kind, title, text, code } = view.notice;
    return element(
      "div",
      {
        class: `dpyauth-notice dpyauth-${kind}`,
        role: kind === "error" ? "alert" : "status",
        "aria-live": old ? "off" : null,
        dir: "auto",
      },
      element("strong", {}, title),
      element("p", {}, text),
      code ? element("p", { class: "dpyauth-help" }, t("error_code", { code })) : null,
      more,
    );
  }

  // Says that the session is closed, and where to go on.
  const closed = (/** @type {PanelView} */ view) =>
    element("p", { class: "dpyauth-closed", tabindex: "-1" }, view.ended);

  return { id, t, root, send, say, find: (name) => findById(root, name), draw, end, header, notice, closed };
}
