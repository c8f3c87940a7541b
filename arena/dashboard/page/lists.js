// The lists of events, sweeps, servings, crons and nodes.

import { place } from "./dom.js";
import { bytes, moment, phaseClass, phaseText, since, span, stateClass } from "./format.js";
import { listView } from "./list.js";

function namespace(about) {
  return !about.namespace && { title: "Namespace", text: one => one.namespace, sort: one => one.namespace, width: "minmax(6em, 1fr)", wide: true };
}

export function eventColumns(about) {
  return [
    { title: "Age", text: one => since(one.lastTimestamp), sort: one => -(moment(one.lastTimestamp) || 0), width: "4.5em", number: true },
    { title: "Type", text: one => one.type, sort: one => one.type, width: "6em", class: one => (one.type === "Normal" ? "" : "phase wait"), wide: true },
    about && namespace(about),
    { title: "Source", text: one => one.source, sort: one => one.source, width: "minmax(8em, 1fr)" },
    { title: "Message", text: one => `[${one.reason}] ${one.message}${one.count > 1 ? ` (x${one.count})` : ""}`, width: "minmax(10em, 3fr)" },
  ];
}

// Events are read oldest first; the table shows the newest first unless sorted otherwise.
export function eventsView(frame) {
  const columns = eventColumns(frame.about);
  return listView({
    ...frame, panel: "events", noun: "event", title: "Events", columns,
    key: one => [one.namespace, one.source, one.reason, one.message].join(" "),
    group: one => one.type, chip: type => (type === "Normal" ? "" : "phase wait"), groups: ["Warning", "Normal"],
    empty: "No events; clusters keep them for an hour or so.", reversed: true,
  });
}

export function nodesView(frame) {
  return listView({
    ...frame, panel: "nodes", noun: "node", title: "Nodes", key: one => one.name, columns: [
      { title: "Name", text: one => one.name, sort: one => one.name, width: "minmax(9em, 2fr)" },
      { title: "Status", text: one => one.status, sort: one => one.status, width: "minmax(6em, 1fr)", class: one => stateClass(one.status) },
      { title: "Role", text: one => (one.role === "<none>" ? "" : one.role), sort: one => one.role, width: "minmax(5em, 1fr)", wide: true },
      { title: "Address", text: one => one.ip, sort: one => one.ip, width: "minmax(6em, 1fr)", wide: true },
      { title: "GPUs held", text: one => gpus(one), sort: one => one.allocatedGPUs ?? -1, width: "minmax(6em, 1fr)", number: true },
      { title: "Bad GPUs", text: one => one.unhealthyGPUs || "", sort: one => one.unhealthyGPUs, width: "6em", number: true, wide: true, class: () => "phase bad" },
      { title: "CPUs", text: one => of(one.allocatedCPUs, one.totalCPUs, cores), sort: one => one.allocatedCPUs ?? -1, width: "minmax(7em, 1fr)", number: true, wide: true },
      { title: "Memory", text: one => of(one.allocatedMemory, one.totalMemory, bytes), sort: one => one.allocatedMemory ?? -1, width: "minmax(9em, 1fr)", number: true, wide: true },
    ],
    group: one => one.status, chip: stateClass,
  });
}

function cores(number) {
  return String(Math.round(number * 100) / 100);
}

function of(held, all, text) {
  return `${held === null ? "?" : text(held)} of ${text(all)}`;
}

function gpus(one) {
  return one.totalGPUs ? of(one.allocatedGPUs, one.totalGPUs, String) + (one.virtualGPUs ? " (virtual)" : "") : "";
}

export function cronsView(frame) {
  return listView({
    ...frame, panel: "crons", noun: "cron", title: "Crons", key: one => `${one.namespace}/${one.name}`,
    open: one => frame.go(place("crons", one.namespace, one.name)), columns: [
      { title: "Name", text: one => one.name, sort: one => one.name, width: "minmax(9em, 2fr)" },
      namespace(frame.about),
      { title: "Schedule", text: one => [one.schedule, one.timezone].filter(Boolean).join(" "), sort: one => one.schedule, width: "minmax(7em, 1fr)" },
      { title: "State", text: cronState, sort: cronState, width: "7em", class: one => `phase ${one.suspend ? "still" : "good"}` },
      { title: "Type", text: one => one.type, sort: one => one.type, width: "minmax(6em, 1fr)", wide: true },
      { title: "Active", text: one => one.active || "", sort: one => one.active, width: "5em", number: true, wide: true },
      { title: "Last", text: one => since(one.lastScheduleTime) || "never", sort: one => -(moment(one.lastScheduleTime) || 0), width: "5em", number: true, wide: true },
      { title: "Submitter", text: one => one.submitter, sort: one => one.submitter, width: "minmax(5em, 1fr)", wide: true },
    ],
    group: cronState, chip: text => `phase ${text === "on" ? "good" : "still"}`,
  });
}

