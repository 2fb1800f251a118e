import { button, element } from "./elements.js";

/**
 * What the user has changed in the sign-in panel; a token is never in it.
 *
 * @typedef {object} Typed
 * @property {Texts} texts - by field
 * @property {boolean} [remember]
 * @property {boolean} [more] - the form of the other API is unfolded
 */

/**
 * Make the fields of the sign-in panel.
 *
 * A token or an address is read from its field once; the field is emptied, and only then is it sent: it is never kept
 * here. What else is typed is kept in `typed`.
 *
 * @param {object} options
 * @param {Panel} options.panel
 * @param {() => SignInView} options.view
 * @param {Typed} options.typed
 * @param {(message: MessageToPython) => void} options.send
 */
export function signInFields({ panel, view, typed, send }) {
  const { id, t } = panel;

  const appIdOf = (/** @type {SignInForm} */ form) => typed.texts[`app_id-${form.api}`] ?? form.app_id;

  /**
   * Return what is entered for an API, without the token.
   *
   * @param {SignInForm} form
   * @returns {SignInEntries}
   */
  function entered(form) {
    const { redirect_url, remember } = view();
    return {
      api: form.api,
      app_id: appIdOf(form),
      redirect_url: form.names_redirect ? (typed.texts[`redirect_url-${form.api}`] ?? redirect_url) : "",
      remember: typed.remember ?? remember,
    };
  }

  const label = (/** @type {string} */ name, /** @type {string} */ text) =>
    element("label", { class: "dpyauth-label", for: `${id}-${name}` }, text);
  const help = (/** @type {string} */ name, /** @type {Children[]} */ ...text) =>
    element("p", { class: "dpyauth-help", id: `${id}-${name}-help` }, text);

  const field = (/** @type {string} */ name, /** @type {ElementProperties} */ properties) =>
    element("input", {
      id: `${id}-${name}`,
      class: "dpyauth-input",
      type: "text",
      dir: "ltr",
      autocomplete: "off",
      spellcheck: "false",
      "aria-describedby": `${id}-${name}-help`,
      ...properties,
    });

  // Password managers are kept away: they would offer to store a token, or fill in a password.
  const secret = (/** @type {string} */ name, /** @type {ElementProperties} */ properties = {}) =>
    field(name, { type: "password", "data-1p-ignore": true, "data-lpignore": "true", ...properties });

  function plain(
    /** @type {string} */ name,
    /** @type {string} */ value,
    /** @type {ElementProperties} */ properties = {},
  ) {
    const made = field(name, { "data-set": true, ...properties });
    made.value = typed.texts[name] ?? value;
    made.addEventListener("input", () => {
      typed.texts[name] = made.value;
    });
    return made;
  }

  // A form with a secret in it, which is sent once; `message` makes the message of what it holds.
  /** @type {(input: HTMLInputElement, message: (secret: string) => MessageToPython, ...children: Children[]) => HTMLFormElement} */
  function sentOnce(input, message, ...children) {
    const submit = (/** @type {SubmitEvent} */ event) => {
      event.preventDefault();
      const ready = message(input.value);
      input.value = "";
      send(ready);
    };
    return element(
      "form",
      { class: "dpyauth-form", onsubmit: submit, autocomplete: "off", novalidate: true },
      children,
    );
  }

  const submit = (/** @type {string} */ text, /** @type {ElementProperties} */ properties = {}) =>
    element("button", { class: "dpyauth-button dpyauth-primary", type: "submit", ...properties }, text);
  const cancel = () => button(t("cancel"), () => send({ do: "cancel" }));

  return { appIdOf, entered, label, help, secret, plain, sentOnce, submit, cancel };
}
