import assert from "node:assert/strict";
import { test } from "node:test";
import { abilitiesOf, sameScopes, withScope } from "../../dpyauth/panels/js/scopes.js";

test("a scope is added or taken away, and the list before stays as it was", () => {
  const before = ["read"];
  assert.deepEqual(withScope(before, "trade", true), ["read", "trade"]);
  assert.deepEqual(withScope(before, "read", false), []);
  assert.deepEqual(before, ["read"]);
});

test("the order of scopes does not matter", () => {
  assert.ok(sameScopes(["read", "trade"], ["trade", "read"]));
  assert.ok(sameScopes([], []));
  assert.ok(!sameScopes(["read"], ["read", "trade"]));
  assert.ok(!sameScopes(["read"], ["trade"]));
});

test("any one of its scopes is enough for an ability", () => {
  const abilities = { see: ["read", "trading_information"], trade: ["trade"], never: [] };
  assert.deepEqual(abilitiesOf(abilities, ["trading_information"]), { can: ["see"], cannot: ["trade", "never"] });
  assert.deepEqual(abilitiesOf(abilities, []), { can: [], cannot: ["see", "trade", "never"] });
});
