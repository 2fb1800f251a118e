// A chart on a canvas: ticks as a line, candles as candles. A point is {t, p, late, gap}: seconds since 1970; the price,
// or open, high, low and close; whether it was fetched after a break; and what was missed just before it.

const TALL = 280; // px
const APART = 84; // px between two labels of the time axis, at least
const LONG = 12; // a pause of more than so many usual steps is drawn as so many: a night without updates leaves room
const ROOMY = 40; // so many usual steps are drawn, at least: a few points do not fill the chart
const ROUND = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400, 172800, 604800, 2592000];
const COLOURS = ["text", "soft", "back", "line", "price", "up", "down", "late"];

const clock = (seconds) => new Date(seconds * 1000).toISOString().slice(11, 19);
const day = (seconds) => new Date(seconds * 1000).toISOString().slice(0, 10);

// `read(point)` is called with the point that the user points at, or with null; `zone` names the time of the axis.
function chart({ id, zone, read }) {
  const canvas = element("canvas", { id, class: "dpyauth-canvas", role: "img", tabindex: 0 });
  const probe = element("span", { hidden: true });
  const node = element("div", { class: "dpyauth-chart", style: `height: ${TALL}px` }, canvas, probe);
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  let points = [];
  let digits = 2;
  let colours = null;
  let places = []; // px of each point on show
  let pointed = null; // the time of the point that the user points at
  let asked = null;
  let visible = true;

  function show(all, places) {
    [points, digits] = [all, places];
    request();
  }

  // At most once for each picture of the browser, and not where it is not seen.
  function request() {
    if (asked !== null || !visible) return;
    const now = () => {
      asked = null;
      draw();
    };
    asked = still.matches ? setTimeout(now, 1000) : requestAnimationFrame(now);
  }

  function learnColours() {
    colours = {};
    for (const name of COLOURS) {
      probe.style.color = `var(--dp-${name})`;
      colours[name] = getComputedStyle(probe).color;
    }
  }

  function usualStep() {
    const steps = points.slice(1).map((point, i) => point.t - points[i].t).sort((a, b) => a - b);
    return steps[steps.length >> 1] || 1;
  }

  function draw() {
    const { clientWidth: width, clientHeight: height } = canvas;
    if (!width || !canvas.isConnected) return;
    const scale = window.devicePixelRatio || 1;
    if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
      canvas.width = Math.round(width * scale);
      canvas.height = Math.round(height * scale);
    }
    if (!colours) learnColours();
    const pen = canvas.getContext("2d");
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    pen.clearRect(0, 0, width, height);
    pen.font = `12px ${getComputedStyle(canvas).fontFamily}`;
    pen.textBaseline = "middle";
    if (!points.length) return;

    const candles = points[0].p.length > 1;
    const low = Math.min(...points.map(({ p }) => Math.min(...p)));
    const high = Math.max(...points.map(({ p }) => Math.max(...p)));
    const room = (high - low) * 0.08 || 10 ** -digits;
    const [bottom, top] = [low - room, high + room];
    const right = width - pen.measureText(high.toFixed(digits)).width - 18;
    const floor = height - 24;
    const y = (price) => 8 + ((top - price) / (top - bottom)) * (floor - 8);

    const usual = usualStep();
    let far = 0;
    const along = points.map((point, i) => (far += i ? Math.min(point.t - points[i - 1].t, usual * LONG) : 0));
    const step = (right - 8) / (Math.max(far, usual * ROOMY) + (candles ? usual : 0)); // px per second
    const half = candles ? (usual * step) / 2 : 0;
    places = along.map((x) => 4 + half + x * step);

    drawPrices(pen, bottom, top, right, y);
    pen.fillText(zone, right + 9, floor + 13);
    drawTimes(pen, step, right, floor);
    drawGaps(pen, half, floor);
    if (candles) drawCandles(pen, half, y);
    else drawLine(pen, y);
    drawLast(pen, candles, right, y);
    drawPointed(pen, candles, floor, y);
  }

  function drawPrices(pen, bottom, top, right, y) {
    const rough = (top - bottom) / 5;
    const tenth = 10 ** Math.floor(Math.log10(rough));
    const step = Math.max([1, 2, 5, 10].map((n) => n * tenth).find((n) => n >= rough), 10 ** -digits);
    const last = y(points.at(-1).p.at(-1));
    pen.strokeStyle = colours.line;
    pen.fillStyle = colours.soft;
    pen.lineWidth = 1;
    pen.textAlign = "left";
    for (let price = Math.ceil(bottom / step) * step; price < top; price += step) {
      const at = Math.round(y(price)) + 0.5;
      pen.globalAlpha = 0.5;
      line(pen, 0, at, right, at);
      pen.globalAlpha = 1;
      if (Math.abs(at - last) > 17) pen.fillText(price.toFixed(digits), right + 9, at);
    }
  }

  function drawTimes(pen, pace, right, floor) {
    const step = ROUND.find((n) => n * pace >= APART) ?? ROUND.at(-1);
    pen.textAlign = "center";
    let last = -APART;
    for (let i = 1; i < points.length; i++) {
      const t = Math.floor(points[i].t / step) * step;
      if (t <= points[i - 1].t || places[i] - last < APART) continue;
      const x = places[i] - ((points[i].t - t) / (points[i].t - points[i - 1].t)) * (places[i] - places[i - 1]);
      if (x > right - 20 || x < 24) continue;
      pen.fillText(step < 86400 ? clock(t).slice(0, step < 60 ? 8 : 5) : day(t).slice(5), x, floor + 13);
      line(pen, x, floor, x, floor + 4);
      last = x;
    }
    line(pen, 0, floor + 0.5, right, floor + 0.5);
  }

  // Shaded where what was missed has been fetched, hatched where it is missing.
  function drawGaps(pen, half, floor) {
    points.forEach(({ gap }, i) => {
      if (!gap) return;
      let end = i;
      while (gap.filled && points[end].late && end < points.length - 1) end++;
      const left = i ? places[i - 1] + half : places[i] - half - 6;
      const wide = Math.max(places[end] - half - left, 3);
      pen.fillStyle = colours.late;
      pen.globalAlpha = 0.14;
      pen.fillRect(left, 8, wide, floor - 8);
      if (!gap.filled) {
        pen.save();
        pen.beginPath();
        pen.rect(left, 8, wide, floor - 8);
        pen.clip();
        pen.globalAlpha = 0.7;
        pen.strokeStyle = colours.late;
        for (let x = left - floor; x < left + wide; x += 8) line(pen, x, floor, x + floor, 0);
        pen.restore();
      }
      pen.globalAlpha = 1;
    });
  }

  function drawLine(pen, y) {
    pen.lineWidth = 1.75;
    pen.lineJoin = "round";
    for (let i = 1; i < points.length; i++) {
      const { late, gap } = points[i];
      if (gap && !gap.filled) continue; // what was between is not known
      const dashed = Boolean(late || gap);
      pen.strokeStyle = dashed ? colours.late : colours.price;
      pen.setLineDash(dashed ? [4, 3] : []);
      pen.beginPath();
      pen.moveTo(places[i - 1], y(points[i - 1].p[0]));
      // As one stroke, as far as it looks the same.
      for (; i < points.length; i++) {
        pen.lineTo(places[i], y(points[i].p[0]));
        const next = points[i + 1];
        if (!next || next.gap || Boolean(next.late) !== dashed) break;
      }
      pen.stroke();
    }
    pen.setLineDash([]);
  }

  // Rising ones are hollow, falling ones full: not by colour alone.
  function drawCandles(pen, half, y) {
    const wide = Math.max(half * 1.3, 1);
    points.forEach(({ p: [open, high, low, close], late }, i) => {
      const x = Math.round(places[i]) + 0.5;
      const rises = close >= open;
      pen.strokeStyle = pen.fillStyle = late ? colours.late : rises ? colours.up : colours.down;
      pen.lineWidth = 1;
      line(pen, x, y(high), x, y(low));
      const [above, tall] = [y(Math.max(open, close)), Math.max(Math.abs(y(open) - y(close)), 1)];
      if (rises && wide > 3) {
        pen.save();
        pen.fillStyle = colours.back;
        pen.fillRect(x - wide / 2, above, wide, tall);
        pen.restore();
        pen.strokeRect(x - wide / 2, above, wide, tall);
      } else pen.fillRect(x - wide / 2, above, wide, tall);
    });
  }

  function drawLast(pen, candles, right, y) {
    const price = points.at(-1).p.at(-1);
    const at = y(price);
    pen.strokeStyle = pen.fillStyle = colours.price;
    pen.lineWidth = 1;
    pen.setLineDash([2, 3]);
    line(pen, places.at(-1), at, right, at);
    pen.setLineDash([]);
    if (!candles) dot(pen, places.at(-1), at, 3);
    const text = price.toFixed(digits);
    pen.beginPath();
    pen.roundRect(right + 3, at - 9, pen.measureText(text).width + 12, 18, 4);
    pen.fill();
    pen.fillStyle = "#fff";
    pen.textAlign = "left";
    pen.fillText(text, right + 9, at + 0.5);
  }

  function drawPointed(pen, candles, floor, y) {
    const i = where();
    if (i < 0) return;
    pen.strokeStyle = colours.soft;
    pen.setLineDash([3, 3]);
    line(pen, places[i], 8, places[i], floor);
    pen.setLineDash([]);
    pen.fillStyle = colours.text;
    if (!candles) dot(pen, places[i], y(points[i].p[0]), 4);
  }

  function line(pen, x0, y0, x1, y1) {
    pen.beginPath();
    pen.moveTo(x0, y0);
    pen.lineTo(x1, y1);
    pen.stroke();
  }

  function dot(pen, x, y, size) {
    pen.beginPath();
    pen.arc(x, y, size, 0, 2 * Math.PI);
    pen.fill();
  }

  // Pointing at it: with the mouse, a finger, or the arrow keys.

  const where = () => (pointed === null ? -1 : points.findIndex(({ t }) => t === pointed));

  function point(i) {
    const found = points[i] ?? null;
    pointed = found?.t ?? null;
    read(found);
    request();
  }

  canvas.addEventListener("pointermove", ({ offsetX }) => {
    let best = 0;
    places.forEach((x, i) => (best = Math.abs(x - offsetX) < Math.abs(places[best] - offsetX) ? i : best));
    point(best);
  });
  canvas.addEventListener("pointerleave", () => point(-1));
  canvas.addEventListener("blur", () => point(-1));
  canvas.addEventListener("keydown", (event) => {
    const last = points.length - 1;
    const now = where();
    const far = event.shiftKey ? 10 : 1;
    const to = {
      ArrowLeft: now < 0 ? last : Math.max(now - far, 0),
      ArrowRight: now < 0 ? last : Math.min(now + far, last),
      Home: 0,
      End: last,
      Escape: -1,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    point(to);
  });

  // Whether there is anything to draw on, and in which colours.

  const sizes = new ResizeObserver(request);
  const sights = new IntersectionObserver((changes) => {
    visible = changes.at(-1).isIntersecting;
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
    cancelAnimationFrame(asked);
    clearTimeout(asked);
  }

  return { node, canvas, show, request, end };
}
