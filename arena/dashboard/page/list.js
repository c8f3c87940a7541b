// A page with a list of objects: a filter, chips of their groups, a table.

import { lack, poll } from "./api.js";
import { h, setText } from "./dom.js";
import { plural } from "./format.js";
import { Table } from "./table.js";

const kept = new Map();  // what each list looks like when one comes back to it

// panel: its path; noun: what one row is; key(row), open(row)?; group(row)?: the text of its chip;
// chip(group): its class; groups: their order; empty: what is said if there is none; marks: whether rows can be marked.
export function listView({ signal, about, panel, noun, title, columns, key, open, group, chip, groups = [], empty, marks, reversed }) {
  const state = kept.get(panel) ?? { filter: "", groups: new Set(), chosen: "", top: 0, sorted: null, marked: new Set() };
  kept.set(panel, state);
  const table = new Table({ columns: columns.filter(Boolean), key, open, label: title, marked: marks ? state.marked : null });
  table.chosen = state.chosen;
  if (state.sorted) table.sortedBy(state.sorted);
  const filter = h("input", {
    type: "search", placeholder: "Filter (/)", "aria-label": `Filter ${title.toLowerCase()}`, value: state.filter,
    oninput: () => { state.filter = filter.value; table.element.scrollTop = 0; refresh(); },
    onkeydown: event => typed(event),
  });
  const chips = h("div", { class: "chips", role: "group", "aria-label": "Show only" });
  const note = h("p", { class: "note", role: "status", hidden: true });
  const nothing = h("p", { class: "empty", hidden: true });
  const count = h("span", { class: "faint count" });
  const extra = h("span", { class: "chips" });
  let rows = null, texts = new Map();

  function typed(event) {
    if (event.key === "Escape") {
      if (filter.value) { filter.value = state.filter = ""; refresh(); } else table.element.focus();
      event.stopPropagation();
    } else if (event.key === "Enter" || event.key === "ArrowDown") {
      table.element.focus();
      if (table.at < 0) table.choose(0);
      if (event.key === "Enter" && table.rows.length === 1) table.enter();
      event.preventDefault();
      event.stopPropagation();
    }
  }

  function words(row) {
    return table.columns.map(one => String(one.text(row) ?? "")).join("\n").toLowerCase();
  }

  function refresh() {
    if (rows === null) return;
    const wanted = state.filter.toLowerCase().split(/\s+/).filter(Boolean);
    const matching = rows.filter(row => wanted.every(word => texts.get(row).includes(word)));
    if (group) drawChips(matching);
    const shown = state.groups.size ? matching.filter(row => state.groups.has(group(row))) : matching;
    table.show(shown);
    const all = plural(rows.length, noun);
    setText(count, shown.length === rows.length ? all : `${shown.length.toLocaleString("en")} of ${all}`);
    nothing.hidden = shown.length > 0;
    table.element.hidden = shown.length === 0;
    const where = about.namespace ? `in namespace ${about.namespace}` : "in any namespace";
    setText(nothing, rows.length ? `No ${noun} matches the filter.` : empty ?? `No ${noun}s ${where} of ${about.cluster}.`);
  }

  function drawChips(matching) {
    const counts = new Map();
    matching.forEach(row => counts.set(group(row), (counts.get(group(row)) ?? 0) + 1));
    const there = [...new Set([...groups, ...counts.keys()])].filter(one => counts.has(one) || state.groups.has(one)).slice(0, 14);
    const wanted = there.map(one => `${one} ${counts.get(one) ?? 0} ${state.groups.has(one)}`).join();
    if (chips.dataset.shown === wanted) return;
    chips.dataset.shown = wanted;
    const focused = there.findIndex(one => one === document.activeElement?.dataset?.group);
    chips.replaceChildren(...there.map(one => h("button", {
      type: "button", class: `chip ${chip(one)}`, "aria-pressed": String(state.groups.has(one)), "data-group": one,
      onclick: () => { if (!state.groups.delete(one)) state.groups.add(one); refresh(); },
    }, `${one} ${(counts.get(one) ?? 0).toLocaleString("en")}`)));
    if (focused >= 0) chips.children[focused].focus();
  }

  poll(panel, signal, found => {
    if (found.data && (!found.same || rows === null)) {
      rows = reversed ? [...found.data.items].reverse() : found.data.items;
      texts = new Map(rows.map(row => [row, words(row)]));
      refresh();
      if (state.top) { table.element.scrollTop = state.top; state.top = 0; table.draw(); }
    }
    const text = lack(found, title.toLowerCase());
    note.hidden = !text;
    note.className = found.error ? "note bad" : "note";
    setText(note, text);
  });
  const tick = setInterval(() => { if (!document.hidden) table.draw(); }, 1000);
  signal.addEventListener("abort", () => {
    clearInterval(tick);
    Object.assign(state, { chosen: table.chosen, top: table.element.scrollTop, sorted: table.order });
    table.close();
  });
  const element = h("section", { class: "fill" }, h("div", { class: "bar" }, filter, chips, extra, count), note, nothing, table.element);
  const keys = {
    "/": () => { filter.focus(); filter.select(); },
    Escape: () => { state.groups.clear(); filter.value = state.filter = ""; refresh(); },
  };
  return { title, element, keys, table, extra, marked: () => rows?.filter(row => state.marked.has(key(row))) ?? [] };
}
