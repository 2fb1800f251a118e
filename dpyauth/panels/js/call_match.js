/**
 * Return the calls that have all the words of a search in their names or summaries; those first whose name begins so.
 *
 * @template {{ name: string, summary: string }} Call
 * @param {Call[]} calls
 * @param {string} query
 */
export function matchingCalls(calls, query) {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const texts = new Map(
    calls.map((call) => [call, `${call.name} ${call.name.replaceAll("_", " ")} ${call.summary}`.toLowerCase()]),
  );
  const hits = calls.filter((call) => words.every((word) => texts.get(call)?.includes(word)));
  const place = (/** @type {Call} */ call) => (words.length && call.name.startsWith(words[0]) ? 0 : 1);
  return hits.sort((one, other) => place(one) - place(other));
}

/**
 * Return the place in a list that a key leads to; undefined for a key that means nothing there.
 *
 * Home and End belong to the search field for as long as no place is active.
 *
 * @param {string} key
 * @param {number} at - the active place; -1 for none
 * @param {number} count
 * @returns {number | undefined}
 */
export function placeAfter(key, at, count) {
  if (!count) return undefined;
  const last = count - 1;
  if (key === "ArrowDown") return Math.min(at + 1, last);
  if (key === "ArrowUp") return Math.max(at - 1, 0);
  if (at < 0) return undefined;
  return key === "Home" ? 0 : key === "End" ? last : undefined;
}
