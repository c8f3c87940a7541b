// The metrics that jobs print, several jobs over each other, one chart for each metric.

import { lack, poll } from "./api.js";
import { Chart, number, sample } from "./chart.js";
import { h, place, setText } from "./dom.js";
import { moment, plural, span } from "./format.js";

const PACE = 5000;
const kept = { x: "step", log: false, filter: "" };

// The points of one metric of one job by the wanted axis: [time, step, value] to [x, y], ordered by x.
function points(found, axis) {
  const start = moment(found[0]?.[0]);
  const by = {
    step: ([, step], at) => step ?? at,
    time: ([time], at) => { const seconds = (moment(time) - start) / 1000; return Number.isNaN(seconds) ? at : seconds; },
    line: (_, at) => at,
  }[axis];
  return found.map((one, at) => [by(one, at), one[2]]).sort((a, b) => a[0] - b[0]);
}

// A panel with the curves of these jobs ("namespace/kind/name").
export function curvesPanel(jobs, signal) {
  const axis = h("select", { "aria-label": "Horizontal axis", onchange: () => { kept.x = axis.value; draw(); } },
    [["step", "by step"], ["time", "by time"], ["line", "by order"]].map(([value, text]) => h("option", { value }, text)));
  axis.value = kept.x;
  const log = h("input", { type: "checkbox", checked: kept.log, onchange: () => { kept.log = log.checked; draw(); } });
  const filter = h("input", { type: "search", placeholder: "Metrics (/)", "aria-label": "Filter metrics", value: kept.filter,
    oninput: () => { kept.filter = filter.value; draw(); } });
  const note = h("p", { class: "note", role: "status", hidden: true });
  const nothing = h("p", { class: "empty", hidden: true }, "The jobs print no values such as loss=0.5 so far.");
  const legend = h("ul", { class: "legend" });
  const grid = h("div", { class: "charts" });
  const charts = new Map();
  let found = [];

  function draw() {
    const names = [...new Set(found.flatMap(job => Object.keys(job.metrics)))].sort();
    const wanted = names.filter(name => name.toLowerCase().includes(kept.filter.toLowerCase()));
    for (const [name, chart] of charts) {
      if (!wanted.includes(name)) { chart.close(); chart.element.remove(); charts.delete(name); }
    }
    for (const name of wanted) {
      if (!charts.has(name)) charts.set(name, new Chart(name));
      grid.append(charts.get(name).element);
      charts.get(name).show(lines(name), { log: kept.log, x: kept.x === "time" ? span : number });
    }
    nothing.hidden = names.length > 0;
  }

  function lines(name) {
    return found.flatMap((job, style) => (Object.hasOwn(job.metrics, name)
      ? [{ name: job.name, style, points: points(job.metrics[name], kept.x) }] : []));
  }

  poll(`curves?jobs=${encodeURIComponent(jobs.join(","))}`, signal, answer => {
    if (answer.data && (!answer.same || !found.length)) {
      found = answer.data.items;
      legend.replaceChildren(...found.map((job, style) => h("li", {}, sample(style),
        h("a", { href: place("jobs", job.namespace, job.kind, job.name) }, job.name), job.error && h("span", { class: "faint" }, job.error))));
      draw();
    }
    const text = lack(answer, "metrics");
    note.hidden = !text;
    setText(note, text);
  }, PACE);
  signal.addEventListener("abort", () => charts.forEach(one => one.close()));
  const bar = h("div", { class: "bar" }, filter, axis, h("label", {}, log, "log scale"), jobs.length > 1 && legend);
  const element = h("div", { class: "fill scrolls" }, bar, note, nothing, grid);
  return { element, keys: { "/": () => filter.focus() } };
}

export function curvesView({ signal, go, parts }) {
  const jobs = (parts[0] ?? "").split(",").filter(one => one.split("/").length === 3);
  const panel = curvesPanel(jobs, signal);
  const head = h("div", { class: "title" }, h("a", { href: "#/jobs", "aria-label": "Back to the jobs", title: "Back (Esc)" }, "←"),
    h("h1", {}, `Curves of ${plural(jobs.length, "job")}`));
  return { title: "Curves", element: h("section", { class: "fill" }, head, panel.element), keys: { ...panel.keys, Escape: () => go("#/jobs") } };
}
