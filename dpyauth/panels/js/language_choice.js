// The choice of a language, for all panels of the session.

import { element } from "./elements.js";

/**
 * Return the field that chooses the language.
 *
 * @param {Panel} panel
 * @param {{ languages: Record<string, string>, language: string }} view
 */
export function languageChoice({ id, t, send }, { languages, language }) {
  const name = `${id}-language`;
  const select = element(
    "select",
    {
      id: name,
      class: "dpyauth-input",
      "data-set": true,
      onchange: () => send({ do: "language", language: select.value }),
    },
    Object.entries(languages).map(([tag, title]) =>
      element("option", { value: tag, lang: tag, selected: tag === language }, title),
    ),
  );
  return element("div", { class: "dpyauth-language" }, element("label", { for: name }, t("language")), select);
}
