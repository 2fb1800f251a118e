// The still picture of a panel, which is beside it in the notebook: hidden for as long as the panel is there. A panel that
// was made of saved state, without a kernel, is none: then the picture is to be seen, and the panel is not. Returns a
// function that shows the picture again.

function hideStill(model, root) {
  const name = model.get("still");
  const hiding = element("style", {}, `.${name} { display: none }`);
  document.head.append(hiding); // from where it works for a panel within a shadow, too
  const dead = (whole) => {
    if (whole?.comm_live !== false || !document.querySelector(`.${name}`)) return;
    hiding.remove();
    root.style.display = "none";
  };
  Promise.resolve(model.widget_manager?.get_model?.(name.replace("dpyauth-", ""))).then(dead, () => {});
  return () => hiding.remove();
}