export function cronState(one) {
  return one.suspend ? "suspended" : "on";
}

export function sweepsView(frame) {
  return listView({
    ...frame, panel: "sweeps", noun: "sweep", title: "Sweeps", key: one => `${one.namespace}/${one.name}`,
    open: one => frame.go(place("sweeps", one.namespace, one.name)), columns: [
      { title: "Name", text: one => one.name, sort: one => one.name, width: "minmax(9em, 2fr)" },
      namespace(frame.about),
      { title: "Status", text: one => phaseText(one.status), sort: one => one.status, width: "8.5em", class: one => phaseClass(one.status) },
      { title: "Trials", text: progress, sort: one => one.counts.succeeded, width: "5.5em", number: true },
      { title: "Failed", text: one => one.counts.failed || "", sort: one => one.counts.failed, width: "5em", number: true, wide: true },
      { title: "Best", text: one => one.result, sort: one => Number(one.result) || 0, width: "6.5em", number: true },
      { title: "Metric", text: one => one.objectives[0]?.metric, sort: one => one.objectives[0]?.metric ?? "", width: "minmax(5em, 1fr)", wide: true },
      { title: "Algorithm", text: one => one.algorithm, sort: one => one.algorithm, width: "minmax(6em, 1fr)", wide: true },
      { title: "Kind", text: one => one.trainer || one.type, sort: one => one.trainer, width: "minmax(6em, 1fr)", wide: true },
      { title: "Time", text: one => span(lasted(one)), sort: lasted, width: "5em", number: true, wide: true },
      { title: "Reason", text: one => one.reason, sort: one => one.reason, width: "minmax(6em, 2fr)", wide: true },
    ],
    group: one => phaseText(one.status), chip: text => phaseClass(text.slice(2)),
  });
}

export function progress(one) {
  const { succeeded, failed, stopped = 0 } = one.counts;
  return `${one.counts.ended ?? succeeded + failed + stopped}/${one.maxTrials ?? "?"}`;
}

export function lasted(one) {
  const from = moment(one.creationTimestamp), to = moment(one.completionTime) || Date.now();
  return Number.isNaN(from) ? 0 : (to - from) / 1000;
}

export function servingsView(frame) {
  return listView({
    ...frame, panel: "servings", noun: "serving", title: "Servings", key: one => one.uuid,
    open: one => frame.go(place("servings", one.namespace, one.type, one.name, one.version)), columns: [
      { title: "Name", text: one => one.name, sort: one => one.name, width: "minmax(9em, 2fr)" },
      namespace(frame.about),
      { title: "Version", text: one => one.version, sort: one => one.version, width: "minmax(4em, 1fr)" },
      { title: "State", text: servingState, sort: servingState, width: "8em", class: one => servingClass(servingState(one)) },
      { title: "Type", text: one => one.type, sort: one => one.type, width: "minmax(6em, 1fr)", wide: true },
      { title: "Available", text: one => `${one.availableInstances}/${one.desiredInstances}`, sort: one => one.availableInstances, width: "6em", number: true, wide: true },
      { title: "GPUs", text: one => one.requestGPUs || "", sort: one => one.requestGPUs, width: "5em", number: true, wide: true },
      { title: "Traffic", text: one => (one.traffic ? `${one.traffic.percent}%` : ""), sort: one => one.traffic?.percent ?? -1, width: "5em", number: true, wide: true },
      { title: "Address", text: one => one.url || one.ip, sort: one => one.url || one.ip, width: "minmax(8em, 2fr)", wide: true },
      { title: "Age", text: one => since(one.creationTimestamp), sort: one => -one.creationTimestamp, width: "5em", number: true, wide: true },
    ],
    group: servingState, chip: servingClass,
  });
}

export function servingState(one) {
  if (one.desiredInstances === 0) return "‖ stopped";
  if (one.availableInstances >= one.desiredInstances) return "● available";
  return one.availableInstances ? "◐ partly" : "◌ waiting";
}

export function servingClass(state) {
  return `phase ${state.startsWith("●") ? "good" : state.startsWith("‖") ? "still" : "wait"}`;
}

