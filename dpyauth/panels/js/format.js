// Texts and times as they are shown.

/**
 * Fill values in for the {names} of a text. A name without a value stays as it is.
 *
 * @param {string} text
 * @param {object} [values]
 */
export function fill(text, values = {}) {
  const known = new Map(Object.entries(values));
  return text.replace(/{(\w+)}/g, (whole, name) => String(known.get(name) ?? whole));
}

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
