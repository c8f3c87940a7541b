// Lines over each other, with axes and a cursor that shows their values.

import { h, svg } from "./dom.js";

const LEFT = 58, RIGHT = 12, TOP = 8, BOTTOM = 24, HEIGHT = 210;
export const STYLES = 8;  // colours; further lines repeat them with other dashes

export function styleOf(number) {
  return `line c${number % STYLES} d${Math.floor(number / STYLES) % 3 + (number % STYLES) % 2}`;
}

export function sample(number) {
  return svg("svg", { viewBox: "0 0 24 10", class: "sample", "aria-hidden": "true" }, svg("path", { class: styleOf(number), d: "M0 5H24" }));
}

export function number(value) {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e7)) return value.toExponential(2).replace(/\.?0+e/, "e");
  return String(Number(value.toPrecision(5)));
}

// About `wanted` round numbers between two, at least one.
export function ticks(low, high, wanted) {
  const rough = (high - low) / wanted || 1, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map(one => one * power).find(one => one >= rough) ?? rough;
  const found = [];
  for (let at = Math.ceil(low / step); at * step <= high + step * 1e-9; at++) found.push(Number((at * step).toPrecision(12)));
  return found;
}

function extent(values) {
  let low = Infinity, high = -Infinity;
  for (const one of values) { if (one < low) low = one; if (one > high) high = one; }
  if (low === high) { const more = Math.abs(low) * 0.1 || 0.5; return [low - more, high + more]; }
  return [low, high];
}

function nearest(points, x) {
  let low = 0, high = points.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (points[middle][0] < x) low = middle; else high = middle;
  }
  return Math.abs(points[low][0] - x) <= Math.abs(points[high][0] - x) ? low : high;
}

export class Chart {
  constructor(title) {
    this.lines = [];
    this.title = h("h2", {}, title);
    this.drawing = svg("svg", { role: "img", tabindex: 0, "aria-label": title });
    this.readout = h("div", { class: "readout" });
    this.element = h("section", { class: "chart" }, this.title, this.drawing, this.readout);
    this.drawing.addEventListener("pointermove", event => this.point(event.offsetX));
    this.drawing.addEventListener("pointerdown", event => this.point(event.offsetX));
    this.drawing.addEventListener("pointerleave", () => this.leave());
    this.drawing.addEventListener("keydown", event => this.pressed(event));
    this.resized = new ResizeObserver(() => this.draw());
    this.resized.observe(this.element);
  }

  close() {
    this.resized.disconnect();
  }

  // lines: [{ name, style, points: [[x, y], ...] by x }]; how: { log, x: text of an x }.
  show(lines, how) {
    this.how = how;
    this.lines = lines.map(one => ({ ...one, points: how.log ? one.points.filter(point => point[1] > 0) : one.points }))
      .filter(one => one.points.length);
    this.draw();
  }

  draw() {
    const width = Math.floor(this.element.clientWidth) - 2;
    this.drawing.replaceChildren();
    if (width < 80 || !this.lines.length) return;
    this.width = width;
    this.drawing.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    this.drawing.setAttribute("height", HEIGHT);
    const level = this.how.log ? Math.log10 : value => value;
    const points = this.lines.flatMap(one => one.points);
    const [left, right] = extent(points.map(one => one[0]));
    const [low, high] = extent(points.map(one => level(one[1])));
    this.x = value => LEFT + (value - left) / (right - left) * (width - LEFT - RIGHT);
    this.y = value => HEIGHT - BOTTOM - (level(value) - low) / (high - low) * (HEIGHT - TOP - BOTTOM);
    this.back = pixel => left + (pixel - LEFT) / (width - LEFT - RIGHT) * (right - left);
    this.axes(left, right, low, high);
    for (const one of this.lines) {
      const path = one.points.map(([x, y], at) => `${at ? "L" : "M"}${this.x(x).toFixed(1)} ${this.y(y).toFixed(1)}`).join("");
      this.drawing.append(svg("path", { class: styleOf(one.style), d: one.points.length > 1 ? path : `${path}h1` }));
    }
    this.cursor = svg("g", { class: "cursor" });
    this.drawing.append(this.cursor);
    if (this.at !== undefined) this.mark(this.at);
  }

  axes(left, right, low, high) {
    const bottom = HEIGHT - BOTTOM, wide = Math.max(2, Math.floor(this.width / 110));
    for (const level of ticks(low, high, 5)) {
      const value = this.how.log ? 10 ** level : level, y = this.y(value);
      this.drawing.append(svg("path", { class: "grid", d: `M${LEFT} ${y.toFixed(1)}H${this.width - RIGHT}` }),
        svg("text", { x: LEFT - 6, y: y + 4, "text-anchor": "end" }, number(value)));
    }
    this.drawing.append(svg("path", { class: "frame", d: `M${LEFT} ${TOP}V${bottom}H${this.width - RIGHT}` }));
    for (const value of ticks(left, right, wide)) {
      const x = this.x(value);
      this.drawing.append(svg("path", { class: "frame", d: `M${x.toFixed(1)} ${bottom}v4` }),
        svg("text", { x, y: bottom + 17, "text-anchor": x > this.width - 40 ? "end" : "middle" }, this.how.x(value)));
    }
  }

  point(pixel) {
    if (this.back && this.lines.length) this.mark(this.back(pixel));
  }

  pressed(event) {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by || !this.lines.length) return;
    event.preventDefault();
    event.stopPropagation();
    const points = this.lines[0].points;
    const at = this.at === undefined ? points.length - 1 : nearest(points, this.at) + by;
    this.mark(points[Math.min(Math.max(at, 0), points.length - 1)][0]);
  }

  mark(x) {
    this.at = x;
    const lines = this.lines.map(one => ({ ...one, point: one.points[nearest(one.points, x)] }));
    const place = this.x(lines.reduce((best, one) => (Math.abs(one.point[0] - x) < Math.abs(best - x) ? one.point[0] : best), lines[0].point[0]));
    this.cursor.replaceChildren(svg("path", { class: "frame", d: `M${place.toFixed(1)} ${TOP}V${HEIGHT - BOTTOM}` }),
      ...lines.map(one => svg("circle", { class: `${styleOf(one.style)} full`, cx: this.x(one.point[0]).toFixed(1), cy: this.y(one.point[1]).toFixed(1), r: 3 })));
    this.readout.replaceChildren(...lines.map(one => h("span", {}, sample(one.style),
      `${one.name} ${number(one.point[1])} `, h("span", { class: "faint" }, `at ${this.how.x(one.point[0])}`))));
  }

  leave() {
    this.at = undefined;
    this.cursor?.replaceChildren();
    this.readout.replaceChildren();
  }
}

