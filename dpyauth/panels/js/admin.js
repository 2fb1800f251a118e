// What the panels of tokens and of apps share.

import { badge, button, element } from "./elements.js";
import { mount } from "./panel.js";

/**
 * Show a panel that lists what there is to manage, and changes it after a second click only.
 *
 * `list(view)` shows it, and `above()` what is to be seen whatever becomes of the session. Return the panel, with parts
 * for its lists and forms.
 *
 * @template {AdminView} View
 * @param {RenderProps<View> & Pick<PanelOptions<View>, "heard"> & { list: (view: View) => Children, above?: () => Children }} options
 */
export function manage({ model, el, list, above, heard }) {
  const panel = mount({ model, el, label: "title", body, heard });
  const { id, t, send, find, draw } = panel;
  let asked = ""; // what is being confirmed

  /** @type {(view: View) => Children} */
  function body(view) {
    const phases = {
      out: () => para("signed_out_text"),
      closed: () => panel.closed(view),
      elsewhere: () => elsewhere(view),
      denied: () => denied(view, "denied"),
      list: () => [view.may || !view.loaded ? null : denied(view, "look_only"), view.loaded ? list(view) : busy(view)],
    };
    return [panel.header(t("title"), view), who(view), above?.(), panel.notice(view), phases[view.phase]()];
  }

  const para = (/** @type {string} */ key) => element("p", { class: "dpyauth-closed" }, t(key));

  function who(/** @type {AdminView} */ view) {
    if (!view.account || view.phase === "out" || view.phase === "closed") return null;
    const { loginid, currency, kind, api } = view.account;
    const look = { class: "dpyauth-button dpyauth-small", id: `${id}-refresh`, disabled: view.busy };
    return element(
      "div",
      { class: "dpyauth-who dpyauth-manage-who", tabindex: "-1" },
      element("span", { class: "dpyauth-loginid", dir: "ltr" }, loginid),
      element("span", { class: "dpyauth-currency" }, currency || t("no_currency")),
      badge(kind, t(kind)),
      badge("api", t("api", { api })),
      view.phase === "list" ? button(t("refresh"), () => send({ do: "refresh" }), look) : null,
    );
  }

  const denied = (/** @type {AdminView} */ view, /** @type {string} */ key) =>
    element(
      "div",
      { class: "dpyauth-notice dpyauth-info" },
      element("strong", {}, t(`${key}_title`)),
      element("p", {}, t(key)),
      element("p", {}, view.advice),
    );

  const elsewhere = (/** @type {AdminView} */ view) =>
    element(
      "div",
      { class: "dpyauth-notice dpyauth-info" },
      element("strong", {}, t("elsewhere_title")),
      element("p", {}, t("elsewhere")),
      element(
        "p",
        {},
        element("a", { href: view.page, target: "_blank", rel: "noopener noreferrer" }, t("elsewhere_link")),
      ),
    );

  function busy(/** @type {AdminView} */ view) {
    if (!view.busy) return para("unread");
    const spinner = element("span", { class: "dpyauth-spinner", "aria-hidden": "true" });
    return element("div", { class: "dpyauth-busy" }, spinner, element("span", {}, t("busy")));
  }

  /** @param {string} what */
  function confirm(what) {
    asked = what;
    draw();
    find(`${id}-no`)?.focus();
  }

  // The question, where it is about `what`: its texts, the button that acts, and the one that does not.
  /** @type {(what: string, texts: string[], yes: string, act: () => void, harm?: boolean) => HTMLElement | null} */
  function question(what, texts, yes, act, harm = true) {
    if (asked !== what) return null;
    const doIt = () => {
      asked = "";
      act();
      draw();
    };
    const leave = () => {
      asked = "";
      draw();
      find(`${id}-${what}`)?.focus();
    };
    return element(
      "div",
      {
        class: `dpyauth-notice dpyauth-${harm ? "error" : "info"} dpyauth-manage-question`,
        role: "group",
        "aria-label": texts[0],
      },
      texts.map((text, nth) => element("p", { class: nth ? "" : "dpyauth-strong" }, text)),
      element(
        "div",
        { class: "dpyauth-row" },
        button(yes, doIt, { class: `dpyauth-button dpyauth-${harm ? "danger" : "primary"}` }),
        button(t("keep"), leave, { id: `${id}-no` }),
      ),
    );
  }

  // Takes away what was said: it is about an earlier try.
  function dismiss() {
    const { notice, problems } = model.get("view");
    if (notice || Object.keys(problems).length) send({ do: "dismiss" });
  }

  // While a form's question is open, what it is about stays as it is.
  function settled(/** @type {HTMLFormElement} */ form, /** @type {HTMLElement | null} */ question) {
    if (question) for (const each of form.querySelectorAll("input")) each.disabled = true;
    return form;
  }

  const scopes = (/** @type {AdminView} */ view, /** @type {{ scopes: string[], dangerous: string[] }} */ row) =>
    row.scopes.map((scope) => badge(row.dangerous.includes(scope) ? "warn" : "scope", view.scopes[scope] ?? scope));

  const warnings = (/** @type {AdminView} */ view, /** @type {string[]} */ chosen) =>
    view.dangerous
      .filter((scope) => chosen.includes(scope))
      .map((scope) => element("p", { class: "dpyauth-text-warn" }, t(`warning_${scope}`)));

  const dangers = (/** @type {{ dangerous: string[] }} */ { dangerous }) =>
    dangerous.length
      ? element("p", { class: "dpyauth-text-warn" }, dangerous.map((scope) => t(`dangerous_${scope}`)).join(" "))
      : null;

  // A button that asks about `what` before anything is done.
  /** @type {(text: string, what: string, view: AdminView, label: string) => HTMLButtonElement} */
  const asking = (text, what, view, label) =>
    button(text, () => confirm(what), {
      class: "dpyauth-button dpyauth-small",
      id: `${id}-${what}`,
      disabled: view.busy,
      "aria-label": label,
    });

  // A field with its label, its help, and what is wrong with it.
  /** @type {(view: AdminView, key: string, label: string, input: HTMLInputElement, help: string) => HTMLElement} */
  function field(view, key, label, input, help) {
    const wrong = view.problems[key];
    input.setAttribute("aria-describedby", `${input.id}-help`);
    if (wrong) input.setAttribute("aria-invalid", "true");
    return element(
      "div",
      { class: "dpyauth-manage-field" },
      element("label", { class: "dpyauth-label", for: input.id }, label),
      input,
      element("p", { class: "dpyauth-help", id: `${input.id}-help` }, problem(wrong), help),
    );
  }

  const problem = (/** @type {string | undefined} */ wrong) =>
    wrong ? element("span", { class: "dpyauth-text-bad dpyauth-manage-problem", role: "alert" }, wrong) : null;

  return { ...panel, confirm, question, dismiss, settled, problem, scopes, warnings, dangers, asking, field };
}

/**
 * Make a text field with a value.
 *
 * @param {string} id
 * @param {string} value
 * @param {ElementProperties} [properties]
 */
export function input(id, value, properties = {}) {
  const made = element("input", {
    id,
    class: "dpyauth-input",
    type: "text",
    autocomplete: "off",
    spellcheck: "false",
    ...properties,
  });
  made.value = value;
  return made;
}
