// The list of jobs: filter, sort, open.

import { lack, poll } from "./api.js";
import { h, place, setText } from "./dom.js";
import { SIGNS, phaseClass, phaseText, plural, running, since, span } from "./format.js";
import { Table } from "./table.js";

const kept = { filter: "", phases: new Set(), chosen: "", top: 0, sorted: null };

function keyOf(job) {
  return `${job.namespace}/${job.trainer}/${job.name}`;
}

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
  ].filter(Boolean);
}

function ready(job) {
  if (job.status === "SUCCEEDED" || job.status === "FAILED") return "";
  return `${job.readyInstances ?? "?"}/${job.wantedInstances}`;
}

function words(job) {
  return [job.name, job.namespace, job.trainer, job.status, job.submitter, job.reason].join("\n").toLowerCase();
}

export function jobsView({ signal, about, go }) {
  const open = job => go(place("jobs", job.namespace, job.trainer, job.name));
  const table = new Table({ columns: columns(!about.namespace), key: keyOf, open, label: "Jobs" });
  const filter = h("input", {
    type: "search", placeholder: "Filter (/)", "aria-label": "Filter jobs", value: kept.filter,
    oninput: () => { kept.filter = filter.value; table.element.scrollTop = 0; refresh(); },
    onkeydown: event => typed(event),
  });
  const chips = h("div", { class: "chips", role: "group", "aria-label": "Filter by status" });
  const note = h("p", { class: "note", role: "status", hidden: true });
  const empty = h("p", { class: "empty", hidden: true });
  const count = h("span", { class: "faint count" });
  let jobs = null, texts = new Map();
  table.chosen = kept.chosen;
  if (kept.sorted !== null) {
    table.sorted = { by: table.columns.find(one => one.title === kept.sorted.title) ?? null, down: kept.sorted.down };
    table.drawHead();
  }

  function typed(event) {
    if (event.key === "Escape") {
      if (filter.value) { filter.value = kept.filter = ""; refresh(); } else table.element.focus();
      event.stopPropagation();
    } else if (event.key === "Enter" || event.key === "ArrowDown") {
      table.element.focus();
      if (table.at < 0) table.choose(0);
      if (event.key === "Enter" && table.rows.length === 1) table.enter();
      event.preventDefault();
      event.stopPropagation();
    }
  }

  function refresh() {
    if (jobs === null) return;
    const wanted = kept.filter.toLowerCase().split(/\s+/).filter(Boolean);
    const matching = jobs.filter(job => wanted.every(word => texts.get(job).includes(word)));
    const counts = new Map();
    matching.forEach(job => counts.set(job.status, (counts.get(job.status) ?? 0) + 1));
    const rows = kept.phases.size ? matching.filter(job => kept.phases.has(job.status)) : matching;
    drawChips(counts);
    table.show(rows);
    setText(count, rows.length === jobs.length ? plural(jobs.length, "job") : `${rows.length.toLocaleString("en")} of ${plural(jobs.length, "job")}`);
    empty.hidden = rows.length > 0;
    table.element.hidden = rows.length === 0;
    const where = about.namespace ? `namespace ${about.namespace}` : "any namespace";
    setText(empty, jobs.length ? "No job matches the filter." : `No jobs in ${where} of ${about.cluster}.`);
  }

  function drawChips(counts) {
    const phases = Object.keys(SIGNS).filter(one => counts.has(one) || kept.phases.has(one));
    const wanted = phases.map(one => `${one} ${counts.get(one) ?? 0} ${kept.phases.has(one)}`).join();
    if (chips.dataset.shown === wanted) return;
    chips.dataset.shown = wanted;
    const focused = document.activeElement?.dataset?.phase;
    chips.replaceChildren(...phases.map(one => h("button", {
      type: "button", class: `chip ${phaseClass(one)}`, "aria-pressed": String(kept.phases.has(one)), "data-phase": one,
      onclick: () => { if (!kept.phases.delete(one)) kept.phases.add(one); refresh(); },
    }, `${phaseText(one)} ${(counts.get(one) ?? 0).toLocaleString("en")}`)));
    if (focused) chips.querySelector(`[data-phase="${focused}"]`)?.focus();
  }

  poll("jobs", signal, found => {
    if (found.data && (!found.same || jobs === null)) {
      jobs = found.data.items;
      texts = new Map(jobs.map(job => [job, words(job)]));
      const first = table.element.scrollTop === 0;
      refresh();
      if (first && kept.top) { table.element.scrollTop = kept.top; kept.top = 0; table.draw(); }
    }
    const text = lack(found, "jobs");
    note.hidden = !text;
    note.className = found.error ? "note bad" : "note";
    setText(note, text);
  });
  const tick = setInterval(() => { if (!document.hidden) table.draw(); }, 1000);
  signal.addEventListener("abort", () => {
    clearInterval(tick);
    const { by, down } = table.sorted;
    Object.assign(kept, { chosen: table.chosen, top: table.element.scrollTop, sorted: by && { title: by.title, down } });
    table.close();
  });
  const element = h("section", { class: "fill" }, h("div", { class: "bar" }, filter, chips, count), note, empty, table.element);
  const keys = {
    "/": () => { filter.focus(); filter.select(); },
    Escape: () => { kept.phases.clear(); filter.value = kept.filter = ""; refresh(); },
  };
  return { title: "Jobs", element, keys, table };
}
