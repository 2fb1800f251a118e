// Where things go on a chart: from prices and times to px, without drawing. A point is {t, p, late, gap}; see ChartPoint.

import { clock, day } from "./format.js";

const TOP = 8; // px above the highest price
const BELOW = 24; // px for the times
const EDGE = 4; // px before the first point
const APART = 84; // px between two labels of the time axis, at least
const LONG = 12; // a pause of more than so many usual steps is drawn as so many: a night without updates leaves room
const ROOMY = 40; // the chart has room for so many usual steps at least: a few points do not fill it
const DAY = 86400;
const ROUND = [
  1,
  2,
  5,
  10,
  15,
  30,
  60,
  120,
  300,
  600,
  900,
  1800,
  3600,
  7200,
  14400,
  28800,
  DAY,
  172800,
  604800,
  2592000,
]; // seconds

/**
 * Return the steps between points that are seen most: their median, in seconds.
 *
 * @param {ChartPoint[]} points
 */
export function usualStep(points) {
  const steps = points
    .slice(1)
    .map((point, i) => point.t - points[i].t)
    .sort((one, other) => one - other);
  return steps[steps.length >> 1] || 1;
}

/**
 * Return the lowest and the highest price of points.
 *
 * @param {ChartPoint[]} points
 */
export const extremes = (points) => ({
  low: Math.min(...points.map(({ p }) => Math.min(...p))),
  high: Math.max(...points.map(({ p }) => Math.max(...p))),
});

/**
 * Return where everything goes on a chart of this size.
 *
 * `places` has the px of each point; `step` is px per second; `half` is half the width that a candle has, 0 for a line;
 * `right` and `floor` are the px where the chart ends, and `y(price)` is the px of a price.
 *
 * @param {ChartPoint[]} points - one at least
 * @param {{ width: number, height: number, digits: number, labelWidth: number }} size - the last: px of the widest price
 */
export function layOut(points, { width, height, digits, labelWidth }) {
  const candles = points[0].p.length > 1;
  const { low, high } = extremes(points);
  const room = (high - low) * 0.08 || 10 ** -digits; // one price alone has room around it, too
  const [bottom, top] = [low - room, high + room];
  const right = width - labelWidth - 18;
  const floor = height - BELOW;
  const y = (/** @type {number} */ price) => TOP + ((top - price) / (top - bottom)) * (floor - TOP);

  const usual = usualStep(points);
  let far = 0; // seconds from the first point, without what long pauses have too much
  const along = points.map((point, i) => {
    if (i) far += Math.min(point.t - points[i - 1].t, usual * LONG);
    return far;
  });
  const step = (right - TOP) / (Math.max(far, usual * ROOMY) + (candles ? usual : 0));
  const half = candles ? (usual * step) / 2 : 0;
  const places = along.map((seconds) => EDGE + half + seconds * step);
  return { candles, bottom, top, right, floor, y, step, half, places, ceiling: TOP };
}

/**
 * Return the round prices to label between two: about five, and none that the digits cannot tell apart.
 *
 * @param {number} bottom
 * @param {number} top
 * @param {number} digits
 */
export function roundPrices(bottom, top, digits) {
  const rough = (top - bottom) / 5;
  const tenth = 10 ** Math.floor(Math.log10(rough));
  const round = [1, 2, 5, 10].map((n) => n * tenth).find((n) => n >= rough) ?? 10 * tenth;
  const step = Math.max(round, 10 ** -digits);
  const prices = [];
  for (let price = Math.ceil(bottom / step) * step; price < top; price += step) prices.push(price);
  return prices;
}

/**
 * Return the labels of the time axis, each with its px: at round times, between the points around them.
 *
 * @param {ChartPoint[]} points
 * @param {number[]} places - px of the points
 * @param {number} pxPerSecond
 * @param {number} right - px where the axis ends
 * @param {string} language - of the dates
 */
export function roundTimes(points, places, pxPerSecond, right, language) {
  const step = ROUND.find((seconds) => seconds * pxPerSecond >= APART) ?? ROUND[ROUND.length - 1];
  const labels = [];
  let last = -APART;
  for (let i = 1; i < points.length; i++) {
    const [before, now] = [points[i - 1].t, points[i].t];
    const t = Math.floor(now / step) * step;
    if (t <= before || places[i] - last < APART) continue;
    const x = places[i] - ((now - t) / (now - before)) * (places[i] - places[i - 1]);
    if (x > right - 20 || x < 32) continue; // half of a label with seconds, so that none is cut off
    labels.push({ x, text: step < DAY ? clock(t).slice(0, step < 60 ? 8 : 5) : day(t, language) });
    last = x;
  }
  return labels;
}

/**
 * Return where updates were missed. A gap that was filled reaches over all that was fetched late; one that was not lies
 * between the two points around it.
 *
 * @param {ChartPoint[]} points
 * @param {number[]} places - px of the points
 * @param {number} half - px of half a candle
 */
export function gapSpans(points, places, half) {
  return points.flatMap(({ gap }, i) => {
    if (!gap) return [];
    let end = i;
    while (gap.filled && points[end].late && end < points.length - 1) end++;
    const left = i ? places[i - 1] + half : places[i] - half - 6;
    return [{ left, wide: Math.max(places[end] - half - left, 3), filled: gap.filled }];
  });
}

/**
 * Return the strokes of a line: from which point to which, and whether it is dashed, as all that was fetched late is.
 *
 * Each is as long as it looks the same. Between the two points around a gap that was not filled there is no stroke: what
 * the price did there is not known.
 *
 * @param {ChartPoint[]} points
 */
export function strokes(points) {
  const found = [];
  for (let i = 1; i < points.length; i++) {
    const { late, gap } = points[i];
    if (gap && !gap.filled) continue;
    const from = i - 1;
    const dashed = Boolean(late || gap);
    const goesOn = (/** @type {ChartPoint | undefined} */ next) => next && !next.gap && Boolean(next.late) === dashed;
    while (goesOn(points[i + 1])) i++;
    found.push({ from, to: i, dashed });
  }
  return found;
}

/**
 * Return the point that is nearest to a px; the first one where several are, or none is.
 *
 * @param {number[]} places
 * @param {number} x
 */
export const nearest = (places, x) =>
  places.reduce((best, place, i) => (Math.abs(place - x) < Math.abs(places[best] - x) ? i : best), 0);

/**
 * Return the point that a key leads to, from the present one; -1 for none, undefined for a key that means nothing.
 *
 * @param {string} key
 * @param {number} now - -1 where none is pointed at
 * @param {number} last
 * @param {boolean} far - ten at a time
 * @returns {number | undefined}
 */
export function pointAfter(key, now, last, far) {
  const step = far ? 10 : 1;
  switch (key) {
    case "ArrowLeft":
      return now < 0 ? last : Math.max(now - step, 0);
    case "ArrowRight":
      return now < 0 ? last : Math.min(now + step, last);
    case "Home":
      return 0;
    case "End":
      return last;
    case "Escape":
      return -1;
    default:
      return undefined;
  }
}
