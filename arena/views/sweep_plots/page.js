"use strict";
// Draws the plots and the table from the data of the page. All texts of the sweep are set as text, never as markup.
const data = JSON.parse(document.getElementById("data").textContent);
const page = document.getElementById("page");
const STATES = { succeeded: "succeeded", failed: "failed", stopped: "stopped early", running: "running" };
const NEAR = 16; // pixels around a trial in which the pointer selects it
const trials = data.trials.map(([number, name, state, seconds, reason, values, recorded, given], index) => {
  const ended = state !== "running";
  const lost = ended && values.length > 0 && typeof values[0] !== "number";
  return { index, number, name, state, kind: lost ? "failed" : state, seconds, reason, values, recorded, given };
});
const filled = new Set(data.filled);
const figures = []; // of each plot: its SVG, its layer for highlights, its trials' shapes and places
const rows = new Map();
let pinned = -1, shown = -1, order = [];

function make(tag, attributes = {}, ...children) {
  const one = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) one.setAttribute(name, value);
  one.append(...children);
  return one;
}

function draw(tag, attributes = {}, text = "") {
  const one = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) one.setAttribute(name, value);
  if (text) one.textContent = text;
  return one;
}

function number(value) {
  if (typeof value !== "number") return value === null ? "" : value;
  if (Number.isInteger(value) && Math.abs(value) < 1e6) return String(value);
  const size = Math.abs(value);
  const text = size < 1e-3 || size >= 1e6 ? value.toExponential(3) : value.toPrecision(4);
  return text.replace(/(\.\d*?)0+(e|$)/, "$1$2").replace(/\.(e|$)/, "$1").replace("e+", "e");
}

