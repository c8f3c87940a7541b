// The list of jobs.

import { h, place } from "./dom.js";
import { PHASES, phaseClass, phaseText, running, since, span } from "./format.js";
import { listView } from "./list.js";

function columns(everywhere) {
  return [
    { title: "Name", text: job => job.name, sort: job => job.name, width: "minmax(9em, 3fr)" },
    everywhere && { title: "Namespace", text: job => job.namespace, sort: job => job.namespace, width: "minmax(6em, 1fr)", wide: true },
    { title: "Status", text: job => phaseText(job.status), sort: job => job.status, width: "8.5em", class: job => phaseClass(job.status) },
    { title: "Kind", text: job => job.trainer, sort: job => job.trainer, width: "minmax(6em, 9em)", wide: true },
    { title: "Time", text: job => span(running(job)), sort: job => running(job), width: "5em", number: true },
    { title: "GPUs", text: job => job.requestGPUs || "", sort: job => job.requestGPUs, width: "4.5em", number: true, wide: true },
    { title: "Ready", text: ready, sort: job => job.readyInstances ?? -1, width: "5em", number: true, wide: true },
    { title: "Age", text: job => since(job.creationTimestamp), sort: job => -job.creationTimestamp, width: "4.5em", number: true, wide: true },
    { title: "Submitter", text: job => job.submitter, sort: job => job.submitter, width: "minmax(5em, 8em)", wide: true },
    { title: "Reason", text: job => job.reason, sort: job => job.reason, width: "minmax(8em, 4fr)", wide: true },
  ];
}

function ready(job) {
  if (job.status === "SUCCEEDED" || job.status === "FAILED") return "";
  return `${job.readyInstances ?? "?"}/${job.wantedInstances}`;
}

export function keyOf(job) {
  return `${job.namespace}/${job.trainer}/${job.name}`;
}

export function jobsView(frame) {
  const view = listView({
    ...frame, panel: "jobs", noun: "job", title: "Jobs", columns: columns(!frame.about.namespace), key: keyOf, marks: true,
    open: job => frame.go(place("jobs", job.namespace, job.trainer, job.name)),
    group: job => phaseText(job.status), chip: text => phaseClass(text.slice(2)), groups: PHASES.map(phaseText),
  });
  const curves = () => {
    const marked = view.marked().map(keyOf), chosen = view.table.rows[view.table.at];
    const wanted = marked.length ? marked : chosen ? [keyOf(chosen)] : [];
    if (wanted.length) frame.go(place("curves", wanted.join(",")));
  };
  const button = h("button", { type: "button", class: "chip", hidden: true, title: "Key c", onclick: curves });
  view.extra.append(button);
  view.table.onmark = () => {
    button.hidden = view.table.marked.size === 0;
    button.textContent = `Curves of ${view.table.marked.size}`;
  };
  view.table.onmark();
  view.keys.c = curves;
  return view;
}
