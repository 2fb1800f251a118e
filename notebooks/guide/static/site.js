// What is wider than its place scrolls: let the keyboard reach it, too.
const PLACES = ["pre", ".table-wrapper", ".cell_output .output.text_html"];

function reach() {
  for (const place of document.querySelectorAll(PLACES.join())) {
    if (place.scrollWidth > place.clientWidth) place.tabIndex = 0;
    else place.removeAttribute("tabindex");
  }
}

new ResizeObserver(reach).observe(document.documentElement);
