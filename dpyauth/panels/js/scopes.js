// Scopes of a token or an app: what they allow, and choosing them one by one.

import { element } from "./elements.js";

/**
 * Return scopes with one more, or without one.
 *
 * @param {string[]} scopes
 * @param {string} scope
 * @param {boolean} wanted
 */
export const withScope = (scopes, scope, wanted) =>
  wanted ? [...scopes, scope] : scopes.filter((one) => one !== scope);

/**
 * Return whether two lists hold the same scopes.
 *
 * @param {string[]} one
 * @param {string[]} other
 */
export const sameScopes = (one, other) => one.length === other.length && one.every((scope) => other.includes(scope));

/**
 * Split abilities into those that scopes give, and the others. Any one of its scopes is enough for an ability.
 *
 * @param {Record<string, string[]>} abilities
 * @param {string[]} scopes
 */
export function abilitiesOf(abilities, scopes) {
  const names = Object.keys(abilities);
  const has = (/** @type {string} */ name) => abilities[name].some((scope) => scopes.includes(scope));
  return { can: names.filter(has), cannot: names.filter((name) => !has(name)) };
}

/**
 * Make boxes to tick, one for each scope.
 *
 * @param {object} options
 * @param {string} options.id - of the panel
 * @param {Texts} options.labels - by scope
 * @param {() => string[]} options.chosen
 * @param {(scopes: string[]) => void} options.choose
 * @param {ElementProperties} [options.properties]
 */
export function scopeBoxes({ id, labels, chosen, choose, properties = {} }) {
  const tick = (/** @type {[scope: string, label: string]} */ [scope, label]) => {
    const box = element("input", { id: `${id}-scope-${scope}`, type: "checkbox", "data-set": true });
    box.checked = chosen().includes(scope);
    box.addEventListener("change", () => choose(withScope(chosen(), scope, box.checked)));
    return element("label", {}, box, label);
  };
  return element("div", { class: "dpyauth-manage-ticks", ...properties }, Object.entries(labels).map(tick));
}
