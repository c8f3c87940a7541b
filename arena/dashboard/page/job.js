// One job: its state and the reason, facts, instances, log and events.

import { lack, path, poll } from "./api.js";
import { changeButtons } from "./changes.js";
import { h, place, setText } from "./dom.js";
import { clock, phaseClass, phaseText, running, since, span, stateClass } from "./format.js";
import { curvesPanel } from "./curves.js";
import { eventColumns } from "./lists.js";
import { logsPanel } from "./logs.js";
import { Table } from "./table.js";
import { timelinePanel, whyPanel } from "./why.js";

const TABS = [["logs", "Logs"], ["instances", "Instances"], ["events", "Events"], ["curves", "Curves"], ["why", "Why"], ["timeline", "Timeline"]];

function facts(job) {
  const code = job.code && [job.code.digest.slice(0, 19), job.code.commit && `commit ${job.code.commit.slice(0, 10)}`,
    job.code.branch && `(${job.code.branch})`, job.code.changed && `and ${job.code.changed} changed`].filter(Boolean).join(" ");
  const queue = job.queue && (job.queue.position ? `${job.queue.name}, position ${job.queue.position}` : job.queue.name);
  const gpus = job.requestGPUs ? `${job.allocatedGPUs ?? "?"} held of ${job.requestGPUs}` : "";
  return [
    ["Namespace", job.namespace], ["Kind", job.trainer], ["Time", span(running(job))],
    ["Created", clock(job.creationTimestamp)], ["Ended", clock(job.completionTime)],
    ["Ready", `${job.readyInstances ?? "?"} of ${job.wantedInstances}`], ["GPUs", gpus], ["Queue", queue],
    ["Priority", job.priority === "N/A" ? "" : job.priority], ["Submitter", job.submitter], ["Code", code],
    ["Model", job.modelName && [job.modelName, job.modelVersion].filter(Boolean).join(" ")],
    ["TensorBoard", job.tensorboard],
  ].filter(([, value]) => value);
}

function findings(job) {
  return job.findings.map(one => h("div", { class: "finding" },
    h("p", {}, one.cause),
    one.evidence.map(shown => h("blockquote", {}, h("span", { class: "faint" }, `${shown.kind} ${shown.subject}: `), shown.text)),
    one.remedy && h("p", { class: "faint" }, one.remedy)));
}

const INSTANCES = [
  { title: "Name", text: one => one.name, sort: one => one.name, width: "minmax(10em, 3fr)" },
  { title: "Status", text: one => one.status, sort: one => one.status, width: "9em", class: one => stateClass(one.status) },
  { title: "Age", text: one => since(one.creationTimestamp), sort: one => -one.creationTimestamp, width: "5em", number: true },
  { title: "GPUs", text: one => one.requestGPUs || "", sort: one => one.requestGPUs, width: "5em", number: true, wide: true },
  { title: "Restarts", text: one => one.restarts || "", sort: one => one.restarts, width: "6em", number: true, wide: true },
  { title: "Exit", text: one => one.exitCode ?? "", sort: one => one.exitCode ?? -1, width: "4em", number: true, wide: true },
  { title: "Node", text: one => one.node, sort: one => one.node, width: "minmax(6em, 2fr)", wide: true },
  { title: "Reason", text: one => [one.reason, one.message].filter(Boolean).join(": "), width: "minmax(6em, 3fr)", wide: true },
];

function instancesPanel(job, signal) {
  const table = new Table({ columns: INSTANCES, key: one => one.name, label: "Instances" });
  const tick = setInterval(() => table.draw(), 1000);
  signal.addEventListener("abort", () => { clearInterval(tick); table.close(); });
  const update = changed => table.show(changed.instances);
  update(job);
  return { element: h("div", { class: "fill" }, table.element), update, table };
}

function eventsPanel(job, signal) {
  const table = new Table({ columns: eventColumns().filter(Boolean), key: one => `${one.source} ${one.reason} ${one.message}`, label: "Events" });
  const note = h("p", { class: "note" });
  signal.addEventListener("abort", () => table.close());
  poll(path("jobs", job.namespace, job.trainer, job.name, "events"), signal, found => {
    if (found.data) table.show([...found.data.items].reverse());
    setText(note, lack(found, "events") || (found.data?.items.length ? "" : "There are no events; clusters keep them for an hour or so."));
    note.hidden = !note.textContent;
  });
  return { element: h("div", { class: "fill" }, note, table.element), table };
}

const PANELS = {
  logs: logsPanel, why: whyPanel, timeline: timelinePanel, instances: instancesPanel, events: eventsPanel,
  curves: (job, signal) => curvesPanel([`${job.namespace}/${job.trainer}/${job.name}`], signal),
};

export function jobView({ signal, about, go, parts }) {
  const [namespace, kind, name, part] = parts;
  const tab = Object.hasOwn(PANELS, part ?? "") ? part : "logs";
  const here = where => place("jobs", namespace, kind, name, where);
  const title = h("h1", {}, name);
  const status = h("span", { class: "phase" });
  const buttons = h("span", { class: "buttons" });
  const note = h("p", { class: "note", hidden: true, role: "status" });
  const why = h("div", { class: "why" });
  const list = h("dl", { class: "facts" });
  const tabs = h("div", { class: "tabs", role: "tablist" }, TABS.map(([id, text], at) => h("a", {
    href: here(id), role: "tab", "aria-selected": String(id === tab), title: `Key ${at + 1}`,
  }, text)));
  const below = h("div", { class: "fill" });
  let panel = null, last = "", job = null;

  function drawFacts() {
    if (!job) return;
    list.replaceChildren(...facts(job).map(([key, value]) => h("div", {}, h("dt", {}, key), h("dd", {}, value))));
  }

  function drawButtons() {
    const ended = job.status === "SUCCEEDED" || job.status === "FAILED";
    const verbs = !about.changes ? [] : [...(ended ? [] : [job.status === "SUSPENDED" ? "resume" : "suspend"]), "delete"];
    if (buttons.dataset.verbs === verbs.join()) return;
    buttons.dataset.verbs = verbs.join();
    buttons.replaceChildren(...changeButtons("job", verbs, () => job, verb => { if (verb === "delete") go("#/jobs"); }));
  }

  function update(found) {
    job = found;
    status.className = phaseClass(job.status);
    setText(status, phaseText(job.status));
    drawFacts();
    drawButtons();
    const shown = JSON.stringify(job.findings);
    if (shown !== last) why.replaceChildren(...findings(job));
    last = shown;
    if (!panel) {
      panel = PANELS[tab](job, signal);
      below.replaceChildren(panel.element);
    } else {
      panel.update?.(job);
    }
  }

  poll(path("jobs", namespace, kind, name), signal, found => {
    if (found.data && (!found.same || !job)) update(found.data.item);
    const text = lack(found, "the job");
    note.hidden = !text;
    note.className = found.error ? "note bad" : "note";
    setText(note, text);
  });
  const tick = setInterval(drawFacts, 1000);
  signal.addEventListener("abort", () => clearInterval(tick));
  const element = h("section", { class: "fill job" },
    h("div", { class: "title" }, h("a", { href: "#/jobs", "aria-label": "Back to the jobs", title: "Back (Esc)" }, "←"), title, status, buttons),
    note, why, list, tabs, below);
  const keys = { Escape: () => go("#/jobs") };
  TABS.forEach(([id], at) => { keys[at + 1] = () => go(here(id)); });
  return {
    title: name, element,
    keys: new Proxy(keys, {
      get: (own, key) => own[key] ?? panel?.keys?.[key] ?? panel?.table?.keys[key],
    }),
  };
}
