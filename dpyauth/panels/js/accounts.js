// The accounts of a sign-in, for the panels that switch between them.

function accounts(panel, view) {
  const { id, t, send } = panel;
  const using = view.accounts.find((account) => account.current)?.loginid ?? "";

  function question({ loginid, kind }) {
    const sample = kind === "sample";
    const answer = (text, message, properties) => button(t(text, { loginid: text === "yes" ? loginid : using }), () => send(message), properties);
    return element("div", { class: `dpyauth-notice dpyauth-asking dpyauth-asking-${kind}`, role: "group", "aria-labelledby": `${id}-asking` },
      element("strong", { id: `${id}-asking`, tabindex: "-1", dir: "auto" }, t(sample ? "ask_sample" : "ask_real", { loginid })),
      element("p", {}, t(sample ? "ask_sample_text" : "ask_real_text")),
      element("div", { class: "dpyauth-row" },
        answer("yes", { do: "yes", loginid }, { class: `dpyauth-button dpyauth-${sample ? "primary" : "danger"}`, id: `${id}-yes` }),
        answer("no", { do: "no" }, { id: `${id}-no` })));
  }

  const row = (account) =>
    element("li", {},
      element("button", {
        class: "dpyauth-sibling", type: "button", id: `${id}-use-${account.loginid}`, "aria-pressed": String(account.current),
        disabled: account.current || view.busy, onclick: () => send({ do: "use", loginid: account.loginid }),
      },
        element("span", { class: "dpyauth-strong dpyauth-anywhere", dir: "ltr" }, account.loginid),
        element("span", {},
          badge(account.kind, t(account.kind)),
          account.status === "inactive" ? [" ", badge("bad", t("inactive"))] : null),
        element("span", { class: "dpyauth-money", dir: "ltr" }, [account.balance, account.currency || t("no_currency")].filter(Boolean).join(" ")),
        element("span", { class: "dpyauth-help" }, account.current ? t("in_use") : t("use"))),
      view.asking === account.loginid ? question(account) : null);

  return element("div", {},
    element("ul", { class: "dpyauth-siblings", "aria-label": t("switcher") }, view.accounts.map(row)),
    view.note ? element("p", { class: "dpyauth-help" }, view.note) : null);
}

// To be called after a change: a question that has come up gets the focus, so that it is read and can be answered.
function answering(panel, view, asked) {
  if (view.asking && view.asking !== asked) panel.find(`${panel.id}-no`)?.focus();
  return view.asking;
}
