import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  extremes,
  gapSpans,
  layOut,
  nearest,
  pointAfter,
  roundPrices,
  roundTimes,
  strokes,
  usualStep,
} from "../../dpyauth/panels/js/scales.js";

const SIZE = { width: 600, height: 280, digits: 2, labelWidth: 40 };

/** Return ticks at these times, all of one price unless `price` says more. */
const ticks = (times, price = () => 100) => times.map((t, i) => ({ t, p: [price(i)] }));
const everySecond = (count, price) => ticks([...Array(count).keys()], price);
const rounded = (numbers) => numbers.map((number) => Number(number.toFixed(6)));

describe("steps", () => {
  test("the usual one is the median: a break does not change it", () => {
    assert.equal(usualStep(ticks([0, 2, 4, 500, 502, 504])), 2);
  });
  test("without two points it is a second", () => {
    assert.equal(usualStep([]), 1);
    assert.equal(usualStep(ticks([7])), 1);
  });
});

describe("prices", () => {
  test("the extremes of candles are their lows and highs", () => {
    const candles = [
      { t: 0, p: [5, 9, 4, 6] },
      { t: 60, p: [6, 7, 1, 2] },
    ];
    assert.deepEqual(extremes(candles), { low: 1, high: 9 });
  });
  test("about five round ones are labelled", () => {
    assert.deepEqual(roundPrices(0.3, 10.2, 2), [2, 4, 6, 8, 10]);
    assert.deepEqual(rounded(roundPrices(1.2301, 1.2349, 4)), [1.231, 1.232, 1.233, 1.234]);
  });
  test("none that the digits cannot tell apart", () => {
    assert.deepEqual(roundPrices(0.9, 3.1, 0), [1, 2, 3]);
    assert.deepEqual(roundPrices(0.995, 1.005, 2), [1]);
  });
  test("the lower end may have one, the upper end has not", () => {
    assert.deepEqual(roundPrices(0, 10, 0), [0, 2, 4, 6, 8]);
  });
  test("negative ones, too", () => {
    assert.deepEqual(rounded(roundPrices(-1.05, 1.05, 2)), [-1, -0.5, 0, 0.5, 1]);
  });
});

describe("layout", () => {
  test("a higher price is further up, and all are between ceiling and floor", () => {
    const { y, floor, ceiling } = layOut(
      everySecond(50, (i) => 100 + i),
      SIZE,
    );
    assert.ok(y(149) < y(100));
    assert.ok(y(149) > ceiling && y(100) < floor);
  });
  test("there is room above and below the prices, and beside them for their labels", () => {
    const { bottom, top, right, floor } = layOut(
      everySecond(50, (i) => 100 + 2 * i),
      SIZE,
    );
    assert.deepEqual(rounded([bottom, top]), [100 - 98 * 0.08, 198 + 98 * 0.08]);
    assert.deepEqual([right, floor], [542, 256]);
    const alone = layOut(everySecond(2), SIZE);
    assert.deepEqual(rounded([alone.bottom, alone.top]), [99.99, 100.01]);
  });
  test("prices that are all the same are in the middle", () => {
    const { y, floor, ceiling } = layOut(everySecond(50), SIZE);
    assert.ok(Math.abs(y(100) - (floor + ceiling) / 2) < 0.001);
  });
  test("a few points do not fill the width", () => {
    const few = layOut(everySecond(5), SIZE).places;
    const many = layOut(everySecond(41), SIZE).places;
    assert.equal(few[4], many[4]);
    assert.ok(many[40] > 500);
  });
  test("a night without updates takes no more room than twelve steps", () => {
    const { places, step } = layOut(ticks([0, 1, 2, 30_000, 30_001]), SIZE);
    assert.ok(Math.abs(places[3] - places[2] - 12 * step) < 0.001);
  });
  test("candles leave room for their halves at both ends", () => {
    const candles = [...Array(60).keys()].map((i) => ({ t: i * 60, p: [1, 2, 0, 1] }));
    const { candles: are, half, places, right } = layOut(candles, SIZE);
    assert.ok(are && half > 0);
    assert.ok(places[0] - half >= 0);
    assert.ok(places[59] + half <= right);
  });
  test("a line has no halves", () => {
    assert.equal(layOut(everySecond(2), SIZE).half, 0);
  });
});

