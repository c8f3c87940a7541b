// One cron, sweep or serving.

import { lack, path, poll } from "./api.js";
import { changeButtons } from "./changes.js";
import { Chart, number } from "./chart.js";
import { h, place, setText } from "./dom.js";
import { clock, moment, phaseClass, phaseText, since, span, stateClass } from "./format.js";
import { cronState, lasted, progress, servingClass, servingState } from "./lists.js";
import { Table } from "./table.js";

// The page of an object: what it is, and its tables. `describe(item)` gives { state: [text, class], facts, reason },
// `parts` are [{ title, rows(item), columns(item), key, open }].
function objectView({ signal, go, back, verbs, title, panel, describe, parts, more, none }) {
  const status = h("span", { class: "phase" });
  const buttons = h("span", { class: "buttons" });
  const note = h("p", { class: "note", role: "status", hidden: true });
  const why = h("p", { class: "finding", hidden: true });
  const list = h("dl", { class: "facts" });
  const nothing = h("p", { class: "empty", hidden: true }, none);
  const below = h("div", { class: "fill scrolls" }, nothing);
  const tables = new Map();
  let item = null;

  function facts() {
    if (!item) return;
    const { state, facts, reason } = describe(item);
    setText(status, state[0]);
    status.className = state[1];
    why.hidden = !reason;
    setText(why, reason ?? "");
    drawButtons();
    list.replaceChildren(...facts.filter(([, value]) => value).map(([key, value]) => h("div", {}, h("dt", {}, key), h("dd", {}, value))));
    tables.forEach(one => one.draw());
  }

  function drawButtons() {
    const wanted = verbs?.(item) ?? [];
    if (buttons.dataset.verbs === wanted.join()) return;
    buttons.dataset.verbs = wanted.join();
    buttons.replaceChildren(...changeButtons("cron", wanted, () => item, () => {}));
  }

  function update() {
    facts();
    for (const part of parts) {
      const rows = part.rows(item);
      if (!rows.length && !tables.has(part)) continue;
      if (!tables.has(part)) {
        const table = new Table({ columns: part.columns(item).filter(Boolean), key: part.key, open: part.open, label: part.title });
        tables.set(part, table);
        below.append(h("h2", {}, part.title), table.element);
      }
      tables.get(part).show(rows);
    }
    nothing.hidden = tables.size > 0;
    more?.(item, below);
  }

  poll(panel, signal, found => {
    if (found.data && (!found.same || !item)) { item = found.data.item; update(); }
    const text = lack(found, title);
    note.hidden = !text;
    note.className = found.error ? "note bad" : "note";
    setText(note, text);
  });
  const tick = setInterval(facts, 1000);
  signal.addEventListener("abort", () => { clearInterval(tick); tables.forEach(one => one.close()); });
  const head = h("div", { class: "title" }, h("a", { href: back, "aria-label": "Back", title: "Back (Esc)" }, "←"), h("h1", {}, title), status, buttons);
  return {
    title, element: h("section", { class: "fill" }, head, note, why, list, below), keys: { Escape: () => go(back) },
    get table() { return [...tables.values()][0]; },
  };
}

export function cronView({ signal, about, go, parts: [namespace, name] }) {
  let trainer = "";
  return objectView({
    signal, go, back: "#/crons", verbs: one => (about.changes ? [one.suspend ? "resume" : "suspend"] : []), title: name, panel: path("crons", namespace, name), none: "No runs so far.",
    describe: one => ({
      state: [cronState(one), `phase ${one.suspend ? "still" : "good"}`],
      facts: [["Schedule", one.schedule], ["Time zone", one.timezone], ["Type", one.type], ["Overlap", one.concurrencyPolicy],
        ["Last", clock(one.lastScheduleTime)], ["Deadline", clock(one.deadline)], ["Kept runs", one.historyLimit], ["Created", clock(one.creationTimestamp)],
        ["Submitter", one.submitter]],
    }),
    parts: [{
      title: "Runs", key: run => run.name, rows: one => (trainer = one.trainer, [...one.cronHistory]).sort((a, b) => (a.createTime < b.createTime ? 1 : -1)),
      columns: () => [
        { title: "Name", text: run => run.name, sort: run => run.name, width: "minmax(10em, 2fr)" },
        { title: "Status", text: run => phaseText(run.status.toUpperCase()), sort: run => run.status, width: "9em", class: run => phaseClass(run.status.toUpperCase()) },
        { title: "Age", text: run => since(run.createTime), sort: run => -moment(run.createTime), width: "5em", number: true },
        { title: "Ended", text: run => clock(run.finishTime), sort: run => run.finishTime, width: "14em", wide: true },
        { title: "Reason", text: run => run.reason, width: "minmax(8em, 3fr)", wide: true },
      ],
      open: run => go(place("jobs", run.namespace, trainer, run.name)),
    }],
  });
}

