// What the panels of tokens and of apps share. `list(view)` shows what there is to manage,
// and `above()` what there is to see whatever becomes of the session.

function manage({ model, el, list, above, heard }) {
  const panel = mount({ model, el, label: "title", body, heard });
  const { t } = panel;

  function body(view) {
    const parts = {
      out: () => para("signed_out_text"),
      closed: () => panel.closed(view),
      elsewhere: () => elsewhere(view),
      denied: () => denied(view, "denied"),
      list: () => [view.may || !view.loaded ? null : denied(view, "look_only"), view.loaded ? list(view) : busy(view)],
    };
    return [panel.header(t("title"), view), who(view), above?.(), panel.notice(view), parts[view.phase]()].flat(2);
  }

  const para = (key, values) => element("p", { class: "dpyauth-closed" }, t(key, values));

  function who(view) {
    if (!view.account || view.phase === "out" || view.phase === "closed") return null;
    const { loginid, currency, kind, api } = view.account;
    const refresh = button(t("refresh"), () => panel.send({ do: "refresh" }), { class: "dpyauth-button dpyauth-small", id: `${panel.id}-refresh`, disabled: view.busy });
    return element("div", { class: "dpyauth-who dpyauth-manage-who", tabindex: "-1" },
      element("span", { class: "dpyauth-loginid", dir: "ltr" }, loginid),
      element("span", { class: "dpyauth-currency" }, currency || t("no_currency")),
      badge(kind, t(kind)),
      badge("api", t("api", { api })),
      view.phase === "list" ? refresh : null);
  }

  const denied = (view, key) => element("div", { class: "dpyauth-notice dpyauth-info" },
    element("strong", {}, t(`${key}_title`)),
    element("p", {}, t(key)),
    element("p", {}, view.advice));

  const elsewhere = (view) => element("div", { class: "dpyauth-notice dpyauth-info" },
    element("strong", {}, t("elsewhere_title")),
    element("p", {}, t("elsewhere")),
    element("p", {}, element("a", { href: view.page, target: "_blank", rel: "noopener noreferrer" }, t("elsewhere_link"))));

  const busy = (view) => view.busy
    ? element("div", { class: "dpyauth-busy" }, element("span", { class: "dpyauth-spinner", "aria-hidden": "true" }), element("span", {}, t("busy")))
    : para("unread");

  // Something that is done after a second click only.

  let asked = null; // what is being confirmed

  function confirm(what) {
    asked = what;
    panel.draw();
    panel.find(`${panel.id}-no`)?.focus();
  }

  function question(what, texts, yes, act, harm = true) {
    if (asked !== what) return null;
    const no = () => {
      asked = null;
      panel.draw();
      panel.find(`${panel.id}-${what}`)?.focus();
    };
    return element("div", { class: `dpyauth-notice dpyauth-${harm ? "error" : "info"} dpyauth-manage-question`, role: "group", "aria-label": texts[0] },
      texts.map((text, place) => element("p", { class: place ? "" : "dpyauth-strong" }, text)),
      element("div", { class: "dpyauth-row" },
        button(yes, () => {
          asked = null;
          act();
          panel.draw();
        }, { class: `dpyauth-button dpyauth-${harm ? "danger" : "primary"}` }),
        button(t("keep"), no, { id: `${panel.id}-no` })));
  }

  // What was said is about an earlier try.
  function dismiss() {
    const { notice, problems } = model.get("view");
    if (notice || Object.keys(problems).length) panel.send({ do: "dismiss" });
  }

  // While a form's question is open, what it is about stays as it is.
  function settled(form, sure) {
    if (sure) for (const each of form.querySelectorAll("input")) each.disabled = true;
    return form;
  }

  const scopes = (view, row) => row.scopes.map((scope) => badge(row.dangerous.includes(scope) ? "warn" : "scope", view.scopes[scope] ?? scope));

  const small = (text, what, view, properties = {}) =>
    button(text, () => confirm(what), { class: "dpyauth-button dpyauth-small", id: `${panel.id}-${what}`, disabled: view.busy, ...properties });

  // A field with its label, its help, and what is wrong with it.
  function field(view, key, label, input, help) {
    const wrong = view.problems[key];
    input.setAttribute("aria-describedby", `${input.id}-help`);
    if (wrong) input.setAttribute("aria-invalid", "true");
    return element("div", { class: "dpyauth-manage-field" },
      element("label", { class: "dpyauth-label", for: input.id }, label),
      input,
      element("p", { class: "dpyauth-help", id: `${input.id}-help` }, problem(wrong), help));
  }

  const problem = (wrong) => wrong ? element("span", { class: "dpyauth-text-bad dpyauth-manage-problem", role: "alert" }, wrong) : null;

  return Object.assign(panel, { confirm, question, dismiss, settled, problem, scopes, small, field });
}

const input = (id, value, properties = {}) => {
  const made = element("input", { id, class: "dpyauth-input", type: "text", autocomplete: "off", spellcheck: "false", ...properties });
  made.value = value;
  return made;
};

// A name within a sentence, kept apart from it: whatever letters it has, they must not turn the rest round.
const quoted = (name) => `“\u2068${name}\u2069”`;

