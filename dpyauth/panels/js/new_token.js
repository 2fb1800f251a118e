import { button, element } from "./elements.js";
import { isolated } from "./format.js";

/**
 * Show a new token, which comes once, as a message. It is in its field and in a variable here, and nowhere else, until
 * the user is done with it. All of it works without a kernel, too.
 *
 * Return `node()`, `hold(name, token)` and `forget()`.
 *
 * @param {Panel} panel
 */
export function newToken({ id, t, root, say, draw, find }) {
  /** @type {{ name: string, token: string } | null} */
  let made = null;
  let visible = false; // the token can be read

  function node() {
    if (!made) return null;
    const secret = element("input", {
      id: `${id}-new`,
      class: "dpyauth-input dpyauth-mono",
      type: visible ? "text" : "password",
      dir: "ltr",
      readonly: true,
      autocomplete: "off",
      spellcheck: "false",
      "data-1p-ignore": true,
      "data-lpignore": "true",
      "data-set": true,
    });
    secret.value = made.token;
    const toggle = () => {
      visible = !visible;
      draw();
    };
    const done = () => {
      secret.value = "";
      made = null;
      say("");
      draw();
      find(`${id}-create`)?.focus();
    };
    return element(
      "div",
      {
        class: "dpyauth-notice dpyauth-info dpyauth-tokens-once",
        tabindex: "-1",
        role: "group",
        "aria-labelledby": `${id}-once`,
        "data-focus": true,
      },
      element("strong", { id: `${id}-once` }, t("made_title", { name: isolated(made.name) })),
      element("p", {}, t("made")),
      element("label", { class: "dpyauth-label", for: `${id}-new` }, t("token")),
      element(
        "div",
        { class: "dpyauth-row" },
        secret,
        button(t(visible ? "hide" : "show"), toggle, {
          id: `${id}-show`,
          "aria-pressed": String(visible),
        }),
        button(t("copy"), () => copy(secret), { class: "dpyauth-button dpyauth-primary" }),
      ),
      element("p", { class: "dpyauth-help" }, t("made_help")),
      element("div", { class: "dpyauth-row" }, button(t("done"), done)),
    );
  }

  async function copy(/** @type {HTMLInputElement} */ secret) {
    let copied = true;
    try {
      await navigator.clipboard.writeText(secret.value);
    } catch {
      copied = copySelected(secret);
    }
    say(t(copied ? "copied" : "not_copied"));
  }

  // The old way, where the new one is not allowed, or the page came over plain http. It needs the token to be readable.
  function copySelected(/** @type {HTMLInputElement} */ secret) {
    const before = secret.type;
    secret.type = "text";
    secret.select();
    if (document.execCommand("copy")) {
      secret.type = before;
      return true;
    }
    visible = true; // selected, to be copied by hand
    draw();
    return false;
  }

  function hold(/** @type {string} */ name, /** @type {string} */ token) {
    made = { name, token };
    visible = false;
    draw();
    /** @type {HTMLElement | null} */
    const shown = root.querySelector(".dpyauth-tokens-once");
    shown?.focus();
  }

  function forget() {
    made = null;
  }

  return { node, hold, forget };
}
