import { button, element } from "./elements.js";
import { splitAtAddresses } from "./format.js";

/**
 * Make the notice of the sign-in panel, with a button for what may help, and links to Deriv's pages.
 *
 * @param {object} options
 * @param {Panel} options.panel
 * @param {(form: SignInForm) => SignInEntries} options.entered
 * @param {(entries: SignInEntries & { create_demo?: boolean }) => void} options.begin - sign in with the browser
 * @param {(message: MessageToPython) => void} options.send
 * @param {() => void} options.move - sign in on the current API
 */
export function signInNotice({ panel, entered, begin, send, move }) {
  const { t } = panel;

  return function notice(/** @type {SignInView} */ view) {
    const said = view.notice;
    if (!said) return panel.notice(view);
    const offers = /** @type {Record<string, (() => Children) | undefined>} */ ({
      "go on": () => goOn(view, said),
      move: () => [t("offer_current"), button(t("sign_in_current"), move)],
      demo: () => button(t("create_demo"), () => send({ do: "create-demo" })),
      "demo with Deriv": () => button(t("create_demo"), () => begin({ ...entered(view.forms[0]), create_demo: true })),
    });
    const offer = offers[said.offer ?? ""];
    const made = offer ? panel.notice(view, element("p", { class: "dpyauth-offer" }, offer())) : panel.notice(view);
    made?.querySelector("p")?.replaceChildren(...linked(view, said.text));
    return made;
  };

  // The addresses of Deriv's pages become links; no others do, which could be a server's own words.
  function linked(/** @type {SignInView} */ view, /** @type {string} */ text) {
    const known = view.forms.flatMap(({ apps, tokens, account }) => [apps, tokens, account]);
    return splitAtAddresses(text, known).map((part) => (part.link ? away(part.text, part.text) : part.text));
  }

  // The token is of another API than the field: it is kept for that one.
  function goOn(/** @type {SignInView} */ view, /** @type {PanelNotice} */ said) {
    const right = view.forms.find(({ api }) => api === view.kept);
    const here = view.forms.find(({ api }) => api === said.api);
    return [
      right
        ? button(t("go_on", { title: right.title }), () => send({ do: "sign-in", token: "", ...entered(right) }))
        : null,
      here ? away(here.tokens, t(`make_${here.api}`, { scope: here.scope })) : null,
    ];
  }
}

/**
 * Make a link that opens in a tab of its own.
 *
 * @param {string} address
 * @param {string} text
 * @param {ElementProperties} [properties]
 */
export const away = (address, text, properties = {}) =>
  element("a", { href: address, target: "_blank", rel: "noopener", ...properties }, text);
