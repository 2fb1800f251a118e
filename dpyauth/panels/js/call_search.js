import { matchingCalls, placeAfter } from "./call_match.js";
import { badge, element } from "./elements.js";

/**
 * Show the calls of an API, to be searched and chosen from, with the mouse or the keyboard.
 *
 * Return `node(view)`; `list(view, within)`, which fills in the calls that match; and `activate(name)`, which moves the
 * arrow keys' place to a call.
 *
 * @param {object} options
 * @param {Panel} options.panel
 * @param {() => ExplorerView} options.view
 * @param {(name: string) => void} options.choose
 */
export function callSearch({ panel, view, choose }) {
  const { id, t, root } = panel;
  let query = "";
  let active = ""; // the call that the arrow keys are at

  function node(/** @type {string} */ api) {
    const field = element("input", {
      id: `${id}-search`,
      class: "dpyauth-input",
      type: "search",
      role: "combobox",
      "aria-expanded": "true",
      "aria-autocomplete": "list",
      "aria-controls": `${id}-calls`,
      "aria-describedby": `${id}-hits`,
      placeholder: t("search_placeholder"),
      autocomplete: "off",
      spellcheck: "false",
      oninput: () => {
        query = field.value;
        active = "";
        list();
      },
      onkeydown: keys,
    });
    field.value = query;
    return element(
      "div",
      { class: "dpyauth-find" },
      element("label", { class: "dpyauth-label", for: field.id }, t("search")),
      field,
      element("p", { class: "dpyauth-soft", id: `${id}-hits`, "aria-live": "polite" }),
      element("ul", {
        class: "dpyauth-calls",
        id: `${id}-calls`,
        role: "listbox",
        "aria-label": t("calls", { api }),
        "data-scroll": true,
      }),
      element("p", { class: "dpyauth-soft" }, t("not_offered")),
    );
  }

  function list(within = root) {
    const { api, calls, call } = view();
    const hits = matchingCalls(calls, query);
    const count = within.querySelector(`#${id}-hits`);
    if (count)
      count.textContent = hits.length ? t("hits", { count: hits.length, all: calls.length, api }) : t("no_hits");
    within.querySelector(`#${id}-calls`)?.replaceChildren(...hits.map((each) => row(each, each.name === call?.name)));
    markActive(within);
  }

  const row = (/** @type {CallSummary} */ call, /** @type {boolean} */ chosen) =>
    element(
      "li",
      {
        id: `${id}-call-${call.name}`,
        role: "option",
        class: "dpyauth-call",
        "data-name": call.name,
        "aria-selected": String(chosen),
        onclick: () => choose(call.name),
      },
      element("span", { class: "dpyauth-call-name" }, call.name, " ", marks(panel, call)),
      element("span", { class: "dpyauth-soft" }, call.summary),
    );

  function keys(/** @type {KeyboardEvent} */ event) {
    /** @type {HTMLElement[]} */
    const options = [...root.querySelectorAll(/** @type {"li"} */ (".dpyauth-call"))];
    const at = options.findIndex((each) => each.dataset.name === active);
    const to = placeAfter(event.key, at, options.length);
    if (event.key === "Enter") {
      event.preventDefault();
      const { name } = options[Math.max(at, 0)]?.dataset ?? {};
      if (name) choose(name);
    } else if (to !== undefined) {
      event.preventDefault();
      active = options[to].dataset.name ?? "";
      markActive(root)?.scrollIntoView({ block: "nearest" });
    }
  }

  // Shows where the arrow keys are; returns the call there.
  function markActive(/** @type {HTMLElement} */ within) {
    /** @type {HTMLElement[]} */
    const options = [...within.querySelectorAll(/** @type {"li"} */ (".dpyauth-call"))];
    for (const each of options) each.classList.toggle("dpyauth-active", each.dataset.name === active);
    const at = active ? within.querySelector(`#${CSS.escape(`${id}-call-${active}`)}`) : null;
    const field = within.querySelector(`#${id}-search`);
    if (at) field?.setAttribute("aria-activedescendant", at.id);
    else field?.removeAttribute("aria-activedescendant");
    return at;
  }

  function activate(/** @type {string} */ name) {
    active = name;
  }

  return { node, list, activate };
}

/**
 * Return the badges of a call: that it changes something, that it can stream, and why it cannot be made now.
 *
 * @param {Panel} panel
 * @param {CallSummary} call
 */
export const marks = ({ t }, { changes, streams, locked }) => [
  changes === "never" ? null : badge("changes", t(changes === "always" ? "mark_changes" : "mark_may_change")),
  streams ? badge("plain", t("mark_streams")) : null,
  locked ? badge("locked", t(`mark_${locked}`)) : null,
];

/**
 * Explain these badges.
 *
 * @param {Panel} panel
 * @param {boolean} signedIn
 */
export function legend({ t }, signedIn) {
  /** @type {[key: string, kind: string][]} */
  const kinds = [
    ["changes", "changes"],
    ["may_change", "changes"],
    ["streams", "plain"],
    [signedIn ? "scope" : "sign_in", "locked"],
  ];
  const item = (/** @type {[key: string, kind: string]} */ [key, kind]) => [
    element("dt", {}, badge(kind, t(`mark_${key}`))),
    element("dd", { class: "dpyauth-soft" }, t(`legend_${key}`)),
  ];
  return element("dl", { class: "dpyauth-pairs dpyauth-legend", "aria-label": t("legend") }, kinds.map(item));
}
