import { element } from "./elements.js";

/**
 * Hide the still of a panel, which is beside it in the notebook, for as long as the panel is there.
 *
 * A notebook that is opened again may bring the panel back from its saved state, without a kernel: such a panel is
 * dead, so it goes, and the still is seen. Return a function that shows the still again.
 *
 * @template {PanelView} View
 * @param {WidgetModel<View>} model
 * @param {HTMLElement} root
 * @returns {() => void}
 */
export function hideStill(model, root) {
  const name = model.get("still");
  const hiding = element("style", {}, `.${name} { display: none }`);
  document.head.append(hiding); // from there it works for a panel within a shadow root, too
  const hideDead = (/** @type {{ comm_live?: boolean } | undefined} */ widget) => {
    if (widget?.comm_live !== false || !document.querySelector(`.${name}`)) return;
    hiding.remove();
    root.style.display = "none";
  };
  Promise.resolve(model.widget_manager?.get_model?.(name.replace("dpyauth-", ""))).then(hideDead, () => {});
  return () => hiding.remove();
}
