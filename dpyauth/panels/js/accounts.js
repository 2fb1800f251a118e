// The accounts of a sign-in, for the panels that switch between them.

import { badge, button, element } from "./elements.js";

/**
 * Show the accounts, the one in use, and below an account the question about it, if there is one.
 *
 * @param {Panel} panel
 * @param {AccountsView} view
 */
export function accounts(panel, view) {
  const { id, t, send } = panel;
  const using = view.accounts.find((account) => account.current)?.loginid ?? "";

  function question(/** @type {SiblingAccount} */ { loginid, kind }) {
    const sample = kind === "sample";
    const yes = button(t("yes", { loginid }), () => send({ do: "yes", loginid }), {
      class: `dpyauth-button dpyauth-${sample ? "primary" : "danger"}`,
      id: `${id}-yes`,
    });
    const no = button(t("no", { loginid: using }), () => send({ do: "no" }), { id: `${id}-no` });
    return element(
      "div",
      {
        class: `dpyauth-notice dpyauth-asking dpyauth-asking-${kind}`,
        role: "group",
        "aria-labelledby": `${id}-asking`,
      },
      element(
        "strong",
        { id: `${id}-asking`, tabindex: "-1", dir: "auto" },
        t(sample ? "ask_sample" : "ask_real", { loginid }),
      ),
      element("p", {}, t(sample ? "ask_sample_text" : "ask_real_text")),
      element("div", { class: "dpyauth-row" }, yes, no),
    );
  }

  function row(/** @type {SiblingAccount} */ account) {
    const { loginid, kind, status, balance, currency, current } = account;
    const use = element(
      "button",
      {
        class: "dpyauth-sibling",
        type: "button",
        id: `${id}-use-${loginid}`,
        "aria-pressed": String(current),
        disabled: current || view.busy,
        onclick: () => send({ do: "use", loginid }),
      },
      element("span", { class: "dpyauth-strong dpyauth-anywhere", dir: "ltr" }, loginid),
      element("span", {}, badge(kind, t(kind)), status === "inactive" ? [" ", badge("bad", t("inactive"))] : null),
      element(
        "span",
        { class: "dpyauth-money", dir: "ltr" },
        [balance, currency || t("no_currency")].filter(Boolean).join(" "),
      ),
      element("span", { class: "dpyauth-help" }, current ? t("in_use") : t("use")),
    );
    return element("li", {}, use, view.asking === loginid ? question(account) : null);
  }

  return element(
    "div",
    {},
    element("ul", { class: "dpyauth-siblings", "aria-label": t("switcher") }, view.accounts.map(row)),
    view.note ? element("p", { class: "dpyauth-help" }, view.note) : null,
  );
}

/**
 * Give the focus to a question about an account when it comes up, so that it is read out and can be answered.
 *
 * It comes up in every view of the panel, and gets the focus in the one where the user chose the account. To be called
 * after `mount`, whose own listener draws the question first. Return a function that ends it.
 *
 * @template {AccountsView} View
 * @param {WidgetModel<View>} model
 * @param {Panel} panel
 */
export function focusQuestions(model, panel) {
  const { id, root, find } = panel;
  /** @type {string | undefined} */
  let chosen; // id of the button that was pressed last
  root.addEventListener("click", ({ target }) => {
    chosen = /** @type {Element} */ (target).closest("button")?.id;
  });
  const changed = () => {
    const { asking } = model.get("view");
    if (!asking || chosen !== `${id}-use-${asking}`) return;
    chosen = undefined;
    find(`${id}-no`)?.focus();
  };
  model.on("change:view", changed);
  return () => model.off("change:view", changed);
}
