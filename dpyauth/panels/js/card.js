// The account card. The words of its rows come from Python, which writes them into the still, too.

import { accounts, focusQuestions } from "./accounts.js";
import { badge, element } from "./elements.js";
import { mount } from "./panel.js";

function render(/** @type {RenderProps<CardView>} */ { model, el }) {
  let listed = false; // whether Python knows that the other accounts are unfolded
  const panel = mount({ model, el, label: "card", body });
  const { id, t, root, send } = panel;

  /** @type {(view: CardView) => Children} */
  function body(view) {
    root.dataset.kind = view.account?.kind ?? "none";
    if (view.account) return account(view, view.account);
    const out = element("p", { class: "dpyauth-closed", tabindex: "-1" }, t("signed_out_text"));
    return [panel.header(t("card"), view), view.ended ? panel.closed(view) : [panel.notice(view), out]];
  }

  function account(/** @type {CardView} */ view, /** @type {AccountInUse} */ { loginid, currency, kind, api }) {
    const amount = view.balance
      ? element("span", { class: "dpyauth-amount", dir: "ltr" }, view.balance)
      : element("span", { class: "dpyauth-soft" }, view.no_balance || t("balance_unknown"));
    return [
      element(
        "header",
        { class: "dpyauth-header" },
        element(
          "div",
          { class: "dpyauth-who" },
          element("strong", { class: "dpyauth-loginid", dir: "ltr" }, loginid),
          badge(kind, t(kind)),
          badge("api", t("api", { api })),
        ),
        view.sandbox ? badge("sandbox", t("sandbox")) : null,
      ),
      panel.notice(view),
      element(
        "p",
        { class: "dpyauth-balance" },
        element("span", { class: "dpyauth-unseen" }, t("balance")),
        amount,
        element("span", { class: "dpyauth-currency", dir: "auto" }, currency || t("no_currency")),
      ),
      element(
        "p",
        { class: `dpyauth-connection ${view.connection.on ? "dpyauth-on" : "dpyauth-off"}`, dir: "auto" },
        view.connection.text,
      ),
      element("dl", { class: "dpyauth-pairs dpyauth-rows" }, view.rows.map(row)),
      view.footnote ? element("p", { class: "dpyauth-soft dpyauth-anywhere" }, view.footnote) : null,
      view.accounts.length > 1 ? others(view) : null,
    ];
  }

  function row(/** @type {CardRow} */ { name, lights, amounts, lines, link }) {
    const line = (/** @type {string} */ text) => element("li", { dir: "auto" }, linked(text, link));
    return [
      element("dt", {}, name),
      element(
        "dd",
        {},
        lights.length ? element("ul", { class: "dpyauth-lamps" }, lights.map(lamp)) : null,
        amounts.length ? element("ul", { class: "dpyauth-amounts" }, amounts.map(amount)) : null,
        lines.length ? element("ul", { class: "dpyauth-lines" }, lines.map(line)) : null,
      ),
    ];
  }

  // An address at the end of a line, where Python says that it is a link: nothing that Deriv sends becomes one.
  function linked(/** @type {string} */ line, /** @type {string | undefined} */ link) {
    if (!link || !line.endsWith(link)) return line;
    return [
      line.slice(0, -link.length),
      element("a", { href: link, target: "_blank", rel: "noopener noreferrer" }, link),
    ];
  }

  function amount(/** @type {CardRow["amounts"][0]} */ { name, value, tone }) {
    return element(
      "li",
      {},
      element("span", { dir: "auto" }, name),
      " ",
      element("span", { class: `dpyauth-money ${tone ? `dpyauth-money-${tone}` : ""}`, dir: "auto" }, value),
    );
  }

  function lamp(/** @type {Light} */ { tone, symbol, text }) {
    return element(
      "li",
      { class: `dpyauth-lamp dpyauth-lamp-${tone}` },
      symbol ? element("span", { class: "dpyauth-symbol", "aria-hidden": "true" }, symbol) : null,
      element("span", { dir: "auto" }, text),
    );
  }

  function others(/** @type {CardView} */ view) {
    const unfolded = (/** @type {Event} */ event) => {
      const { open } = /** @type {HTMLDetailsElement} */ (event.target);
      if (open && !listed) listed = send({ do: "list" }, false);
    };
    return element(
      "details",
      { class: "dpyauth-details dpyauth-below", id: `${id}-others`, open: Boolean(view.asking), ontoggle: unfolded },
      element("summary", { id: `${id}-switch` }, t("switch", { count: view.accounts.length })),
      accounts(panel, view),
    );
  }

  const endFocus = focusQuestions(model, panel);
  return () => {
    endFocus();
    panel.end();
  };
}

export default { render };