function duration(seconds) {
  if (seconds < 100) return `${seconds}s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 100 ? `${minutes}m` : `${Math.floor(minutes / 60)}h${minutes % 60}m`;
}

// Shapes of plots.

function path(shape, style, x, y) {
  return draw("path", { class: style + (filled.has(shape) ? " full" : ""), d: `M${x} ${y}${data.paths[shape]}` });
}

const drawers = {
  frame(figure, left, top, right, bottom, across, up) {
    const grid = up.map(y => `M${left} ${y}H${right}`).join("");
    if (grid) figure.svg.append(draw("path", { class: "grid", d: grid }));
    const ticks = across.map(x => `M${x} ${bottom}v4`).join("");
    figure.svg.append(draw("path", { class: "frame", d: `M${left} ${top}V${bottom}H${right}${ticks}` }));
  },
  text(figure, x, y, content, style, anchor, full) {
    const one = draw("text", { x, y: y + 4, "text-anchor": anchor, class: style }, content);
    if (full) one.append(draw("title", {}, full));
    figure.svg.append(one);
  },
  box(figure, style, corners) {
    let d = "";
    for (let i = 0; i < corners.length; i += 4) {
      const [left, top, right, bottom] = corners.slice(i, i + 4);
      d += `M${left} ${top}H${right}V${bottom}H${left}z`;
    }
    figure.svg.append(draw("path", { class: `${style} full area`, d }));
  },
  line(figure, style, lines) {
    for (const [trial, ...places] of lines) {
      let d = "";
      for (let i = 0; i < places.length; i += 2) d += `${i ? "L" : "M"}${places[i]} ${places[i + 1]}`;
      add(figure, trial, draw("path", { class: style, d }), places);
    }
  },
  mark(figure, shape, style, places) {
    for (let i = 0; i < places.length; i += 3) {
      const [trial, x, y] = places.slice(i, i + 3);
      add(figure, trial, path(shape, style, x, y), [x, y]);
    }
  },
};

function add(figure, trial, shape, places) {
  figure.svg.append(shape);
  if (trial < 0) return;
  shape.dataset.state = trials[trial].kind;
  figure.marks.push({ trial, shape, places });
}

function sample([shape, style, text]) {
  const icon = draw("svg", { viewBox: "0 0 16 16", "aria-hidden": "true" });
  if (shape) icon.append(path(shape, style, 8, 8));
  else if (/^(area|bar)/.test(style)) icon.append(draw("path", { class: `${style} full area`, d: "M2 2h12v12h-12z" }));
  else icon.append(draw("path", { class: style, d: "M0 8h16" }));
  return make("li", {}, icon, text);
}

function plot(one) {
  const section = make("section", { id: one.id }, make("h2", {}, one.title));
  if (one.legend.length) section.append(make("ul", { class: "legend" }, ...one.legend.map(sample)));
  if (one.height) {
    const svg = draw("svg", { viewBox: `0 0 ${one.width} ${one.height}`, role: "img", "aria-label": one.title });
    const figure = { svg, layer: draw("g", { class: "hot" }), marks: [], isParallel: one.id === "parallel" };
    for (const [kind, ...rest] of one.shapes) drawers[kind](figure, ...rest);
    svg.append(figure.layer);
    figures.push(figure);
    section.append(make("div", { class: "scroll", ...(one.id === "parallel" && { tabindex: "0" }) }, svg));
    svg.addEventListener("pointermove", event => { if (event.pointerType === "mouse") show(near(figure, event)); });
    svg.addEventListener("pointerleave", () => show(-1));
    svg.addEventListener("click", event => pin(near(figure, event), true));
  }
  if (one.id === "parallel") {
    section.classList.add("wide");
    const svg = section.querySelector(".scroll svg"); // wider than a phone, which scrolls it
    if (svg) svg.style.maxWidth = `${Math.round(one.width * 1.3)}px`;
    if (svg) svg.style.minWidth = `${Math.round(one.width * 0.7)}px`;
  }
  section.append(...one.notes.map(note => make("p", { class: "notes" }, note)));
  return section;
}

// Trials under the pointer.

function distance(places, x, y) {
  let least = Infinity;
  for (let i = 0; i < places.length; i += 2) {
    const [ax, ay] = [places[i], places[i + 1]];
    const [bx, by] = i + 2 < places.length ? [places[i + 2], places[i + 3]] : [ax, ay];
    const length = (bx - ax) ** 2 + (by - ay) ** 2;
    const share = length ? Math.max(0, Math.min(1, ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / length)) : 0;
    least = Math.min(least, Math.hypot(x - ax - share * (bx - ax), y - ay - share * (by - ay)));
  }
  return least;
}

function near(figure, event) {
  const place = new DOMPoint(event.clientX, event.clientY).matrixTransform(figure.svg.getScreenCTM().inverse());
  let [least, found] = [NEAR, -1];
  for (const { trial, places } of figure.marks) {
    if (isHidden(trial)) continue;
    const far = distance(places, place.x, place.y);
    if (far <= least) [least, found] = [far, trial];
  }
  return found;
}

function isHidden(trial) {
  const kind = trials[trial].kind;
  return (kind === "failed" || kind === "stopped") && page.classList.contains(`no-${kind}`);
}

function highlight(trial) {
  for (const { layer, marks, isParallel } of figures) {
    layer.replaceChildren();
    if (trial < 0 || isHidden(trial)) continue;
    for (const { shape, places } of marks.filter(one => one.trial === trial)) {
      if (places.length > 2) layer.append(draw("path", { d: shape.getAttribute("d") }));
      // On each axis, or at the end of a curve.
      for (let i = isParallel ? 0 : places.length - 2; i < places.length; i += 2) {
        layer.append(draw("path", { class: "ring", d: `M${places[i]} ${places[i + 1]}m-7 0a7 7 0 1 0 14 0a7 7 0 1 0-14 0` }));
      }
    }
  }
}

function show(trial) {
  const wanted = trial >= 0 ? trial : pinned;
  if (wanted === shown) return;
  rows.get(shown)?.classList.remove("chosen");
  shown = wanted;
  highlight(shown);
  rows.get(shown)?.classList.add("chosen");
  tell(shown);
}

function pin(trial, scroll = false) {
  pinned = trial === pinned ? -1 : trial;
  show(pinned);
  tell(pinned);
  for (const [index, row] of rows) row.toggleAttribute("aria-current", index === pinned);
  const row = rows.get(pinned);
  if (row && scroll) {
    const box = row.closest(".tablebox");
    box.scrollTop = row.offsetTop - box.clientHeight / 2;
  }
}

// What is said about a trial.

const readout = make("aside", { class: "readout", hidden: "", "aria-live": "polite" });

function tell(trial) {
  readout.hidden = trial < 0;
  if (trial < 0) return;
  const one = trials[trial];
  const pairs = [
    ...data.objectives.map((goal, i) => [goal.name, number(one.values[i]) || "no value"]),
    ...data.metrics.map((name, i) => [name, number(one.recorded[i]) || "no value"]),
    ...data.parameters.map((name, i) => [name, number(one.given[i]) || "not set"]),
    ...(one.reason ? [["reason", one.reason]] : []),
  ];
  const close = make("button", { type: "button" }, pinned === trial ? "Close" : "Click to keep");
  close.addEventListener("click", () => pin(pinned));
  const title = `Trial ${one.number}${trial === data.best ? " (best)" : ""}: ${STATES[one.state]}`;
  readout.replaceChildren(make("div", {}, make("b", {}, title),
    ...pairs.map(([name, value]) => make("span", {}, make("span", { class: "faint" }, `${name} `), value)), close));
}

// The table.

const columns = [
  { title: "trial", of: one => one.number, numeric: true },
  { title: "status", of: one => (one.index === data.best ? "best" : STATES[one.state]) },
  ...data.objectives.map((goal, i) => ({ title: goal.name, of: one => one.values[i], numeric: true, goal })),
  ...data.metrics.map((name, i) => ({ title: name, of: one => one.recorded[i], numeric: true })),
  ...data.parameters.map((name, i) => ({
    title: name, of: one => one.given[i], numeric: trials.every(one => typeof one.given[i] !== "string"),
  })),
  { title: "duration", of: one => one.seconds, numeric: true, text: duration },
  ...(trials.some(one => one.reason) ? [{ title: "reason", of: one => one.reason || null }] : []),
];

function compare(a, b) {
  const [lacks, without] = [typeof a !== "number", typeof b !== "number"];
  if (lacks && without) return String(a ?? "").localeCompare(String(b ?? ""), undefined, { numeric: true });
  return lacks ? 1 : without ? -1 : a - b;
}

function sort(column, descending) {
  order = [...trials].sort((one, other) => {
    const [a, b] = [column.of(one), column.of(other)];
    const lacks = one => one === null || one === "" || (column.numeric && typeof one !== "number");
    if (lacks(a) || lacks(b)) return lacks(a) - lacks(b) || one.number - other.number; // always last
    return (descending ? compare(b, a) : compare(a, b)) || one.number - other.number;
  });
  for (const other of columns) other.head.removeAttribute("aria-sort");
  column.head.setAttribute("aria-sort", descending ? "descending" : "ascending");
  body.replaceChildren(...order.map(one => rows.get(one.index)));
}

const body = make("tbody");

function table() {
  const head = make("tr");
  for (const column of columns) {
    const button = make("button", { type: "button", title: column.title }, column.title);
    column.head = make("th", { scope: "col", ...(column.numeric && { class: "number" }) }, button);
    button.addEventListener("click", () => {
      const before = column.head.getAttribute("aria-sort");
      sort(column, before ? before === "ascending" : Boolean(column.goal?.maximize));
    });
    head.append(column.head);
  }
  for (const one of trials) {
    const cells = columns.map(column => {
      const value = column.of(one);
      const text = column.text ? column.text(value) : number(value);
      return make("td", { ...(column.numeric && { class: "number" }), ...(text.length > 24 && { title: text }) }, text);
    });
    const row = make("tr", { tabindex: "-1", "data-state": one.kind }, ...cells);
    row.addEventListener("pointerenter", event => { if (event.pointerType === "mouse") show(one.index); });
    row.addEventListener("click", () => pin(one.index));
    row.addEventListener("focus", () => show(one.index));
    rows.set(one.index, row);
  }
  body.addEventListener("pointerleave", () => show(-1));
  body.addEventListener("keydown", keys);
  return make("table", {}, make("thead", {}, head), body);
}

function keys(event) {
  const seen = order.filter(one => !isHidden(one.index)).map(one => rows.get(one.index));
  const at = seen.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: seen.length - 1 }[event.key];
  if (to !== undefined && seen[to]) focus(seen[to]);
  else if (event.key === "Enter" || event.key === " ") document.activeElement.click();
  else return;
  event.preventDefault();
}

function focus(row) {
  for (const one of rows.values()) one.tabIndex = -1;
  row.tabIndex = 0;
  row.focus();
}

// The page.

function summary() {
  const counts = Object.entries(STATES)
    .map(([state, text]) => [trials.filter(one => one.state === state).length, text])
    .filter(([count]) => count).map(([count, text]) => `${count} ${text}`);
  const parts = [make("p", {}, `${trials.length} ${trials.length === 1 ? "trial" : "trials"}: ${counts.join(", ") || "none"}.`)];
  if (data.best >= 0) {
    const best = trials[data.best];
    const given = data.parameters.map((name, i) => [name, number(best.given[i])]).filter(([, value]) => value !== "");
    const link = make("a", { href: "#trials" }, `Trial ${best.number}`);
    link.addEventListener("click", () => { if (pinned !== data.best) pin(data.best, true); });
    parts.push(make("p", { class: "summary" }, "Best: ", link,
      ` with ${data.objectives[0].name} ${number(best.values[0])}; ${given.map(pair => pair.join(" ")).join(", ")}.`));
  }
  return parts;
}

function hide(kind, text) {
  const box = make("input", { type: "checkbox", id: `hide-${kind}` });
  box.addEventListener("change", () => { page.classList.toggle(`no-${kind}`, box.checked); highlight(shown); });
  return make("label", {}, box, text);
}

const sections = data.plots.map(plot);
const wide = sections.filter(one => one.classList.contains("wide"));
const links = data.plots.map(one => make("a", { href: `#${one.id}` }, one.title.replace(/ of .*/, "")));
page.append(
  make("header", {}, make("h1", {}, `Sweep ${data.name}`), ...summary()),
  make("nav", { "aria-label": "Plots" }, ...links, make("a", { href: "#trials" }, "Trials"),
    make("span", { class: "switches" }, hide("failed", "Hide failed"), hide("stopped", "Hide stopped early"))),
  ...wide,
  make("div", { class: "plots" }, ...sections.filter(one => !wide.includes(one))),
  make("section", { id: "trials" }, make("h2", {}, "Trials"),
    make("p", { class: "faint" }, "Click a trial here or in a plot to keep it selected. Keys: ",
      make("kbd", {}, "↑"), " ", make("kbd", {}, "↓"), " move, ", make("kbd", {}, "Enter"), " keeps, ",
      make("kbd", {}, "Esc"), " closes."),
    make("div", { class: "tablebox" }, table())),
  readout,
);
document.addEventListener("keydown", event => { if (event.key === "Escape") { pinned = -1; show(-1); } });
const first = columns.find(one => one.goal) ?? columns[0];
sort(first, Boolean(first.goal?.maximize));
if (order.length) rows.get(order[0].index).tabIndex = 0;