export function sweepView({ signal, go, parts: [namespace, name] }) {
  let chart = null;
  signal.addEventListener("abort", () => chart?.close());
  return objectView({
    signal, go, back: "#/sweeps", title: name, panel: path("sweeps", namespace, name), none: "No trials so far.",
    describe: one => ({
      state: [phaseText(one.status), phaseClass(one.status)], reason: one.reason,
      facts: [["Trials", progress(one)], ["Running", one.counts.running], ["Failed", one.counts.failed], ["Best", one.best],
        ["Objective", one.objectives.map(goal => `${goal.type} ${goal.metric}`).join(", ")], ["Algorithm", one.algorithm],
        ["Early stopping", one.earlyStopping], ["Parallel", one.parallel], ["Kind", one.trainer || one.type], ["Time", span(lasted(one))],
        ["Submitter", one.submitter]],
    }),
    more: (one, below) => {
      const metric = one.objectives[0]?.metric;
      const values = one.trials.filter(trial => Number.isFinite(trial.metrics[metric])).map(trial => [trial.number, trial.metrics[metric]]);
      if (values.length < 2) return;
      if (!chart) {
        chart = new Chart(`${metric} of each trial`);
        below.prepend(h("div", { class: "charts" }, chart.element));
      }
      const better = one.objectives[0].type === "maximize" ? Math.max : Math.min;
      let best = values[0][1];
      const soFar = values.map(([at, value]) => [at, (best = better(best, value))]);
      chart.show([{ name: "trial", style: 0, points: values }, { name: "best so far", style: 1, points: soFar }], { log: false, x: number });
    },
    parts: [{
      title: "Trials", key: trial => trial.name, rows: one => one.trials,
      columns: one => [
        { title: "Trial", text: trial => `${trial.number}${trial.name === one.best ? " ★" : ""}`, sort: trial => trial.number, width: "4.5em", number: true },
        { title: "Status", text: trial => phaseText(trial.status), sort: trial => trial.status, width: "9em", class: trial => phaseClass(trial.status) },
        ...metricsOf(one).map(metric => ({ title: metric, text: trial => shown(trial.metrics[metric]), sort: trial => Number(trial.metrics[metric] ?? NaN) || 0, width: "minmax(5em, 1fr)", number: true })),
        ...Object.keys(one.parameters).map(key => ({ title: key, text: trial => shown(trial.assignments[key]), sort: trial => trial.assignments[key] ?? "", width: "minmax(5em, 1fr)", number: true, wide: true })),
        { title: "Time", text: trial => span(took(trial)), sort: took, width: "5em", number: true, wide: true },
        { title: "Reason", text: trial => trial.reason, width: "minmax(6em, 2fr)", wide: true },
      ],
      open: trial => trial.job && trial.trainer && go(place("jobs", namespace, trial.trainer, trial.job)),
    }],
  });
}

function metricsOf(sweep) {
  return [...new Set([...sweep.objectives.map(goal => goal.metric), ...sweep.metrics])];
}

function shown(value) {
  return typeof value === "number" ? number(value) : value ?? "";
}

function took(trial) {
  const from = moment(trial.startTime);
  return Number.isNaN(from) ? 0 : ((moment(trial.completionTime) || Date.now()) - from) / 1000;
}

export function servingView({ signal, go, parts: [namespace, kind, name, version = ""] }) {
  const query = version ? `?version=${encodeURIComponent(version)}` : "";
  return objectView({
    signal, go, back: "#/servings", title: version ? `${name} ${version}` : name, panel: path("servings", namespace, kind, name) + query, none: "No instances.",
    describe: one => ({
      state: [servingState(one), servingClass(servingState(one))], reason: one.rollout?.failure,
      facts: [["Type", one.type], ["Available", `${one.availableInstances} of ${one.desiredInstances}`], ["Address", one.url || one.ip],
        ["Ports", one.endpoints.map(port => `${port.name} ${port.localPort || port.nodePort || port.port}`).join(", ")], ["Protocol", one.protocol],
        ["Traffic", one.traffic && `${one.traffic.percent}% by ${one.traffic.by}`], ["Canary", one.canary], ["GPUs", one.requestGPUs],
        ["Model", [one.modelName, one.modelVersion].filter(Boolean).join(" ")], ["Created", clock(one.creationTimestamp)]],
    }),
    parts: [{
      title: "Instances", key: one => one.name, rows: one => one.instances,
      columns: () => [
        { title: "Name", text: one => one.name, sort: one => one.name, width: "minmax(10em, 3fr)" },
        { title: "Status", text: one => one.status, sort: one => one.status, width: "9em", class: one => stateClass(one.status) },
        { title: "Ready", text: one => `${one.readyContainers}/${one.totalContainers}`, width: "5em", number: true },
        { title: "Restarts", text: one => one.restartCount || "", sort: one => one.restartCount, width: "6em", number: true, wide: true },
        { title: "Age", text: one => since(one.creationTimestamp), sort: one => -one.creationTimestamp, width: "5em", number: true, wide: true },
        { title: "Node", text: one => one.node, sort: one => one.node, width: "minmax(6em, 2fr)", wide: true },
      ],
    }, {
      title: "Conditions", key: one => one.type, rows: one => one.conditions,
      columns: () => [
        { title: "Type", text: one => one.type, width: "minmax(8em, 1fr)" },
        { title: "Status", text: one => one.status, width: "5em" },
        { title: "Reason", text: one => one.reason, width: "minmax(8em, 1fr)", wide: true },
        { title: "Message", text: one => one.message, width: "minmax(8em, 3fr)" },
      ],
    }, {
      title: "Revisions", key: one => String(one.revision), rows: one => one.revisions,
      columns: () => [
        { title: "Revision", text: one => `${one.revision}${one.current ? " (current)" : ""}`, width: "9em" },
        { title: "Age", text: one => since(one.creationTimestamp), width: "5em", number: true },
        { title: "Instances", text: one => one.instances, width: "6em", number: true },
        { title: "Image", text: one => one.image, width: "minmax(8em, 2fr)", wide: true },
        { title: "Cause", text: one => one.cause, width: "minmax(8em, 2fr)", wide: true },
      ],
    }],
  });
}
