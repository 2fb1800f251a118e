// The panel of API tokens. A new token comes once, as a message; it is in its field and in `made`, and nowhere else,
// until the user is done with it.

function render({ model, el }) {
  let open = false; // the form for a new token
  let purpose = "see_trades";
  let own = []; // scopes, where the user chooses them one by one
  let made = null; // the new token, and its name
  let visible = false; // the new token can be read
  const panel = manage({ model, el, list, above: () => made && once(), heard });
  const { t, id } = panel;

  function heard(message) {
    if (message?.asked !== id || typeof message.token !== "string") return; // or another panel has asked for it
    made = { name: message.made, token: message.token };
    visible = open = false;
    panel.draw();
    panel.root.querySelector(".dpyauth-tokens-once")?.focus();
  }

  function list(view) {
    const rows = view.tokens.map((row) => token(view, row));
    return [
      rows.length ? element("ul", { class: "dpyauth-list", "aria-label": t("title") }, rows) : element("p", { class: "dpyauth-manage-empty" }, t("none")),
      open ? form(view) : element("div", { class: "dpyauth-manage-add" },
        button(t("create"), () => show(true), { class: "dpyauth-button dpyauth-primary", id: `${id}-create`, disabled: view.busy })),
    ];
  }

  function token(view, row) {
    const what = `revoke-${row.key}`;
    const used = row.own ? null : element("span", { class: "dpyauth-soft" }, row.last_used ? t("used", { when: row.last_used }) : t("unused"));
    return element("li", { class: "dpyauth-manage-row" },
      element("div", { class: "dpyauth-manage-name" },
        element("span", { class: "dpyauth-strong", dir: "auto" }, row.name),
        row.own ? badge("ok", t("own")) : null),
      row.revocable
        ? panel.small(t("revoke"), what, view, { "aria-label": t("revoke_named", { name: quoted(row.name) }) })
        : element("span", { class: "dpyauth-soft dpyauth-manage-stays" }, t(view.sandbox ? "stays_sample" : "stays")),
      element("div", { class: "dpyauth-manage-about" },
        panel.scopes(view, row),
        row.bound ? badge("plain", t("bound")) : null,
        used),
      row.dangerous.length ? element("p", { class: "dpyauth-text-warn" }, row.dangerous.map((scope) => t(`dangerous_${scope}`)).join(" ")) : null,
      panel.question(what,
        [t("revoke_question", { name: quoted(row.name) }), t("revoke_means"), ...(row.own ? [t("revoke_ends")] : [])],
        t("revoke_yes", { name: quoted(row.name) }),
        () => panel.send({ do: "revoke", loginid: view.account.loginid, key: row.key })));
  }

  function show(yes) {
    open = yes;
    panel.dismiss();
    panel.draw();
    panel.find(yes ? `${id}-name` : `${id}-create`)?.focus();
  }

  const chosen = (view) => (purpose === "own" ? own : view.purposes[purpose]);

  function form(view) {
    const name = input(`${id}-name`, "", { maxlength: 32 });
    const bound = element("input", { id: `${id}-bound`, type: "checkbox" });
    const send = () => panel.send({ do: "create", loginid: view.account.loginid, name: name.value, scopes: chosen(view), bound: bound.checked, asked: id });
    const submit = (event) => {
      event.preventDefault();
      if (view.account.kind !== "demo") panel.confirm("create");
      else send();
    };
    const sure = panel.question("create",
      [t(view.account.kind === "sample" ? "sample_question" : "real_question", { loginid: view.account.loginid, name: quoted(panel.find(`${id}-name`)?.value ?? "") })],
      t("real_yes", { loginid: view.account.loginid }), send, false);
    return panel.settled(element("form", { class: "dpyauth-manage-form", onsubmit: submit, autocomplete: "off", novalidate: true },
      element("h3", { class: "dpyauth-heading" }, t("create_title")),
      panel.field(view, "name", t("name"), name, t("name_help")),
      element("fieldset", {},
        element("legend", { class: "dpyauth-label" }, t("purpose")),
        [...Object.keys(view.purposes), "own"].map(choice),
        purpose === "own" ? ticks(view) : null,
        panel.problem(view.problems.scopes)),
      preview(view),
      element("p", { class: "dpyauth-tick" }, bound, element("label", { for: `${id}-bound` }, t(view.hosted ? "only_here_hosted" : "only_here"))),
      sure ?? element("div", { class: "dpyauth-row" },
        element("button", { class: "dpyauth-button dpyauth-primary", type: "submit", disabled: view.busy }, t("create_yes")),
        button(t("cancel"), () => show(false)))), sure);
  }

  function choice(key) {
    const radio = element("input", { id: `${id}-for-${key}`, type: "radio", name: `${id}-purpose`, "data-set": true, "aria-describedby": `${id}-about-${key}` });
    radio.checked = purpose === key;
    radio.addEventListener("change", () => {
      purpose = key;
      panel.draw();
    });
    return element("div", { class: "dpyauth-manage-choice" }, radio,
      element("div", {},
        element("label", { for: radio.id }, t(`for_${key}`)),
        element("p", { class: "dpyauth-soft", id: `${id}-about-${key}` }, t(`for_${key}_help`))));
  }

  function ticks(view) {
    return element("div", { class: "dpyauth-manage-ticks", role: "group", "aria-label": t("scopes") },
      Object.entries(view.scopes).map(([scope, label]) => {
        const tick = element("input", { id: `${id}-scope-${scope}`, type: "checkbox", "data-set": true });
        tick.checked = own.includes(scope);
        tick.addEventListener("change", () => {
          own = tick.checked ? [...own, scope] : own.filter((one) => one !== scope);
          panel.draw();
        });
        return element("label", {}, tick, label);
      }));
  }

  // What a token with these scopes can do, and what it cannot.
  function preview(view) {
    const scopes = chosen(view);
    const [can, cannot] = [true, false].map((yes) =>
      Object.entries(view.abilities).filter(([, enough]) => enough.some((scope) => scopes.includes(scope)) === yes).map(([ability]) => t(`can_${ability}`)));
    const items = (title, class_, texts) => texts.length
      ? element("div", {}, element("span", { class: "dpyauth-label" }, t(title)), element("ul", { class: class_ }, texts.map((text) => element("li", {}, text))))
      : null;
    return element("div", { class: "dpyauth-tokens-preview", "aria-live": "polite" },
      element("div", { class: "dpyauth-tokens-can" }, items("can", "dpyauth-tokens-yes", can), items("cannot", "dpyauth-tokens-no", cannot)),
      view.dangerous.filter((scope) => scopes.includes(scope)).map((scope) => element("p", { class: "dpyauth-text-warn" }, t(`warning_${scope}`))));
  }

  // The new token, shown once. These parts need no kernel.
  function once() {
    const secret = element("input", {
      id: `${id}-new`, class: "dpyauth-input dpyauth-mono", type: visible ? "text" : "password", dir: "ltr", readonly: true, autocomplete: "off",
      spellcheck: "false", "data-1p-ignore": true, "data-lpignore": "true", "data-set": true, "data-local": true,
    });
    secret.value = made.token;
    const toggle = button(t(visible ? "hide" : "show"), () => {
      visible = !visible;
      panel.draw();
    }, { id: `${id}-show`, "aria-pressed": String(visible), "data-local": true });
    const done = button(t("done"), () => {
      secret.value = "";
      made = null;
      panel.say("");
      panel.draw();
      panel.find(`${id}-create`)?.focus();
    }, { "data-local": true });
    return element("div", { class: "dpyauth-notice dpyauth-info dpyauth-tokens-once", tabindex: "-1", role: "group", "aria-labelledby": `${id}-once`, "data-focus": true },
      element("strong", { id: `${id}-once` }, t("made_title", { name: quoted(made.name) })),
      element("p", {}, t("made")),
      element("label", { class: "dpyauth-label", for: `${id}-new` }, t("token")),
      element("div", { class: "dpyauth-row" }, secret, toggle,
        button(t("copy"), () => copy(secret), { class: "dpyauth-button dpyauth-primary", "data-local": true })),
      element("p", { class: "dpyauth-help" }, t("made_help")),
      element("div", { class: "dpyauth-row" }, done));
  }

  async function copy(secret) {
    let copied = true;
    try {
      await navigator.clipboard.writeText(secret.value);
    } catch { // not allowed, or not over plain http: the old way, which needs it to be readable
      const before = secret.type;
      secret.type = "text";
      secret.select();
      copied = document.execCommand("copy");
      if (copied) secret.type = before;
      else {
        visible = true; // selected, to be copied by hand
        panel.draw();
      }
    }
    panel.say(t(copied ? "copied" : "not_copied"));
  }

  return () => {
    made = null;
    panel.end();
  };
}

export default { render };
