// What the user has done to a field, a fold or a list that scrolls, and how the element that replaces it gets it.

/** Selector of the elements whose state is kept when a panel is redrawn. They are known by their ids. */
export const KEEPING = "input[id], select[id], textarea[id], details[id], [data-scroll][id]";

/**
 * Return the state of an element.
 *
 * @param {KeepsState} element
 * @returns {KeptState}
 */
export const stateOf = ({ value, checked, open, scrollTop }) => ({ value, checked, open, top: scrollTop });

/**
 * Put a state back into the element that replaces the one it was of.
 *
 * An element with `data-set` was given its value by the body, which knows better; only its scrolling is put back. A
 * choice that is no longer offered is dropped.
 *
 * @param {KeepsState} element
 * @param {KeptState} state
 */
export function putBack(element, { value, checked, open, top }) {
  if (element.dataset.set === undefined) {
    if (element.tagName === "DETAILS") element.open = open;
    else if (element.type === "checkbox" || element.type === "radio") element.checked = checked;
    else if (element.tagName !== "SELECT" || offers(element, value)) element.value = value;
  }
  if (top) element.scrollTop = top;
}

/**
 * @param {KeepsState} element
 * @param {string | undefined} value
 */
const offers = (element, value) => [...(element.options ?? [])].some((option) => option.value === value);
