import { button, element } from "./elements.js";

const DELIBERATE = 800; // ms before a change can be confirmed: longer than a double click

/**
 * Ask before a call that changes something is sent. With real money at stake the user types the login ID.
 *
 * Return `node(view, to)`, the question; `ask(question)`, which opens it; `drop()`, which takes it back here and in
 * Python; `close()`, which ends it here alone; `enable()`, which enables the button when it may be; and `asked()`.
 *
 * @param {object} options
 * @param {Panel} options.panel
 * @param {() => void} options.dropped - called when the user takes it back
 */
export function changeQuestion({ panel, dropped }) {
  const { id, t, send, find, draw } = panel;
  /** @type {ChangeQuestion | null} */
  let asked = null;
  let ready = false; // whether a click on the button counts yet
  /** @type {number | undefined} */
  let timer;

  const typedField = () => /** @type {HTMLInputElement | null} */ (find(`${id}-typed`));

  function ask(/** @type {ChangeQuestion} */ question) {
    asked = question;
    ready = false;
    clearTimeout(timer); // of a question before this one, which would let a click count too soon
    timer = setTimeout(() => {
      ready = true;
      enable();
    }, DELIBERATE);
    draw();
    (typedField() ?? find(`${id}-ask`))?.focus();
    find(`${id}-ask`)?.scrollIntoView({ block: "nearest" });
  }

  function close() {
    asked = null;
  }

  function drop() {
    if (asked) send({ do: "cancel" }, false);
    asked = null;
  }

  function confirm() {
    if (!asked) return;
    const { nonce } = asked;
    const typed = typedField()?.value ?? "";
    asked = null;
    send({ do: "confirm", nonce, typed });
    draw();
  }

  function takeBack() {
    drop();
    draw();
    dropped();
  }

  // By what is shown now: while the question is redrawn, that is what the user has typed so far.
  const isRefused = () => !ready || Boolean(asked?.typed && typedField()?.value !== asked.typed);

  function enable() {
    const yes = /** @type {HTMLButtonElement | null} */ (find(`${id}-yes`));
    if (yes) yes.disabled = isRefused();
  }

  function node(/** @type {ExplorerView} */ view, /** @type {Children} */ to) {
    if (!asked) return null;
    const { money, typed, json } = asked;
    const title = money ? "ask_money" : typed ? "ask_real" : "ask";
    const field = element("input", {
      id: `${id}-typed`,
      class: "dpyauth-input",
      type: "text",
      autocomplete: "off",
      spellcheck: "false",
      oninput: enable,
    });
    return element(
      "div",
      {
        class: "dpyauth-notice dpyauth-ask",
        id: `${id}-ask`,
        role: "group",
        "aria-labelledby": `${id}-ask-title`,
        tabindex: "-1",
      },
      element("strong", { id: `${id}-ask-title` }, t(view.sandbox ? `${title}_sandbox` : title)),
      money ? null : element("p", {}, to),
      element(
        "pre",
        { class: "dpyauth-code", tabindex: "0", role: "region", "aria-label": t("preview"), dir: "ltr" },
        json,
      ),
      typed
        ? [element("label", { class: "dpyauth-label", for: field.id }, t("ask_type", { loginid: typed })), field]
        : null,
      element(
        "div",
        { class: "dpyauth-row dpyauth-answers" },
        button(t("ask_no"), takeBack),
        button(t("ask_yes"), confirm, {
          id: `${id}-yes`,
          class: "dpyauth-button dpyauth-danger",
          disabled: isRefused(),
        }),
      ),
    );
  }

  return { node, ask, close, drop, enable, asked: () => asked };
}
