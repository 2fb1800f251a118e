import { paint } from "./chart_paint.js";
import { element } from "./elements.js";
import { nearest, pointAfter } from "./scales.js";

const TALL = 280; // px
const UNHURRIED = 1000; // ms between two pictures where the user wants less motion
const COLOURS = ["text", "soft", "back", "line", "price", "up", "down", "late"];

/**
 * Make a chart of ticks or candles.
 *
 * Return `node`; its `canvas`; `show(points, digits)`, which draws these points, with prices of so many decimals; and
 * `end()`.
 *
 * @param {object} options
 * @param {string} options.id
 * @param {Translate} options.t
 * @param {(point: ChartPoint | null) => void} options.read - called with the point that the user points at
 */
export function chart({ id, t, read }) {
  const canvas = element("canvas", { id, class: "dpyauth-canvas", role: "img", tabindex: 0 });
  const probe = element("span", { hidden: true });
  const node = element("div", { class: "dpyauth-chart", style: `height: ${TALL}px` }, canvas, probe);
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  /** @type {ChartPoint[]} */
  let points = [];
  let digits = 2;
  /** @type {Record<string, string> | null} */
  let colours = null;
  /** @type {number[]} */
  let places = []; // px of each point on show
  /** @type {number | null} */
  let pointed = null; // the time of the point that the user points at: its place changes with every update
  /** @type {number | null} */
  let asked = null; // the picture that is asked for
  let visible = true;

  function show(/** @type {ChartPoint[]} */ all, /** @type {number} */ decimals) {
    [points, digits] = [all, decimals];
    request();
  }

  // Draws at most once for each picture of the browser, and not where it is not seen.
  function request() {
    if (asked !== null || !visible) return;
    const now = () => {
      asked = null;
      draw();
    };
    asked = still.matches ? setTimeout(now, UNHURRIED) : requestAnimationFrame(now);
  }

  // A canvas knows no custom properties of CSS: an element that is not seen tells what they are.
  function learnColours() {
    return Object.fromEntries(
      COLOURS.map((name) => {
        probe.style.color = `var(--dp-${name})`;
        return [name, getComputedStyle(probe).color];
      }),
    );
  }

  function draw() {
    const { clientWidth: width, clientHeight: height } = canvas;
    const pen = canvas.getContext("2d");
    if (!pen || !width || !canvas.isConnected) return;
    const scale = window.devicePixelRatio || 1;
    if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
      canvas.width = Math.round(width * scale);
      canvas.height = Math.round(height * scale);
    }
    colours ??= learnColours();
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    pen.clearRect(0, 0, width, height);
    const font = `12px ${getComputedStyle(canvas).fontFamily}`;
    const words = { language: t("lang"), zone: t("axis") };
    const painted = paint(pen, { points, digits, colours, font, ...words, pointed: where() }, width, height);
    if (points.length) places = painted;
  }

  // Pointing at a point: with the mouse, a finger, or the arrow keys.

  const where = () => (pointed === null ? -1 : points.findIndex(({ t }) => t === pointed));

  function point(/** @type {number} */ i) {
    const found = points[i] ?? null;
    pointed = found?.t ?? null;
    read(found);
    request();
  }

  canvas.addEventListener("pointermove", ({ offsetX }) => point(nearest(places, offsetX)));
  canvas.addEventListener("pointerleave", () => point(-1));
  canvas.addEventListener("blur", () => point(-1));
  canvas.addEventListener("keydown", (event) => {
    const to = pointAfter(event.key, where(), points.length - 1, event.shiftKey);
    if (to === undefined) return;
    event.preventDefault();
    point(to);
  });

  // Whether there is anything to draw on, and in which colours.

  const sizes = new ResizeObserver(request);
  const sights = new IntersectionObserver((changes) => {
    visible = changes[changes.length - 1].isIntersecting;
    request();
  });
  const themes = new MutationObserver(() => {
    colours = null;
    request();
  });
  sizes.observe(node);
  sights.observe(node);
  themes.observe(document.body, { attributes: true });

  function end() {
    for (const each of [sizes, sights, themes]) each.disconnect();
    cancelAnimationFrame(asked ?? 0);
    clearTimeout(asked ?? 0);
  }

  return { node, canvas, show, end };
}
