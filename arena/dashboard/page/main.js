// The frame of the page: which part is shown, and the keys.

import { read, takeToken, watchers } from "./api.js";
import { h, isTyping, setText } from "./dom.js";
import { curvesView } from "./curves.js";
import { cronView, servingView, sweepView } from "./details.js";
import { jobView } from "./job.js";
import { jobsView } from "./jobs.js";
import { cronsView, eventsView, nodesView, servingsView, sweepsView } from "./lists.js";

// Name in the address, title, the list, one object and how many names it has.
const PAGES = [
  ["jobs", "Jobs", jobsView, jobView, 3], ["sweeps", "Sweeps", sweepsView, sweepView, 2],
  ["servings", "Servings", servingsView, servingView, 3], ["crons", "Crons", cronsView, cronView, 2],
  ["nodes", "Nodes", nodesView], ["events", "Events", eventsView],
];
const OTHERS = { curves: curvesView };
const KEYS = [
  ["j k", "next and previous row"], ["Enter", "open"], ["Esc", "back, or clear the filter"], ["/", "filter"],
  ["1 … 6", "parts of a job"], ["x c", "mark jobs, and show their curves"], ["J S V C N E", "the pages: jobs, sweeps, servings, crons, nodes, events"], ["g G", "begin and end of a log"], ["?", "these keys"],
];

const LETTERS = { J: "jobs", S: "sweeps", V: "servings", C: "crons", N: "nodes", E: "events" };
for (const [key, page] of Object.entries(LETTERS)) LETTERS[key] = () => go(`#/${page}`);

const main = document.getElementById("main"), state = document.getElementById("state");
const dialog = document.getElementById("dialog"), tabs = document.getElementById("tabs");
let about = { cluster: "", namespace: "", changes: false };
let view = null, leave = new AbortController();

function go(hash) {
  location.hash = hash;
}

function parts() {
  try {
    return location.hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent);
  } catch {
    return [];
  }
}

function show() {
  leave.abort();
  leave = new AbortController();
  const [page, ...rest] = parts();
  const other = Object.hasOwn(OTHERS, page ?? "") ? OTHERS[page] : null;
  const [id, , list, one, names] = PAGES.find(known => known[0] === page) ?? PAGES[0];
  const make = other ?? (one && rest.length >= names ? one : list);
  view = make({ signal: leave.signal, about, go, parts: rest });
  document.title = `${view.title} – arena`;
  tabs.replaceChildren(...PAGES.map(one => h("a", { href: `#/${one[0]}`, "aria-current": one[0] === id ? "page" : null }, one[1])));
  main.replaceChildren(view.element);
}

function help() {
  if (dialog.open) return dialog.close();
  dialog.replaceChildren(h("h2", {}, "Keys"),
    h("dl", { class: "keys" }, KEYS.map(([keys, text]) => h("div", {}, h("dt", {}, keys.split(" ").map(one => h("kbd", {}, one))), h("dd", {}, text)))),
    h("button", { type: "button", onclick: () => dialog.close() }, "Close"));
  return dialog.showModal();
}

function pressed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || dialog.open || !view) return;
  if (isTyping(event)) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (event.key === "Enter" && event.target instanceof Element && event.target.closest("a, button")) return;
  const action = event.key === "?" ? help : LETTERS[event.key] ?? view.keys?.[event.key] ?? view.table?.keys[event.key];
  if (!action) return;
  event.preventDefault();
  action();
}

// Say once, above everything, that the server of this page is gone or does not know this browser.
function watch(found) {
  const text = found.lost ? "arena dashboard has ended; start it again and open its new link"
    : found.refused ? found.error : "";
  state.hidden = !text;
  setText(state, text);
}

// Begin with the token of the link, or with that of an earlier visit.
async function start() {
  takeToken();
  const found = await read("about");
  watch(found);
  about = found.data ?? about;
  setText(document.getElementById("where"), [about.cluster, about.namespace || "all namespaces"].join(" · "));
  show();
}

watchers.add(watch);
document.addEventListener("keydown", pressed);
document.getElementById("help").addEventListener("click", help);
addEventListener("hashchange", () => (location.hash.startsWith("#token=") ? start() : show()));
start();
