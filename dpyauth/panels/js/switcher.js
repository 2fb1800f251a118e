// The account switcher.

function render({ model, el }) {
  let asked = "";
  const panel = mount({ model, el, label: "switcher", body });
  const { t } = panel;

  function body(view) {
    const empty = () => (view.ended ? panel.closed(view) : element("p", { class: "dpyauth-closed", tabindex: "-1" }, t("signed_out_text")));
    return [
      panel.header(t("switcher"), view),
      panel.notice(view),
      view.accounts.length ? accounts(panel, view) : empty(),
      view.hint ? element("p", { class: "dpyauth-help" }, view.hint) : null,
    ];
  }

  const changed = () => (asked = answering(panel, model.get("view"), asked));
  model.on("change:view", changed);
  return () => {
    model.off("change:view", changed);
    panel.end();
  };
}

export default { render };
