// The panel of apps: those the user has registered, and those that may use the user's accounts.

import { input, manage } from "./admin.js";
import { callbackPage } from "./callback.js";
import { badge, button, element } from "./elements.js";
import { isolated } from "./format.js";
import { sameScopes, scopeBoxes } from "./scopes.js";

function render(/** @type {RenderProps<AppsView>} */ { model, el }) {
  /** @type {number | null} */
  let editing = null; // the app ID of what is being changed; 0: a new one
  /** @type {string[]} */
  let scopes = []; // that are ticked
  let fits = ""; // the address of this notebook server's callback page, where Deriv takes it as a redirect URL
  const panel = manage({ model, el, list, heard });
  const { t, id } = panel;
  callbackPage.then((url) => url && panel.send({ do: "callback", url }, false));

  function heard(/** @type {MessageFromPython} */ message) {
    if (message?.saved) edit(null);
    else if (typeof message?.fits === "string") {
      fits = message.fits;
      panel.draw();
    }
  }

  /** @type {(view: AppsView) => Children} */
  function list(view) {
    const row = view.registered.find((one) => one.app_id === editing);
    const registered = view.registered.map((one) => appRow(view, one, true));
    const connected = view.connected.map((one) => appRow(view, one, false));
    const register = { class: "dpyauth-button dpyauth-primary", id: `${id}-register`, disabled: view.busy };
    return [
      element("h3", { class: "dpyauth-heading" }, t("registered_heading")),
      rows(registered, t("registered_heading"), t("registered_none")),
      !view.may
        ? null
        : editing === 0 || row
          ? form(view, row)
          : element(
              "div",
              { class: "dpyauth-manage-add" },
              button(t("register"), () => open(0), register),
            ),
      element(
        "div",
        { class: "dpyauth-below" },
        element("h3", { class: "dpyauth-heading dpyauth-apps-first" }, t("connected_heading")),
        element("p", { class: "dpyauth-help" }, t("connected_help")),
        rows(connected, t("connected_heading"), t("connected_none")),
      ),
    ];
  }

  const rows = (/** @type {HTMLElement[]} */ items, /** @type {string} */ title, /** @type {string} */ none) =>
    items.length
      ? element("ul", { class: "dpyauth-list", "aria-label": title }, items)
      : element("p", { class: "dpyauth-manage-empty" }, none);

  // An app that the user has registered, or else one that is connected.
  function appRow(/** @type {AppsView} */ view, /** @type {AppRow} */ row, /** @type {boolean} */ registered) {
    /** @type {"delete" | "withdraw"} */
    const verb = registered ? "delete" : "withdraw";
    const what = `${verb}-${row.app_id}`;
    const values = { name: isolated(row.name), app_id: String(row.app_id) };
    const change = button(t("change"), () => open(row.app_id), {
      class: "dpyauth-button dpyauth-small",
      id: `${id}-change-${row.app_id}`,
      disabled: view.busy,
      "aria-label": t("change_named", values),
    });
    const act = () => panel.send({ do: verb, loginid: loginidOf(view), app_id: row.app_id });
    const texts = [t(`${verb}_question`, values), t(`${verb}_means`), ...(row.own ? [t("own_ends")] : [])];
    return element(
      "li",
      { class: "dpyauth-manage-row" },
      element(
        "div",
        { class: "dpyauth-manage-name" },
        element("span", { class: "dpyauth-strong", dir: "auto" }, row.name),
        element("span", { class: "dpyauth-soft" }, t("app_id", values)),
        row.own ? badge("ok", t("own")) : null,
        row.official ? badge("plain", t("official")) : null,
        row.active || !registered ? null : badge("warn", t("inactive")),
      ),
      view.may
        ? element(
            "div",
            { class: "dpyauth-manage-buttons" },
            registered ? change : null,
            panel.asking(t(verb), what, view, t(`${verb}_named`, values)),
          )
        : null,
      element(
        "div",
        { class: "dpyauth-manage-about" },
        panel.scopes(view, row),
        registered
          ? null
          : element(
              "span",
              { class: "dpyauth-soft" },
              row.last_used ? t("used", { when: row.last_used }) : t("unused"),
            ),
      ),
      registered
        ? element(
            "p",
            { class: "dpyauth-manage-about dpyauth-soft", dir: "auto" },
            row.redirect_url || t("no_redirect"),
          )
        : panel.dangers(row),
      panel.question(what, texts, t(`${verb}_yes`, values), act),
    );
  }

  const loginidOf = (/** @type {AppsView} */ view) => view.account?.loginid ?? "";

  function open(/** @type {number | null} */ number) {
    panel.dismiss();
    edit(number);
  }

  function edit(/** @type {number | null} */ number) {
    const back = editing ? `${id}-change-${editing}` : `${id}-register`;
    const row = model.get("view").registered.find((one) => one.app_id === number);
    const leaving = editing !== null;
    editing = number;
    scopes = row ? [...row.scopes] : ["read"];
    panel.draw();
    if (number !== null) panel.find(`${id}-name-${number}`)?.focus();
    else if (leaving) panel.find(back)?.focus();
  }

  function form(/** @type {AppsView} */ view, /** @type {AppRow | undefined} */ row) {
    const name = input(`${id}-name-${editing}`, row?.name ?? "", { maxlength: 48, dir: "auto" });
    const url = input(`${id}-url-${editing}`, row?.redirect_url ?? "", { inputmode: "url", dir: "ltr" });
    const send = () => {
      const entered = { loginid: loginidOf(view), name: name.value, scopes, redirect_url: url.value };
      panel.send(row ? { do: "update", app_id: row.app_id, ...entered } : { do: "register", ...entered });
    };
    const submit = (/** @type {SubmitEvent} */ event) => {
      event.preventDefault();
      if (row && !sameScopes(row.scopes, scopes)) panel.confirm("save");
      else send();
    };
    const sure = panel.question(
      "save",
      [t("scopes_question"), ...(row?.own ? [t("own_ends")] : [])],
      t("scopes_yes"),
      send,
    );
    return panel.settled(
      element(
        "form",
        { class: "dpyauth-manage-form", onsubmit: submit, autocomplete: "off", novalidate: true },
        element(
          "h3",
          { class: "dpyauth-heading" },
          row ? t("change_title", { name: isolated(row.name), app_id: String(row.app_id) }) : t("register_title"),
        ),
        panel.field(view, "name", t("name"), name, t("name_help")),
        element(
          "fieldset",
          {},
          element("legend", { class: "dpyauth-label" }, t("scopes")),
          boxes(view),
          panel.problem(view.problems.scopes),
          panel.warnings(view, scopes),
        ),
        panel.field(view, "redirect_url", t("redirect_url"), url, t("redirect_help")),
        offer(view, url),
        sure ??
          element(
            "div",
            { class: "dpyauth-row" },
            element(
              "button",
              { class: "dpyauth-button dpyauth-primary", type: "submit", disabled: view.busy },
              t(row ? "change_yes" : "register_yes"),
            ),
            button(t("cancel"), () => open(null)),
          ),
      ),
      sure,
    );
  }

  const boxes = (/** @type {AppsView} */ view) =>
    scopeBoxes({
      id,
      labels: view.scopes,
      chosen: () => scopes,
      choose: (ticked) => {
        scopes = ticked;
        panel.draw();
      },
    });

  // A redirect URL that works with this notebook, to be taken with one click.
  function offer(/** @type {AppsView} */ view, /** @type {HTMLInputElement} */ url) {
    const address = fits || view.paste;
    const use = () => {
      url.value = address;
      url.focus();
    };
    return element(
      "div",
      { class: "dpyauth-apps-offer" },
      element(
        "p",
        {},
        element("span", {}, t(fits ? "redirect_fits" : "redirect_paste")),
        element("code", { class: "dpyauth-mono", dir: "ltr" }, address),
        button(t("use"), use, { class: "dpyauth-button dpyauth-small" }),
      ),
      element("p", { class: "dpyauth-soft" }, t(fits ? "redirect_fits_help" : "redirect_paste_help")),
    );
  }

  return panel.end;
}

export default { render };
