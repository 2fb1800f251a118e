// The sign-in panel: what it shows in each phase.

import { accounts, focusQuestions } from "./accounts.js";
import { badge, button, element } from "./elements.js";
import { listed } from "./format.js";
import { languageChoice } from "./language_choice.js";
import { exported, mount } from "./panel.js";
import { signInFields } from "./sign_in_fields.js";
import { signInForm } from "./sign_in_form.js";
import { signInNotice } from "./sign_in_notice.js";
import { signInWindow } from "./sign_in_window.js";

function render(/** @type {RenderProps<SignInView>} */ { model, el }) {
  const panel = mount({ model, el, label: "title", body, heard: (message) => popup.heard(message), seen, live: false });
  const { id, t, draw } = panel;
  const view = () => model.get("view");
  /** @type {import("./sign_in_fields.js").Typed} */
  const typed = { texts: {} };
  let asking = false; // "use another token" was pressed while signed in
  let latest = view().phase;

  const popup = signInWindow({ send, draw });
  const fields = signInFields({ panel, view, typed, send });
  const { begin } = popup;
  const notice = signInNotice({ panel, entered: fields.entered, begin, send, move: () => ask(view().phase === "in") });
  const form = signInForm({ panel, fields, typed, notice, begin, send });

  function send(/** @type {MessageToPython} */ message) {
    if (!panel.send(message)) popup.shut();
  }

  function seen(/** @type {SignInView} */ { phase, notice, forms }) {
    const before = latest;
    latest = phase;
    // A sign-in that was refused leaves the form open; one that succeeded closes it, and what was typed has served.
    const succeeded = latest === "in" && before === "busy" && notice?.kind !== "error";
    if (latest === "form" || succeeded) asking = false;
    if (succeeded) for (const { api } of forms) delete typed.texts[`app_id-${api}`];
    if (latest !== "browser" && before === "browser") popup.shut();
  }

  /** @type {(view: SignInView) => Children} */
  function body(view) {
    panel.root.dataset.phase = view.phase;
    if (exported && !view.account) return [panel.header(t("title"), view), element("p", {}, t("still_out"))];
    const asks = view.phase === "form" || (view.phase === "in" && asking);
    const title = view.phase === "in" && !asking ? t("title_in") : t("title");
    const host = asks && !view.elsewhere ? null : element("span", { class: "dpyauth-host", dir: "auto" }, view.host);
    panel.root.classList.toggle("dpyauth-roomy", asks);
    const shown = asks ? form.node(view, asking ? () => ask(false) : null) : phase(view);
    return [panel.header(title, view, host), shown, exported ? null : languageChoice(panel, view)];
  }

  function phase(/** @type {SignInView} */ view) {
    if (view.phase === "closed") return panel.closed(view);
    if (view.phase === "busy") return busy(view);
    if (view.phase === "browser") return view.held.length ? vouch(view) : browser(view);
    return view.account ? account(view, view.account) : null;
  }

  // What came back may be another's account: the user has to say that it is the right one.
  function vouch(/** @type {SignInView} */ view) {
    return element(
      "div",
      { class: "dpyauth-form" },
      element(
        "p",
        { class: "dpyauth-wait", role: "status", tabindex: "-1" },
        t("vouch", { loginids: listed(view.held, t("lang"), "and") }),
      ),
      element(
        "div",
        { class: "dpyauth-row" },
        button(t("vouch_yes"), () => send({ do: "confirm" }), { class: "dpyauth-button dpyauth-primary" }),
        button(t("vouch_no"), () => send({ do: "cancel" })),
      ),
    );
  }

  function browser(/** @type {SignInView} */ view) {
    const alone = popup.alone() || view.listening;
    const link = popup.link();
    const waits = t(link ? "blocked" : alone ? "window_alone" : "window");
    const open = element("a", { href: link, target: "_blank", rel: "noopener noreferrer" }, t("open_page"));
    const address = fields.secret("address");
    return fields.sentOnce(
      address,
      (address) => ({ do: "pasted", address }),
      notice(view),
      element("p", { class: "dpyauth-wait", role: "status", tabindex: "-1" }, waits),
      link ? element("p", { class: "dpyauth-link" }, open) : null,
      fields.label("address", t(alone ? "address_alone" : "address")),
      address,
      fields.help("address", t("address_help")),
      element("div", { class: "dpyauth-row" }, fields.submit(t("use_address")), fields.cancel()),
    );
  }

  function busy(/** @type {SignInView} */ view) {
    return element(
      "div",
      { class: "dpyauth-busy", role: "status", tabindex: "-1" },
      element("span", { class: "dpyauth-spinner", "aria-hidden": "true" }),
      element("span", {}, t(view.sandbox ? "under_way_sandbox" : "under_way")),
      fields.cancel(),
    );
  }

  function account(
    /** @type {SignInView} */ view,
    /** @type {AccountInUse} */ { loginid, currency, kind, source, api },
  ) {
    const connected = view.state === "signed in";
    return element(
      "div",
      { class: "dpyauth-account" },
      notice(view),
      element(
        "div",
        { class: "dpyauth-who", tabindex: "-1" },
        element("span", { class: "dpyauth-loginid", dir: "ltr" }, loginid),
        element("span", { class: "dpyauth-currency" }, currency || t("no_currency")),
        badge(kind, t(kind)),
        badge("api", t("api", { api }), { title: t("api_help") }),
        element(
          "span",
          { class: `dpyauth-connection ${connected ? "dpyauth-on" : "dpyauth-off"}` },
          t(connected ? "connected" : "reconnecting"),
        ),
      ),
      element(
        "div",
        { class: "dpyauth-scopes" },
        element("span", { class: "dpyauth-label" }, t("scopes")),
        view.scopes.map(({ text }) => badge("scope", text)),
      ),
      source ? element("p", { class: "dpyauth-help", dir: "auto" }, t("source", { source })) : null,
      view.accounts.length ? accounts(panel, view) : null,
      exported
        ? null
        : element(
            "div",
            { class: "dpyauth-row" },
            button(t("another"), () => ask(true)),
            button(t("sign_out"), () => send({ do: "sign-out" })),
          ),
    );
  }

  function ask(/** @type {boolean} */ yes) {
    asking = yes;
    if (view().notice) send({ do: "dismiss" }); // what was said is about an earlier try
    draw();
    panel.find(`${id}-${form.firstField(view())}`)?.focus();
  }

  const endFocus = focusQuestions(model, panel);
  return () => {
    endFocus();
    popup.end();
    panel.end();
  };
}

export default { render };
