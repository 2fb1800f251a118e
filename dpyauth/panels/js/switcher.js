// The account switcher.

import { accounts, focusQuestions } from "./accounts.js";
import { element } from "./elements.js";
import { mount } from "./panel.js";

function render(/** @type {RenderProps<SwitcherView>} */ { model, el }) {
  const panel = mount({ model, el, label: "switcher", body });
  const { t } = panel;

  /** @type {(view: SwitcherView) => Children} */
  function body(view) {
    const out = () => element("p", { class: "dpyauth-closed", tabindex: "-1" }, t("signed_out_text"));
    const empty = () => (view.ended ? panel.closed(view) : out());
    return [
      panel.header(t("switcher"), view),
      panel.notice(view),
      view.accounts.length ? accounts(panel, view) : empty(),
      view.hint ? element("p", { class: "dpyauth-help" }, view.hint) : null,
    ];
  }

  const endFocus = focusQuestions(model, panel);
  return () => {
    endFocus();
    panel.end();
  };
}

export default { render };