describe("times", () => {
  const labels = (points) => {
    const { places, step, right } = layOut(points, SIZE);
    return roundTimes(points, places, step, right, "en");
  };
  test("labels are at round times, and apart", () => {
    const found = labels(everySecond(120));
    assert.deepEqual(
      found.map(({ text }) => text),
      ["00:00:30", "00:01:00", "00:01:30"],
    );
    for (let i = 1; i < found.length; i++) assert.ok(found[i].x - found[i - 1].x >= 84);
  });
  test("minutes need no seconds", () => {
    const found = labels(ticks([...Array(120).keys()].map((i) => i * 60)));
    assert.ok(found.length > 0 && found.every(({ text }) => /^\d\d:\d\d$/.test(text)));
  });
  test("days are dates", () => {
    const found = labels(ticks([...Array(30).keys()].map((i) => i * 86_400)));
    assert.ok(found.length > 0 && found.every(({ text }) => /^Jan \d+$/.test(text)));
  });
  test("a label is between the points around it, and not at the edges", () => {
    const at = (places, right) => roundTimes(ticks([0, 40]), places, 5, right, "en").map(({ x }) => x);
    assert.deepEqual(at([100, 300], 500), [250]);
    assert.deepEqual(at([100, 300], 270), [250]);
    assert.deepEqual(at([100, 300], 269), []);
    assert.deepEqual(at([8, 40], 500), [32]);
    assert.deepEqual(at([7, 39], 500), []);
  });
  test("seconds are told where labels are less than a minute apart", () => {
    const text = (pxPerSecond) => roundTimes(ticks([0, 90]), [100, 300], pxPerSecond, 500, "en")[0].text;
    assert.deepEqual([text(1.4), text(2.8)], ["00:01", "00:01:30"]);
  });
  test("one point has none", () => {
    assert.deepEqual(labels(everySecond(1)), []);
  });
});

describe("gaps", () => {
  const places = [10, 20, 30, 40, 50];
  const five = () => everySecond(5);
  test("one that is missing lies between the points around it", () => {
    const points = five();
    points[2].gap = { filled: false, text: "" };
    assert.deepEqual(gapSpans(points, places, 0), [{ left: 20, wide: 10, filled: false }]);
  });
  test("one that was filled reaches over all that came late", () => {
    const points = five();
    points[1].gap = { filled: true, text: "" };
    for (const i of [1, 2, 3]) points[i].late = true;
    assert.deepEqual(gapSpans(points, places, 0), [{ left: 10, wide: 40, filled: true }]);
  });
  test("one that was filled may reach to the latest point", () => {
    const points = five();
    points[3].gap = { filled: true, text: "" };
    points[3].late = points[4].late = true;
    assert.deepEqual(gapSpans(points, places, 0), [{ left: 30, wide: 20, filled: true }]);
  });
  test("candles begin and end half their width from their places", () => {
    const points = five();
    points[2].gap = { filled: false, text: "" };
    assert.deepEqual(gapSpans(points, places, 3), [{ left: 23, wide: 4, filled: false }]);
  });
  test("before the first point there is a narrow one", () => {
    const points = five();
    points[0].gap = { filled: false, text: "" };
    assert.deepEqual(gapSpans(points, places, 0), [{ left: 4, wide: 6, filled: false }]);
  });
  test("none is too narrow to be seen", () => {
    const points = five();
    points[1].gap = { filled: false, text: "" };
    assert.equal(gapSpans(points, [10, 10.5, 30, 40, 50], 0)[0].wide, 3);
  });
});

describe("strokes", () => {
  const shown = (points) => strokes(points).map(({ from, to, dashed }) => `${from}${dashed ? "~" : "-"}${to}`);
  test("points that look the same are one stroke", () => {
    assert.deepEqual(shown(everySecond(5)), ["0-4"]);
  });
  test("where updates are missing there is no stroke", () => {
    const points = everySecond(5);
    points[2].gap = { filled: false, text: "" };
    assert.deepEqual(shown(points), ["0-1", "2-4"]);
  });
  test("what was fetched late is dashed, from the point before it", () => {
    const points = everySecond(6);
    points[2].gap = { filled: true, text: "" };
    points[2].late = points[3].late = true;
    assert.deepEqual(shown(points), ["0-1", "1~3", "3-5"]);
  });
  test("one point or none has no stroke", () => {
    assert.deepEqual(shown(everySecond(1)), []);
    assert.deepEqual(shown([]), []);
  });
});

describe("pointing", () => {
  test("the nearest point is found, the first of two that are as near", () => {
    assert.equal(nearest([10, 20, 30], 24), 1);
    assert.equal(nearest([10, 20], 15), 0);
    assert.equal(nearest([10, 20], -5), 0);
    assert.equal(nearest([], 5), 0);
  });
  test("keys go to the neighbours, and stop at the ends", () => {
    assert.equal(pointAfter("ArrowLeft", 3, 9, false), 2);
    assert.equal(pointAfter("ArrowRight", 9, 9, false), 9);
    assert.equal(pointAfter("ArrowLeft", 0, 9, false), 0);
    assert.equal(pointAfter("ArrowRight", 0, 9, false), 1);
    assert.equal(pointAfter("ArrowLeft", 3, 9, true), 0);
    assert.equal(pointAfter("ArrowRight", 3, 30, true), 13);
    assert.equal(pointAfter("Home", 3, 9, false), 0);
    assert.equal(pointAfter("End", 3, 9, false), 9);
  });
  test("they begin at the latest point", () => {
    assert.equal(pointAfter("ArrowLeft", -1, 9, false), 9);
    assert.equal(pointAfter("ArrowRight", -1, 9, false), 9);
  });
  test("Escape points at none, and other keys mean nothing", () => {
    assert.equal(pointAfter("Escape", 3, 9, false), -1);
    assert.equal(pointAfter("a", 3, 9, false), undefined);
  });
});
