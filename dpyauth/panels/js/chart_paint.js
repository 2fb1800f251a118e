// Painting of a chart: a line for ticks, or candles.

import { price } from "./format.js";
import { extremes, gapSpans, layOut, roundPrices, roundTimes, strokes } from "./scales.js";

/**
 * @typedef {object} Picture
 * @property {ChartPoint[]} points
 * @property {number} digits - decimals of the prices
 * @property {Record<string, string>} colours
 * @property {string} font
 * @property {string} language - of the numbers and dates
 * @property {string} zone - name of the time zone, for the corner of the axes
 * @property {number} pointed - the point that the user points at; -1 for none
 */

/**
 * Paint a chart on an empty canvas of this size, in px; return the px of each point.
 *
 * @param {CanvasRenderingContext2D} pen
 * @param {Picture} picture
 * @param {number} width
 * @param {number} height
 * @returns {number[]}
 */
export function paint(pen, { points, digits, colours, font, language, zone, pointed }, width, height) {
  pen.font = font;
  pen.textBaseline = "middle";
  if (!points.length) return [];
  const digitsOf = (/** @type {number} */ number) => price(number, digits, language);
  const labelWidth = pen.measureText(digitsOf(extremes(points).high)).width;
  const { candles, bottom, top, right, floor, ceiling, y, step, half, places } = layOut(points, {
    width,
    height,
    digits,
    labelWidth,
  });
  const latest = points[points.length - 1].p;
  const last = latest[latest.length - 1];

  drawPrices();
  pen.fillText(zone, right + 9, floor + 13);
  drawTimes();
  for (const span of gapSpans(points, places, half)) drawGap(span);
  if (candles) points.forEach(drawCandle);
  else drawLine();
  drawLatest();
  if (pointed >= 0) drawPointed();
  return places;

  function drawPrices() {
    pen.strokeStyle = colours.line;
    pen.fillStyle = colours.soft;
    pen.lineWidth = 1;
    pen.textAlign = "left";
    for (const each of roundPrices(bottom, top, digits)) {
      const at = Math.round(y(each)) + 0.5;
      pen.globalAlpha = 0.5;
      line(0, at, right, at);
      pen.globalAlpha = 1;
      if (Math.abs(at - y(last)) > 17) pen.fillText(digitsOf(each), right + 9, at);
    }
  }

  function drawTimes() {
    pen.textAlign = "center";
    for (const { x, text } of roundTimes(points, places, step, right, language)) {
      pen.fillText(text, x, floor + 13);
      line(x, floor, x, floor + 4);
    }
    line(0, floor + 0.5, right, floor + 0.5);
  }

  // Shaded where what was missed has been fetched, hatched where it is missing.
  function drawGap(/** @type {{ left: number, wide: number, filled: boolean }} */ { left, wide, filled }) {
    pen.fillStyle = colours.late;
    pen.globalAlpha = 0.14;
    pen.fillRect(left, ceiling, wide, floor - ceiling);
    if (!filled) {
      pen.save();
      pen.beginPath();
      pen.rect(left, ceiling, wide, floor - ceiling);
      pen.clip();
      pen.globalAlpha = 0.7;
      pen.strokeStyle = colours.late;
      for (let x = left - floor; x < left + wide; x += 8) line(x, floor, x + floor, 0);
      pen.restore();
    }
    pen.globalAlpha = 1;
  }

  function drawLine() {
    pen.lineWidth = 1.75;
    pen.lineJoin = "round";
    for (const { from, to, dashed } of strokes(points)) {
      pen.strokeStyle = dashed ? colours.late : colours.price;
      pen.setLineDash(dashed ? [4, 3] : []);
      pen.beginPath();
      pen.moveTo(places[from], y(points[from].p[0]));
      for (let i = from + 1; i <= to; i++) pen.lineTo(places[i], y(points[i].p[0]));
      pen.stroke();
    }
    pen.setLineDash([]);
  }

  // Rising ones are hollow, falling ones full: not told by colour alone.
  function drawCandle(/** @type {ChartPoint} */ { p: [open, high, low, close], late }, /** @type {number} */ i) {
    const wide = Math.max(half * 1.3, 1);
    const x = Math.round(places[i]) + 0.5;
    const rises = close >= open;
    pen.strokeStyle = pen.fillStyle = late ? colours.late : rises ? colours.up : colours.down;
    pen.lineWidth = 1;
    line(x, y(high), x, y(low));
    const [above, tall] = [y(Math.max(open, close)), Math.max(Math.abs(y(open) - y(close)), 1)];
    if (rises && wide > 3) {
      pen.fillStyle = colours.back;
      pen.fillRect(x - wide / 2, above, wide, tall);
      pen.strokeRect(x - wide / 2, above, wide, tall);
    } else pen.fillRect(x - wide / 2, above, wide, tall);
  }

  function drawLatest() {
    const [x, at] = [places[places.length - 1], y(last)];
    pen.strokeStyle = pen.fillStyle = colours.price;
    pen.lineWidth = 1;
    pen.setLineDash([2, 3]);
    line(x, at, right, at);
    pen.setLineDash([]);
    if (!candles) dot(x, at, 3);
    pen.beginPath();
    pen.roundRect(right + 3, at - 9, pen.measureText(digitsOf(last)).width + 12, 18, 4);
    pen.fill();
    pen.fillStyle = "#fff";
    pen.textAlign = "left";
    pen.fillText(digitsOf(last), right + 9, at + 0.5);
  }

  function drawPointed() {
    const x = places[pointed];
    pen.strokeStyle = colours.soft;
    pen.setLineDash([3, 3]);
    line(x, ceiling, x, floor);
    pen.setLineDash([]);
    pen.fillStyle = colours.text;
    if (!candles) dot(x, y(points[pointed].p[0]), 4);
  }

  function line(
    /** @type {number} */ x0,
    /** @type {number} */ y0,
    /** @type {number} */ x1,
    /** @type {number} */ y1,
  ) {
    pen.beginPath();
    pen.moveTo(x0, y0);
    pen.lineTo(x1, y1);
    pen.stroke();
  }

  function dot(/** @type {number} */ x, /** @type {number} */ at, /** @type {number} */ size) {
    pen.beginPath();
    pen.arc(x, at, size, 0, 2 * Math.PI);
    pen.fill();
  }
}
