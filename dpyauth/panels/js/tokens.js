// The panel of API tokens.

import { input, manage } from "./admin.js";
import { badge, button, element } from "./elements.js";
import { isolated } from "./format.js";
import { newToken } from "./new_token.js";
import { abilitiesOf, scopeBoxes } from "./scopes.js";

function render(/** @type {RenderProps<TokensView>} */ { model, el }) {
  let open = false; // the form for a new token
  let purpose = "see_trades";
  /** @type {string[]} */
  let own = []; // scopes, where the user chooses them one by one
  const panel = manage({ model, el, list, above: () => made.node(), heard });
  const made = newToken(panel);
  const { t, id } = panel;

  function heard(/** @type {MessageFromPython} */ { asked, made: name, token }) {
    if (asked !== id || typeof token !== "string") return; // or another panel has asked for it
    open = false;
    made.hold(String(name), token);
  }

  /** @type {(view: TokensView) => Children} */
  function list(view) {
    const rows = view.tokens.map((row) => tokenRow(view, row));
    const create = { class: "dpyauth-button dpyauth-primary", id: `${id}-create`, disabled: view.busy };
    return [
      rows.length
        ? element("ul", { class: "dpyauth-list", "aria-label": t("title") }, rows)
        : element("p", { class: "dpyauth-manage-empty" }, t("none")),
      open
        ? form(view)
        : element(
            "div",
            { class: "dpyauth-manage-add" },
            button(t("create"), () => show(true), create),
          ),
    ];
  }

  function tokenRow(/** @type {TokensView} */ view, /** @type {TokenRow} */ row) {
    const what = `revoke-${row.key}`;
    const name = isolated(row.name);
    const revoke = () => panel.send({ do: "revoke", loginid: loginidOf(view), key: row.key });
    const texts = [t("revoke_question", { name }), t("revoke_means"), ...(row.own ? [t("revoke_ends")] : [])];
    return element(
      "li",
      { class: "dpyauth-manage-row" },
      element(
        "div",
        { class: "dpyauth-manage-name" },
        element("span", { class: "dpyauth-strong", dir: "auto" }, row.name),
        row.own ? badge("ok", t("own")) : null,
      ),
      row.revocable
        ? panel.asking(t("revoke"), what, view, t("revoke_named", { name }))
        : element("span", { class: "dpyauth-soft dpyauth-manage-stays" }, t(view.sandbox ? "stays_sample" : "stays")),
      element(
        "div",
        { class: "dpyauth-manage-about" },
        panel.scopes(view, row),
        row.bound ? badge("plain", t("bound")) : null,
        row.own
          ? null
          : element(
              "span",
              { class: "dpyauth-soft" },
              row.last_used ? t("used", { when: row.last_used }) : t("unused"),
            ),
      ),
      panel.dangers(row),
      panel.question(what, texts, t("revoke_yes", { name }), revoke),
    );
  }

  function show(/** @type {boolean} */ yes) {
    open = yes;
    panel.dismiss();
    panel.draw();
    panel.find(yes ? `${id}-name` : `${id}-create`)?.focus();
  }

  const loginidOf = (/** @type {TokensView} */ view) => view.account?.loginid ?? "";
  const chosen = (/** @type {TokensView} */ view) => (purpose === "own" ? own : view.purposes[purpose]);
  const nameField = () => /** @type {HTMLInputElement | null} */ (panel.find(`${id}-name`));

  function form(/** @type {TokensView} */ view) {
    const [loginid, kind] = [loginidOf(view), view.account?.kind];
    const name = input(`${id}-name`, "", { maxlength: 32 });
    const bound = element("input", { id: `${id}-bound`, type: "checkbox" });
    const send = () =>
      panel.send({ do: "create", loginid, name: name.value, scopes: chosen(view), bound: bound.checked, asked: id });
    const submit = (/** @type {SubmitEvent} */ event) => {
      event.preventDefault();
      if (kind !== "demo") panel.confirm("create");
      else send();
    };
    const named = isolated(nameField()?.value ?? "");
    const asks = t(kind === "sample" ? "sample_question" : "real_question", { loginid, name: named });
    const sure = panel.question("create", [asks], t("real_yes", { loginid }), send, false);
    return panel.settled(
      element(
        "form",
        { class: "dpyauth-manage-form", onsubmit: submit, autocomplete: "off", novalidate: true },
        element("h3", { class: "dpyauth-heading" }, t("create_title")),
        panel.field(view, "name", t("name"), name, t("name_help")),
        element(
          "fieldset",
          {},
          element("legend", { class: "dpyauth-label" }, t("purpose")),
          [...Object.keys(view.purposes), "own"].map(choice),
          purpose === "own" ? boxes(view) : null,
          panel.problem(view.problems.scopes),
        ),
        preview(view),
        element(
          "p",
          { class: "dpyauth-tick" },
          bound,
          element("label", { for: `${id}-bound` }, t(view.hosted ? "only_here_hosted" : "only_here")),
        ),
        sure ??
          element(
            "div",
            { class: "dpyauth-row" },
            element(
              "button",
              { class: "dpyauth-button dpyauth-primary", type: "submit", disabled: view.busy },
              t("create_yes"),
            ),
            button(t("cancel"), () => show(false)),
          ),
      ),
      sure,
    );
  }

  function choice(/** @type {string} */ key) {
    const radio = element("input", {
      id: `${id}-for-${key}`,
      type: "radio",
      name: `${id}-purpose`,
      "data-set": true,
      "aria-describedby": `${id}-about-${key}`,
    });
    radio.checked = purpose === key;
    radio.addEventListener("change", () => {
      purpose = key;
      panel.draw();
    });
    return element(
      "div",
      { class: "dpyauth-manage-choice" },
      radio,
      element(
        "div",
        {},
        element("label", { for: radio.id }, t(`for_${key}`)),
        element("p", { class: "dpyauth-soft", id: `${id}-about-${key}` }, t(`for_${key}_help`)),
      ),
    );
  }

  const boxes = (/** @type {TokensView} */ view) =>
    scopeBoxes({
      id,
      labels: view.scopes,
      chosen: () => own,
      choose: (scopes) => {
        own = scopes;
        panel.draw();
      },
      properties: { role: "group", "aria-label": t("scopes") },
    });

  // What a token with these scopes can do, and what it cannot.
  function preview(/** @type {TokensView} */ view) {
    const { can, cannot } = abilitiesOf(view.abilities, chosen(view));
    const item = (/** @type {string} */ ability) => element("li", {}, t(`can_${ability}`));
    const items = (/** @type {string} */ title, /** @type {string} */ looks, /** @type {string[]} */ abilities) =>
      abilities.length
        ? element(
            "div",
            {},
            element("span", { class: "dpyauth-label" }, t(title)),
            element("ul", { class: looks }, abilities.map(item)),
          )
        : null;
    return element(
      "div",
      { class: "dpyauth-tokens-preview", "aria-live": "polite" },
      element(
        "div",
        { class: "dpyauth-tokens-can" },
        items("can", "dpyauth-tokens-yes", can),
        items("cannot", "dpyauth-tokens-no", cannot),
      ),
      panel.warnings(view, chosen(view)),
    );
  }

  return () => {
    made.forget();
    panel.end();
  };
}

export default { render };
