import { callbackPage } from "./callback.js";
import { button, element } from "./elements.js";
import { away } from "./sign_in_notice.js";

/**
 * Make the form of the sign-in panel: for each API, with a token or with the browser.
 *
 * Return `node(view, keepPresent)`, with a button that keeps the present sign-in where there is one; and
 * `firstField(view)`, where to begin.
 *
 * @param {object} options
 * @param {Panel} options.panel
 * @param {ReturnType<typeof import("./sign_in_fields.js").signInFields>} options.fields
 * @param {import("./sign_in_fields.js").Typed} options.typed
 * @param {(view: SignInView) => Child} options.notice
 * @param {(entries: SignInEntries) => void} options.begin
 * @param {(message: MessageToPython) => void} options.send
 */
export function signInForm({ panel, fields, typed, notice, begin, send }) {
  const { id, t } = panel;
  const { appIdOf, entered, label, help, plain } = fields;
  let marked = ""; // the latest notice beside a field
  let spoken = ""; // its language

  function node(/** @type {SignInView} */ view, /** @type {(() => void) | null} */ keepPresent) {
    const [first, ...others] = view.forms;
    const placed = view.forms.some(({ api }) => api === view.notice?.api); // the notice is beside a field
    const said = JSON.stringify(placed ? view.notice : "");
    const fresh = placed && said !== marked && spoken === t("lang");
    [marked, spoken] = [said, t("lang")];
    return element(
      "div",
      { class: "dpyauth-form" },
      placed ? null : notice(view),
      ways(view, first, fresh),
      view.may_remember ? rememberBox(view) : null,
      keepPresent ? element("div", { class: "dpyauth-row" }, button(t("keep_present"), keepPresent)) : null,
      view.sandbox
        ? samples(view, first)
        : element("p", { class: "dpyauth-new" }, t("no_account_yet"), " ", away(first.account, t("open_account"))),
      others.map((form) => folded(view, form, fresh)),
    );
  }

  function rememberBox(/** @type {SignInView} */ view) {
    const box = element("input", { id: `${id}-remember`, type: "checkbox", "data-set": true });
    box.checked = typed.remember ?? view.remember;
    box.addEventListener("change", () => {
      typed.remember = box.checked;
    });
    return element("p", { class: "dpyauth-tick" }, box, element("label", { for: box.id }, t("remember")));
  }

  // The first empty field.
  const firstField = (/** @type {SignInView} */ { forms: [first] }) =>
    `${appIdOf(first) ? "token" : "app_id"}-${first.api}`;

  // Where to go on: at the field that is wrong, or at the button that tries again.
  function focusOf(/** @type {SignInView} */ view) {
    const { notice: said, kept } = view;
    if (said?.field) return `${said.field}-${said.api}`;
    return kept && said?.offer !== "move" ? `again-${kept}` : firstField(view);
  }

  // Both ways to sign in on one API. A `fresh` notice takes the focus to the field it is about.
  function ways(/** @type {SignInView} */ view, /** @type {SignInForm} */ form, /** @type {boolean} */ fresh) {
    const focus = focusOf(view);
    const isWrong = (/** @type {string} */ name) =>
      view.notice !== null && `${view.notice.field}-${view.notice.api}` === name;
    const marks = (/** @type {string} */ name) => ({
      "aria-invalid": isWrong(name) ? "true" : null,
      "aria-describedby": isWrong(name) ? `${id}-${name}-wrong ${id}-${name}-help` : `${id}-${name}-help`,
      "data-focus": focus === name,
      "data-grab": fresh && focus === name,
    });
    const below = (/** @type {string} */ name, /** @type {Children[]} */ ...text) =>
      element(
        "div",
        { class: "dpyauth-below-field" },
        isWrong(name) ? element("div", { id: `${id}-${name}-wrong` }, notice(view)) : null,
        help(name, ...text),
      );
    const parts = { view, form, focus, marks, below };
    const appId = plain(`app_id-${form.api}`, form.app_id, marks(`app_id-${form.api}`));
    return element("div", { class: "dpyauth-ways" }, byToken(parts, appId), byBrowser(parts, appId));
  }

  /**
   * @typedef {object} Parts
   * @property {SignInView} view
   * @property {SignInForm} form
   * @property {string} focus - the field or button that gets the focus
   * @property {(name: string) => ElementProperties} marks - properties of a field that say what is wrong with it
   * @property {(name: string, ...text: Children[]) => HTMLElement} below - what is wrong with a field, and its help
   */

  function byToken(/** @type {Parts} */ { view, form, focus, marks, below }, /** @type {HTMLInputElement} */ appId) {
    const { api } = form;
    const kept = view.kept === api;
    const token = fields.secret(`token-${api}`, { ...marks(`token-${api}`), placeholder: kept ? t("kept") : null });
    const made = fields.sentOnce(
      token,
      (token) => ({ do: "sign-in", ...entered(form), token }),
      label(`app_id-${api}`, t("app_id")),
      appId,
      below(`app_id-${api}`, t(`app_id_help_${api}`)),
      label(`token-${api}`, t(`token_${api}`)),
      token,
      below(`token-${api}`, t(kept ? "token_help_kept" : view.sandbox ? "token_help_sandbox" : "token_help")),
      element(
        "div",
        { class: "dpyauth-row" },
        fields.submit(t(kept ? "try_again" : "sign_in"), { "data-focus": focus === `again-${api}` }),
      ),
      view.sandbox
        ? null
        : [
            away(form.apps, t(`register_${api}`), { class: "dpyauth-to-apps" }),
            away(form.tokens, t(`make_${api}`, { scope: form.scope }), { class: "dpyauth-to-tokens" }),
          ],
    );
    made.classList.add("dpyauth-by-token");
    return made;
  }

  function byBrowser(/** @type {Parts} */ { view, form, marks, below }, /** @type {HTMLInputElement} */ appId) {
    const name = `redirect_url-${form.api}`;
    const about = t(view.sandbox ? "browser_help_sandbox" : `browser_help_${form.api}`);
    const needs = element("p", { class: "dpyauth-help dpyauth-needs", id: `${id}-${form.api}-needs` });
    const go = button(t("with_deriv"), () => begin(entered(form)), { "aria-describedby": needs.id });
    const check = () => {
      go.disabled = !form.registers && ["", form.shared].includes(appId.value.trim());
      needs.textContent = go.disabled ? t("needs_app_id") : "";
    };
    appId.addEventListener("input", check);
    check();
    return element(
      "div",
      { class: "dpyauth-by-browser" },
      element("p", { class: "dpyauth-heading" }, t("in_browser")),
      form.names_redirect
        ? [
            label(name, t("redirect")),
            plain(name, view.redirect_url, { ...marks(name), placeholder: t("redirect_example") }),
            below(name, about, callbackHere()),
          ]
        : element("p", { class: "dpyauth-help" }, about),
      element("div", { class: "dpyauth-row" }, go),
      needs,
    );
  }

  // The callback page of the Jupyter server, where Deriv would take its address.
  function callbackHere() {
    const said = element("span", {});
    callbackPage.then((address) => address?.startsWith("https:") && said.append(" ", t("redirect_here", { address })));
    return said;
  }

  function folded(/** @type {SignInView} */ view, /** @type {SignInForm} */ form, /** @type {boolean} */ fresh) {
    const needed = view.notice?.api === form.api || (view.kept === form.api && view.notice?.offer !== "go on");
    const details = element(
      "details",
      {
        class: "dpyauth-more",
        id: `${id}-more-${form.api}`,
        open: needed || (typed.more ?? form.open),
        "data-set": true,
      },
      element("summary", {}, t("older")),
      element("p", { class: "dpyauth-help" }, t("older_help")),
      ways(view, form, fresh),
      view.sandbox ? samples(view, form) : null,
    );
    details.addEventListener("toggle", () => {
      typed.more = details.open;
    });
    return details;
  }

  function samples(/** @type {SignInView} */ view, /** @type {SignInForm} */ { api }) {
    const options = Object.entries(view.samples[api]).map(([value, name]) => element("option", { value }, name));
    const choice = element("select", { id: `${id}-sample-${api}`, class: "dpyauth-input" }, options);
    return element(
      "div",
      { class: "dpyauth-samples" },
      label(`sample-${api}`, t("samples")),
      element(
        "div",
        { class: "dpyauth-row" },
        choice,
        button(t("use_sample"), () => send({ do: "sample", api, name: choice.value })),
      ),
    );
  }

  return { node, firstField };
}
