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
 * Fill values in for the {names} of a text: numbers as the language writes them, lists with commas. A name without a
 * value stays as it is; {{ and }} stand for single braces.
 *
 * @param {string} text
 * @param {object} values
 * @param {string} language
 */
export function fill(text, values, language) {
  const known = new Map(Object.entries(values));
  return text.replace(/{{|}}|{(\w+)}/g, (whole, name) => {
    if (!name) return whole[0];
    const value = known.get(name) ?? whole;
    if (Array.isArray(value)) return listed(value, language);
    return typeof value === "number"
      ? new Intl.NumberFormat(language, { maximumFractionDigits: 20 }).format(value)
      : String(value);
  });
}

/**
 * Return items as a list within a sentence: with "and" before the last one, or else only with commas.
 *
 * @param {string[]} items
 * @param {string} language
 * @param {"" | "and"} [last]
 */
export function listed(items, language, last = "") {
  const list = new Intl.ListFormat(language);
  return last ? list.format(items) : items.join(list.formatToParts(["1", "2", "3"])[1].value);
}

/**
 * Return a price with so many decimals.
 *
 * @param {number} number
 * @param {number} digits
 * @param {string} language
 */
export function price(number, digits, language) {
  const key = `${language} ${digits}`;
  const format =
    prices.get(key) ??
    new Intl.NumberFormat(language, {
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
      useGrouping: false,
    });
  prices.set(key, format); // a chart writes prices in every picture, and making a format takes long
  return format.format(number);
}

/** @type {Map<string, Intl.NumberFormat>} */
const prices = new Map();

/**
 * Return the time of day, in UTC.
 *
 * @param {number} seconds - since 1970
 */
export const clock = (seconds) => new Date(seconds * 1000).toISOString().slice(11, 19);

/**
 * Return the day of the year, in UTC, with the name of the month.
 *
 * @param {number} seconds - since 1970
 * @param {string} language
 */
export const day = (seconds, language) =>
  new Intl.DateTimeFormat(language, { month: "short", day: "numeric", timeZone: "UTC" }).format(seconds * 1000);

/**
 * Return the date and the time of day to the minute, in UTC.
 *
 * @param {number} seconds - since 1970
 * @param {string} language
 */
export const moment = (seconds, language) =>
  new Intl.DateTimeFormat(language, {
    dateStyle: "medium",
    timeStyle: "short",
    hourCycle: "h23",
    timeZone: "UTC",
  }).format(seconds * 1000);

/**
 * Return a name for use in a sentence, isolated: right-to-left letters in it must not turn the rest round.
 *
 * @param {string} name
 */
export const isolated = (name) => `\u2068${name}\u2069`;

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
