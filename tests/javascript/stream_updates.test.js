import assert from "node:assert/strict";
import { test } from "node:test";
import { addUpdates, summary } from "../../dpyauth/panels/js/stream_updates.js";

const point = (t, ...p) => ({ t, p });

test("new points follow those before", () => {
  const before = [point(1, 5)];
  assert.deepEqual(addUpdates(before, [point(2, 6), point(3, 7)], false, 10), [point(1, 5), point(2, 6), point(3, 7)]);
});

test("a point at the time of the last one replaces it, and keeps what it had beside the price", () => {
  const gap = { filled: true, text: "gap" };
  const before = [{ ...point(60, 1, 2, 0, 1), gap, late: true }];
  const [candle, ...more] = addUpdates(before, [point(60, 1, 3, 0, 2)], false, 10);
  assert.deepEqual(candle, { t: 60, p: [1, 3, 0, 2], gap, late: true });
  assert.deepEqual(more, []);
});

test("only the latest are kept", () => {
  const all = addUpdates([point(1, 1), point(2, 2)], [point(3, 3), point(4, 4)], false, 3);
  assert.deepEqual(
    all.map(({ t }) => t),
    [2, 3, 4],
  );
});

test("what begins anew drops what was there, without touching what is shown while paused", () => {
  const before = [point(1, 1)];
  assert.deepEqual(addUpdates(before, [point(1, 9)], true, 10), [point(1, 9)]);
  assert.deepEqual(before, [point(1, 1)]);
});

test("rows of a table have no times: none replaces another", () => {
  const row = { cells: ["a"] };
  assert.equal(addUpdates([row], [row, row], false, 10).length, 3);
});

test("a rise, and its extremes", () => {
  assert.deepEqual(summary([point(1, 100), point(2, 90), point(3, 110)]), {
    since: 1,
    until: 3,
    end: 110,
    percent: 10,
    way: "up",
    low: 90,
    high: 110,
  });
});

test("a fall is told without its sign", () => {
  const { percent, way } = summary([point(1, 100), point(2, 75)]);
  assert.deepEqual([percent, way], [25, "down"]);
});

test("a change that rounds to nothing is none", () => {
  const { percent, way } = summary([point(1, 100_000), point(2, 100_001)]);
  assert.deepEqual([percent, way], [0.001, "same"]);
});

test("a fall below zero counts from the size of the first price", () => {
  assert.equal(summary([point(1, -10), point(2, -5)]).way, "up");
  assert.equal(summary([point(1, 0), point(2, 5)]).way, "same");
});

test("candles change from the first opening to the last close", () => {
  const { end, way, low, high } = summary([point(0, 10, 20, 5, 15), point(60, 15, 18, 8, 9)]);
  assert.deepEqual([end, way, low, high], [9, "down", 5, 20]);
});
