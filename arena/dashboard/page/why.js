// Why a job waits or fails, and where its time went.

import { lack, path, poll } from "./api.js";
import { h, setText } from "./dom.js";
import { clock, moment, span } from "./format.js";

const PACE = 10000;

function panel(job, signal, name, what, draw) {
  const note = h("p", { class: "note", role: "status", hidden: true });
  const below = h("div", {});
  let last = null;
  poll(path("jobs", job.namespace, job.trainer, job.name, name), signal, found => {
    if (found.data && (!found.same || !last)) {
      last = found.data.item;
      below.replaceChildren(...draw(last));
    }
    const text = lack(found, what);
    note.hidden = !text;
    note.className = found.error ? "note bad" : "note";
    setText(note, text);
  }, PACE);
  return { element: h("div", { class: "fill scrolls why-page" }, note, below) };
}

export function whyPanel(job, signal) {
  return panel(job, signal, "why", "the job and what it depends on", found => [
    h("p", { class: "cause" }, found.message, found.well ? null : h("code", { class: "faint" }, ` ${found.cause}`)),
    ...section("Evidence", found.evidence.map(one => h("blockquote", {},
      h("span", { class: "faint" }, [clock(one.time), `${one.source} of ${one.subject}: `].filter(Boolean).join("  ")), one.text))),
    ...section("Next", found.fix.map(command => h("pre", {}, command))),
    ...section("Also failed", found.followed.map(one => h("p", {}, one.message))),
    ...section("Looked at", found.lookedAt.length ? [h("p", { class: "faint" }, found.lookedAt.join(", "))] : []),
  ]);
}

function section(title, children) {
  return children.length ? [h("h2", {}, title), ...children] : [];
}

export function timelinePanel(job, signal) {
  return panel(job, signal, "timeline", "the timeline", found => {
    const took = stage => Math.max(0, ((moment(stage.ended) || Date.now()) - moment(stage.began)) / 1000);
    const all = found.stages.reduce((sum, one) => sum + took(one), 0) || 1;
    const rows = found.stages.map(one => {
      const bar = h("span", { class: "part" });
      bar.style.width = `${Math.max(0.5, 100 * took(one) / all)}%`;
      const usual = found.usualSeconds[one.stage];
      const told = [usual === undefined ? "" : `usually ${span(usual)}`, one.longest ? `longest on ${one.longest}` : ""].filter(Boolean).join(", ");
      return h("div", { class: "stage" }, h("span", {}, one.stage), h("span", { class: "number" }, span(took(one)) + (one.ended ? "" : "…")),
        h("span", { class: "whole" }, bar), h("span", { class: "faint" }, told));
    });
    const runs = found.earlierRuns.length;
    return [h("div", { class: "stages" }, rows), h("p", { class: "faint" }, runs ? `Compared with ${runs} earlier ${runs === 1 ? "run" : "runs"}.` : "")];
  });
}
