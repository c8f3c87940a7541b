// The log of a job, as it comes.

import { path, shown, stream } from "./api.js";
import { h, setText } from "./dom.js";

const MOST = 5000;  // lines
const MANY = 16;    // instances: of more, the first is shown

export function logsPanel(job, signal) {
  const several = job.instances.length > 1;
  const chief = (job.instances.find(one => one.chief) ?? job.instances[0])?.name ?? "";
  const start = job.instances.length > MANY ? chief : "";
  const instance = h("select", { "aria-label": "Instance", onchange: () => follow() },
    several && h("option", { value: "" }, `all ${job.instances.length} instances`),
    job.instances.map(one => h("option", { value: one.name }, one.name)));
  instance.value = several ? start : chief;
  const find = h("input", { type: "search", placeholder: "Find (/)", "aria-label": "Show only lines with", oninput: () => redraw() });
  const wrap = h("input", { type: "checkbox", checked: true, onchange: () => box.classList.toggle("wrapped", wrap.checked) });
  const box = h("div", { class: "log wrapped", tabIndex: 0, role: "log", "aria-label": "Log", "aria-live": "off" });
  const note = h("span", { class: "faint", role: "status" });
  const bar = h("div", { class: "bar" }, job.instances.length > 0 && instance, find, h("label", {}, wrap, "wrap"), note);
  const element = h("div", { class: "fill" }, bar, box);
  let lines = [], fresh = [], frame = 0, current = null;

  function matches(line) {
    return !find.value || line.text.toLowerCase().includes(find.value.toLowerCase());
  }

  function drawn(line) {
    const prefix = several && !instance.value && line.instance ? h("span", { class: "who" }, short(line.instance)) : null;
    return h("div", { class: line.said ? "said" : null }, prefix, line.text || " ");
  }

  function short(name) {
    return name.startsWith(`${job.name}-`) ? name.slice(job.name.length + 1) : name;
  }

  function atEnd() {
    return box.scrollHeight - box.scrollTop - box.clientHeight < 40;
  }

  function draw() {
    frame = 0;
    const follows = atEnd();
    const added = fresh.slice(-MOST);
    fresh = [];
    lines = lines.concat(added).slice(-MOST);
    box.append(...added.filter(matches).map(drawn));
    for (let more = box.childElementCount - MOST; more > 0; more--) box.firstChild.remove();
    if (follows) box.scrollTop = box.scrollHeight;
  }

  function redraw() {
    box.replaceChildren(...lines.filter(matches).map(drawn));
    box.scrollTop = box.scrollHeight;
  }

  function take(found) {
    if (found.error) setText(note, found.hint ? `${found.error}; ${found.hint}` : found.error);
    else if (found.ended) setText(note, lines.length + fresh.length ? "the log has ended" : "there is no log");
    else if (!found.said && !found.lines) setText(note, lines.length + fresh.length ? "" : "no output so far");
    else setText(note, "");
    if (found.said) fresh.push({ instance: found.instance, text: found.said, said: true });
    found.lines?.forEach(text => fresh.push({ instance: found.instance, text }));
    if (fresh.length > 2 * MOST) fresh = fresh.slice(-MOST);
    if (fresh.length && !frame) frame = requestAnimationFrame(draw);
  }

  async function follow() {
    current?.abort();
    current = new AbortController();
    const mine = current;
    lines = [];
    fresh = [];
    box.replaceChildren();
    setText(note, "reading the log");
    const query = instance.value ? `?instance=${encodeURIComponent(instance.value)}` : "";
    try {
      await stream(path("jobs", job.namespace, job.trainer, job.name, "logs") + query, mine.signal, found => {
        if (mine === current) take(found);
      });
    } catch (error) {
      if (error.name !== "AbortError" && mine === current) setText(note, "the connection is lost");
    }
  }

  // A hidden page follows nothing: browsers share a few connections among all pages.
  const hide = () => {
    if (document.hidden) current?.abort();
    else if (!signal.aborted) follow();
  };
  document.addEventListener("visibilitychange", hide);
  signal.addEventListener("abort", () => {
    current?.abort();
    cancelAnimationFrame(frame);
    document.removeEventListener("visibilitychange", hide);
  });
  shown(signal).then(() => { if (!signal.aborted && !current) follow(); });
  const keys = { "/": () => find.focus(), G: () => { box.scrollTop = box.scrollHeight; }, g: () => { box.scrollTop = 0; } };
  return { element, keys };
}
