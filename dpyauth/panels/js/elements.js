/**
 * Make an element. A property that is a function listens to the event of its name; null, undefined and false set nothing.
 *
 * Children are set as text or nodes, never as HTML: nothing that Deriv sends can become markup.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {ElementProperties} [properties]
 * @param {Children[]} children
 */
export function element(tag, properties = {}, ...children) {
  const { class: classes, ...rest } = properties;
  const made = document.createElement(tag);
  if (classes) made.className = classes;
  for (const [name, value] of Object.entries(rest)) {
    if (typeof value === "function") made.addEventListener(name.slice(2), /** @type {EventListener} */ (value));
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== undefined && value !== null) made.setAttribute(name, String(value));
  }
  made.append(...present(children));
  return made;
}

/**
 * Return the nodes and texts among children, without the lists they are in.
 *
 * @param {Children} children
 * @returns {(Node | string)[]}
 */
export function present(children) {
  if (Array.isArray(children)) return children.flatMap(present);
  return children === null || children === undefined ? [] : [children];
}

/**
 * Make a button that does not submit a form.
 *
 * @param {string} text
 * @param {((event: MouseEvent) => void) | null} onclick
 * @param {ElementProperties} [properties]
 */
export const button = (text, onclick, properties = {}) =>
  element("button", { class: "dpyauth-button", type: "button", onclick, ...properties }, text);

/**
 * Make a badge; `kind` is the class that colours it.
 *
 * @param {string} kind
 * @param {string} text
 * @param {ElementProperties} [properties]
 */
export const badge = (kind, text, properties = {}) =>
  element("span", { class: `dpyauth-badge dpyauth-${kind}`, ...properties }, text);
