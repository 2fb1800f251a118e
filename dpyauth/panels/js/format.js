// Texts, numbers and times as they are shown, in the language of the panel.

/**
 * Return a text with values filled in, in the plural form for `count` if it has several: those are at `key.one` and so
 * on, and `other` at the key itself. A key without a text stands for itself.
 *
 * @param {Record<string, string>} texts
 * @param {string} key
 * @param {object & { count?: unknown }} [values]
 */
export function translate(texts, key, values = {}) {
  const { count } = values;
  const form = typeof count === "number" ? `${key}.${new Intl.PluralRules(texts.lang).select(count)}` : key;
  return fill(texts[form] ?? texts[key] ?? key, values, texts.lang);
}

/**
 * Fill values in for the {names} of a text. A name without a value stays as it is.
 *
 * @param {string} text
 * @param {object} values
 * @param {string} language
 */
export function fill(text, values, language) {
  const known = new Map(Object.entries(values));
  return text.replace(/{(\w+)}/g, (whole, name) => {
    const value = known.get(name) ?? whole;
    return typeof value === "number" ? new Intl.NumberFormat(language).format(value) : String(value);
  });
}

/**
 * Return a price with so many decimals.
 *
 * @param {number} number
 * @param {number} digits
 * @param {string} language
 */
export const price = (number, digits, language) =>
  new Intl.NumberFormat(language, {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
    useGrouping: false,
  }).format(number);

/**
 * Return the time of day, in UTC.
 *
 * @param {number} seconds - since 1970
 */
export const clock = (seconds) => new Date(seconds * 1000).toISOString().slice(11, 19);

/**
 * Return the date, in UTC.
 *
 * @param {number} seconds - since 1970
 */
export const day = (seconds) => new Date(seconds * 1000).toISOString().slice(0, 10);

/**
 * Quote a name within a sentence, isolated: right-to-left letters in it must not turn the rest of the sentence round.
 *
 * @param {string} name
 */
export const quoted = (name) => `“\u2068${name}\u2069”`;

/**
 * Split a text at each of the addresses in it; the addresses stay, as items of their own.
 *
 * The longest address is looked for first, so that one that begins like another is found whole.
 *
 * @param {string} text
 * @param {string[]} addresses
 * @returns {{ text: string, link: boolean }[]}
 */
export function splitAtAddresses(text, addresses) {
  let parts = [{ text, link: false }];
  for (const address of [...addresses].sort((one, other) => other.length - one.length)) {
    parts = parts.flatMap((part) =>
      part.link
        ? [part]
        : part.text.split(address).flatMap((piece, nth) =>
            nth
              ? [
                  { text: address, link: true },
                  { text: piece, link: false },
                ]
              : [{ text: piece, link: false }],
          ),
    );
  }
  return parts;
}
