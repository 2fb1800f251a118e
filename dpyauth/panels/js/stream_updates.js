// What comes of the updates of a stream, without showing it.

import { extremes } from "./scales.js";

/**
 * Add new points or rows to those before, and drop the oldest ones beyond `most`; return what there is now.
 *
 * A point at the time of the last one is a newer state of it: a candle that is still open. The list is changed in place,
 * unless the updates start over.
 *
 * @template {ChartPoint | TableRow} Update
 * @param {Update[]} before
 * @param {Update[]} fresh
 * @param {boolean} anew
 * @param {number} most
 * @returns {Update[]}
 */
export function addUpdates(before, fresh, anew, most) {
  const all = anew ? [] : before;
  for (const each of fresh) {
    const last = all[all.length - 1];
    if (last && "t" in each && "t" in last && last.t === each.t) all[all.length - 1] = { ...last, ...each };
    else all.push(each);
  }
  all.splice(0, all.length - most);
  return all;
}

/**
 * Return what there is to say of a chart: its first and last price and their times, its lowest and highest price, and
 * the change in percent, which is "same" where it rounds to nothing.
 *
 * @param {ChartPoint[]} points - one at least
 */
export function summary(points) {
  const [first, last] = [points[0], points[points.length - 1]];
  const [begin, end] = [first.p[0], last.p[last.p.length - 1]];
  const percent = begin ? ((end - begin) / Math.abs(begin)) * 100 : 0;
  /** @type {"same" | "up" | "down"} */
  const way = Number(percent.toFixed(2)) === 0 ? "same" : percent > 0 ? "up" : "down";
  return { since: first.t, until: last.t, end, percent: Math.abs(percent), way, ...extremes(points) };
}
