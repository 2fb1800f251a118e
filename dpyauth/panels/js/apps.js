// The panel of apps: those the user has registered, and those that may use the user's accounts.

function render({ model, el }) {
  let editing = null; // the app ID of what is being changed; 0: a new one
  let scopes = []; // that are ticked
  let fits = ""; // the address of this notebook server's callback page, where Deriv takes it as a redirect URL
  const panel = manage({ model, el, list, heard });
  const { t, id } = panel;
  callbackPage.then((url) => url && panel.send({ do: "callback", url }, false));

  function heard(message) {
    if (message?.saved) edit(null);
    else if (typeof message?.fits === "string") {
      fits = message.fits;
      panel.draw();
    }
  }

  function list(view) {
    const row = view.registered.find((one) => one.app_id === editing);
    const registered = view.registered.map((one) => app(view, one, "registered"));
    const connected = view.connected.map((one) => app(view, one, "connected"));
    const rows = (items, title, none) => items.length
      ? element("ul", { class: "dpyauth-list", "aria-label": t(title) }, items)
      : element("p", { class: "dpyauth-manage-empty" }, t(none));
    return [
      element("h3", { class: "dpyauth-heading" }, t("registered_heading")),
      rows(registered, "registered_heading", "registered_none"),
      !view.may ? null : editing === 0 || row ? form(view, row) : element("div", { class: "dpyauth-manage-add" },
        button(t("register"), () => open(0), { class: "dpyauth-button dpyauth-primary", id: `${id}-register`, disabled: view.busy })),
      element("div", { class: "dpyauth-below" },
        element("h3", { class: "dpyauth-heading dpyauth-apps-first" }, t("connected_heading")),
        element("p", { class: "dpyauth-help" }, t("connected_help")),
        rows(connected, "connected_heading", "connected_none")),
    ];
  }

  function app(view, row, kind) {
    const own = kind === "registered";
    const what = own ? `delete-${row.app_id}` : `withdraw-${row.app_id}`;
    const [verb, question, means] = own ? ["delete", "delete_question", "delete_means"] : ["withdraw", "withdraw_question", "withdraw_means"];
    const values = { name: quoted(row.name), app_id: row.app_id };
    const change = button(t("change"), () => open(row.app_id), {
      class: "dpyauth-button dpyauth-small", id: `${id}-change-${row.app_id}`, disabled: view.busy, "aria-label": t("change_named", values),
    });
    return element("li", { class: "dpyauth-manage-row" },
      element("div", { class: "dpyauth-manage-name" },
        element("span", { class: "dpyauth-strong", dir: "auto" }, row.name),
        element("span", { class: "dpyauth-soft" }, t("app_id", values)),
        row.own ? badge("ok", t("own")) : null,
        row.official ? badge("plain", t("official")) : null,
        row.active || !own ? null : badge("warn", t("inactive"))),
      view.may ? element("div", { class: "dpyauth-manage-buttons" },
        own ? change : null,
        panel.small(t(verb), what, view, { "aria-label": t(`${verb}_named`, values) })) : null,
      element("div", { class: "dpyauth-manage-about" },
        panel.scopes(view, row),
        own ? null : element("span", { class: "dpyauth-soft" }, row.last_used ? t("used", { when: row.last_used }) : t("unused"))),
      own ? element("p", { class: "dpyauth-manage-about dpyauth-soft", dir: "auto" }, row.redirect_url || t("no_redirect")) : null,
      !own && row.dangerous.length ? element("p", { class: "dpyauth-text-warn" }, row.dangerous.map((scope) => t(`dangerous_${scope}`)).join(" ")) : null,
      panel.question(what, [t(question, values), t(means), ...(row.own ? [t("own_ends")] : [])], t(`${verb}_yes`, values),
        () => panel.send({ do: verb, loginid: view.account.loginid, app_id: row.app_id })));
  }

  function open(number) {
    panel.dismiss();
    edit(number);
  }

  function edit(number) {
    const back = editing ? `${id}-change-${editing}` : `${id}-register`;
    const row = model.get("view").registered.find((one) => one.app_id === number);
    const leaving = editing !== null;
    editing = number;
    scopes = row ? [...row.scopes] : ["read"];
    panel.draw();
    if (number !== null) panel.find(`${id}-name-${number}`)?.focus();
    else if (leaving) panel.find(back)?.focus();
  }

  function form(view, row) {
    const name = input(`${id}-name-${editing}`, row?.name ?? "", { maxlength: 48, dir: "auto" });
    const url = input(`${id}-url-${editing}`, row?.redirect_url ?? "", { inputmode: "url", dir: "ltr" });
    const send = () => panel.send({
      ...(row ? { do: "update", app_id: row.app_id } : { do: "register" }),
      loginid: view.account.loginid, name: name.value, scopes, redirect_url: url.value,
    });
    const changed = row && (row.scopes.length !== scopes.length || !row.scopes.every((scope) => scopes.includes(scope)));
    const submit = (event) => {
      event.preventDefault();
      if (changed) panel.confirm("save");
      else send();
    };
    const sure = panel.question("save", [t("scopes_question"), ...(row?.own ? [t("own_ends")] : [])], t("scopes_yes"), send);
    const use = (address) => button(t("use"), () => {
      url.value = address;
      url.focus();
    }, { class: "dpyauth-button dpyauth-small" });
    const offer = fits || view.paste;
    return panel.settled(element("form", { class: "dpyauth-manage-form", onsubmit: submit, autocomplete: "off", novalidate: true },
      element("h3", { class: "dpyauth-heading" }, row ? t("change_title", { name: quoted(row.name), app_id: row.app_id }) : t("register_title")),
      panel.field(view, "name", t("name"), name, t("name_help")),
      element("fieldset", {},
        element("legend", { class: "dpyauth-label" }, t("scopes")),
        element("div", { class: "dpyauth-manage-ticks" }, Object.entries(view.scopes).map(([scope, label]) => tick(scope, label))),
        panel.problem(view.problems.scopes),
        view.dangerous.filter((scope) => scopes.includes(scope)).map((scope) => element("p", { class: "dpyauth-text-warn" }, t(`warning_${scope}`)))),
      panel.field(view, "redirect_url", t("redirect_url"), url, t("redirect_help")),
      element("div", { class: "dpyauth-apps-offer" },
        element("p", {}, element("span", {}, t(fits ? "redirect_fits" : "redirect_paste")), element("code", { class: "dpyauth-mono", dir: "ltr" }, offer), use(offer)),
        element("p", { class: "dpyauth-soft" }, t(fits ? "redirect_fits_help" : "redirect_paste_help"))),
      sure ?? element("div", { class: "dpyauth-row" },
        element("button", { class: "dpyauth-button dpyauth-primary", type: "submit", disabled: view.busy }, t(row ? "change_yes" : "register_yes")),
        button(t("cancel"), () => open(null)))), sure);
  }

  function tick(scope, label) {
    const box = element("input", { id: `${id}-scope-${scope}`, type: "checkbox", "data-set": true });
    box.checked = scopes.includes(scope);
    box.addEventListener("change", () => {
      scopes = box.checked ? [...scopes, scope] : scopes.filter((one) => one !== scope);
      panel.draw();
    });
    return element("label", {}, box, label);
  }

  return panel.end;
}

export default { render };
