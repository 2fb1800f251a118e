import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { matchingCalls, placeAfter } from "../../dpyauth/panels/js/call_match.js";

const CALLS = [
  { name: "account_status", summary: "What Deriv asks of the account" },
  { name: "buy", summary: "Buy a contract" },
  { name: "statement", summary: "Transactions of the account" },
  { name: "ticks", summary: "Prices, status included" },
];
const names = (query) => matchingCalls(CALLS, query).map(({ name }) => name);

describe("search", () => {
  test("without a word all calls match, in their order", () => {
    assert.deepEqual(names("  "), ["account_status", "buy", "statement", "ticks"]);
  });
  test("a call whose name begins so comes first", () => {
    assert.deepEqual(names("stat"), ["statement", "account_status", "ticks"]);
  });
  test("every word has to be there, in any order and case", () => {
    assert.deepEqual(names("ACCOUNT transactions"), ["statement"]);
    assert.deepEqual(names("account nothing"), []);
  });
  test("a name is found with spaces, too", () => {
    assert.deepEqual(names("account status"), ["account_status"]);
  });
});

describe("keys", () => {
  test("arrows go along the list, and stop at its ends", () => {
    assert.equal(placeAfter("ArrowDown", -1, 3), 0);
    assert.equal(placeAfter("ArrowDown", 2, 3), 2);
    assert.equal(placeAfter("ArrowUp", -1, 3), 0);
    assert.equal(placeAfter("ArrowUp", 2, 3), 1);
  });
  test("Home and End are for the text until a place is active", () => {
    assert.equal(placeAfter("Home", -1, 3), undefined);
    assert.equal(placeAfter("Home", 1, 3), 0);
    assert.equal(placeAfter("End", 0, 3), 2);
  });
  test("nothing is active in an empty list", () => {
    assert.equal(placeAfter("ArrowDown", -1, 0), undefined);
  });
  test("other keys are for the text", () => {
    assert.equal(placeAfter("a", 1, 3), undefined);
  });
});
