import { KEEPING, putBack, stateOf } from "./kept_state.js";

/**
 * Note what is being typed in a panel, where the cursor is, and what has the focus, before the panel is redrawn.
 *
 * Return a function to call afterwards, when other elements are in the place of the old ones. It gives the focus to the
 * first of these that there is: `data-grab`, wherever in the panel the focus was; the element with the same id;
 * `data-focus`; the element with the same text, at the same place among those with that text; tabindex -1. A panel that
 * did not have the focus never takes it.
 *
 * @param {HTMLElement} root
 * @returns {() => void}
 */
export function carryOver(root) {
  const { activeElement } = /** @type {Document | ShadowRoot} */ (root.getRootNode());
  const focused = root.contains(activeElement) ? /** @type {HTMLElement} */ (activeElement) : null;
  const cursor = focused && "selectionStart" in focused ? cursorOf(/** @type {HTMLInputElement} */ (focused)) : null;
  const nth = focused ? alike(root, focused).indexOf(focused) : -1;
  const states = new Map(
    [...root.querySelectorAll(KEEPING)].map((each) => [each.id, stateOf(/** @type {HTMLElement} */ (each))]),
  );

  return () => {
    for (const [id, state] of states) {
      const again = findById(root, id);
      if (again) putBack(again, state);
    }
    if (focused) giveFocus(root, focused, nth, cursor);
  };
}

/**
 * Find an element of a panel by its id; null for an empty id.
 *
 * @param {HTMLElement} root
 * @param {string} id
 * @returns {HTMLElement | null}
 */
export const findById = (root, id) => (id ? root.querySelector(`#${CSS.escape(id)}`) : null);

/**
 * @param {HTMLInputElement} field
 * @returns {[start: number | null, end: number | null]}
 */
const cursorOf = ({ selectionStart, selectionEnd }) => [selectionStart, selectionEnd];

/**
 * Return the elements of the same kind that have the same text.
 *
 * @param {HTMLElement} root
 * @param {HTMLElement} one
 * @returns {HTMLElement[]}
 */
function alike(root, one) {
  const same = /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll(one.tagName));
  return [...same].filter((each) => each.textContent === one.textContent);
}

/**
 * @param {HTMLElement} root
 * @param {HTMLElement} focused - what had the focus
 * @param {number} nth - its place among those alike
 * @param {[start: number | null, end: number | null] | null} cursor
 */
function giveFocus(root, focused, nth, cursor) {
  /** @type {HTMLElement | null} */
  const grab = root.querySelector("[data-grab]");
  /** @type {HTMLElement | null} */
  const fallback = root.querySelector("[data-focus]");
  /** @type {HTMLElement | null} */
  const lastResort = root.querySelector("[tabindex='-1']");
  const again = grab ?? findById(root, focused.id) ?? fallback ?? (focused.id ? null : alike(root, focused)[nth]);
  const disabled = again && "disabled" in again && again.disabled;
  (again && !disabled ? again : (fallback ?? lastResort))?.focus({ preventScroll: true });
  if (cursor && again && "setSelectionRange" in again && again.id === focused.id) {
    try {
      /** @type {HTMLInputElement} */ (again).setSelectionRange(...cursor);
    } catch {} // a field that has a cursor but no text, such as a checkbox
  }
}
