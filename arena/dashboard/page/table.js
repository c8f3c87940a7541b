// A table of any number of rows, of which only those in sight are in the document.

import { h, setClass, setText } from "./dom.js";

const MORE = 8;  // rows beside those in sight
const narrow = matchMedia("(max-width: 700px)");
let tables = 0;

// Columns: { title, text(row), sort(row)?, width, wide?, number?, class(row)?, tip(row)? }; `wide` ones are not on phones.
export class Table {
  // marked: the set of the keys of marked rows, if rows can be marked.
  constructor({ columns, key, open, label, marked = null, height = 32 }) {
    const mark = { title: "", text: row => (marked.has(key(row)) ? "☑" : "☐"), tip: () => "Mark for curves (x)", width: "1.2em", class: () => "mark" };
    Object.assign(this, { columns: marked ? [mark, ...columns] : columns, key, open, height, marked, rows: [], given: [], chosen: "", pool: [] });
    this.id = `table${++tables}`;
    this.sorted = { by: null, down: false };
    this.head = h("div", { class: "row head", role: "row" });
    this.body = h("div", { class: "rows", role: "rowgroup" });
    this.element = h("div", {
      class: "table", role: "table", "aria-label": label, tabIndex: 0, onscroll: () => this.draw(),
      onclick: event => this.clicked(event),
    }, this.head, this.body);
    this.resized = new ResizeObserver(() => this.draw());
    this.resized.observe(this.element);
    this.layOut = () => { this.pool = []; this.body.replaceChildren(); this.drawHead(); this.draw(); };
    narrow.addEventListener("change", this.layOut);
    this.drawHead();
  }

  close() {
    this.resized.disconnect();
    narrow.removeEventListener("change", this.layOut);
  }

  get visible() {
    return narrow.matches ? this.columns.filter(one => !one.wide) : this.columns;
  }

  drawHead() {
    this.element.style.setProperty("--columns", this.visible.map(one => one.width).join(" "));
    this.head.replaceChildren(...this.visible.map(one => {
      const sorts = this.sorted.by === one ? (this.sorted.down ? "descending" : "ascending") : "none";
      const name = one.number ? "cell number" : "cell";
      if (!one.sort) return h("div", { class: name, role: "columnheader" }, one.title);
      const press = event => { event.stopPropagation(); this.sortBy(one); };
      const button = h("button", { type: "button", tabIndex: -1, onclick: press }, one.title);
      return h("div", { class: name, role: "columnheader", "aria-sort": sorts }, button);
    }));
  }

  // The chosen order, to be chosen again in a later table.
  get order() {
    return this.sorted.by && { title: this.sorted.by.title, down: this.sorted.down };
  }

  sortedBy({ title, down }) {
    this.sorted = { by: this.columns.find(one => one.title === title && one.sort) ?? null, down };
    this.drawHead();
  }

  sortBy(column) {
    const again = this.sorted.by === column;
    this.sorted = again && this.sorted.down ? { by: null, down: false } : { by: column, down: again };
    this.drawHead();
    this.show(this.given);
  }

  // Show these rows, in the order of the chosen column, else in their own.
  show(rows) {
    this.given = rows;
    const { by, down } = this.sorted;
    if (by) {
      const keyed = rows.map((row, at) => [by.sort(row), at, row]);
      const sign = down ? -1 : 1;
      keyed.sort(([a, i], [b, j]) => (a < b ? -sign : a > b ? sign : i - j));
      rows = keyed.map(one => one[2]);
    }
    this.rows = rows;
    this.body.style.height = `${rows.length * this.height}px`;
    this.element.setAttribute("aria-rowcount", rows.length);
    this.draw();
  }

  get at() {
    return this.rows.findIndex(row => this.key(row) === this.chosen);
  }

  draw() {
    const top = Math.max(0, Math.floor(this.element.scrollTop / this.height) - MORE);
    const room = Math.ceil(this.element.clientHeight / this.height) + 2 * MORE;
    const shown = this.rows.slice(top, top + room);
    while (this.pool.length < shown.length) this.pool.push(this.line());
    this.pool.forEach((line, at) => this.fill(line, shown[at], top + at));
  }

  line() {
    const cells = this.visible.map(one => h("div", { class: one.number ? "cell number" : "cell", role: "cell" }));
    const element = h("div", { class: "row", role: "row" }, cells);
    this.body.append(element);
    return { element, cells };
  }

  fill({ element, cells }, row, at) {
    element.hidden = row === undefined;
    if (element.hidden) return;
    const key = this.key(row), chosen = key === this.chosen;
    element.dataset.key = key;
    element.id = `${this.id}-${at}`;
    element.style.transform = `translateY(${at * this.height}px)`;
    element.setAttribute("aria-rowindex", at + 1);
    setClass(element, `row${chosen ? " chosen" : ""}`);
    if (chosen) this.element.setAttribute("aria-activedescendant", element.id);
    this.visible.forEach((column, number) => {
      const text = String(column.text(row) ?? ""), cell = cells[number];
      setText(cell, text);
      if (column.class) setClass(cell, `cell ${column.number ? "number " : ""}${column.class(row)}`);
      const tip = column.tip ? column.tip(row) : text;
      if (cell.title !== tip) cell.title = tip;
    });
  }

  choose(at) {
    if (!this.rows.length) return;
    const bounded = Math.min(Math.max(at, 0), this.rows.length - 1);
    this.chosen = this.key(this.rows[bounded]);
    const top = bounded * this.height, room = this.element.clientHeight - this.height;
    if (top < this.element.scrollTop) this.element.scrollTop = top;
    else if (top > this.element.scrollTop + room - this.height) this.element.scrollTop = top - room + this.height;
    this.draw();
  }

  // Keys of the page, wherever the focus is.
  get keys() {
    const page = Math.max(1, Math.floor(this.element.clientHeight / this.height) - 2);
    const moves = { j: 1, k: -1, ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page };
    const keys = { Home: () => this.choose(0), End: () => this.choose(this.rows.length - 1), Enter: () => this.enter() };
    if (this.marked) keys.x = () => { this.mark(this.at); this.move(1); };
    for (const [key, by] of Object.entries(moves)) keys[key] = () => this.move(by);
    return keys;
  }

  // Move the choice by a number of rows, from the first one if none is chosen.
  move(by) {
    this.choose(this.at < 0 ? 0 : this.at + by);
  }

  mark(at) {
    const row = this.rows[at];
    if (!row) return;
    if (!this.marked.delete(this.key(row))) this.marked.add(this.key(row));
    this.draw();
    this.onmark?.();
  }

  enter() {
    const row = this.rows[this.at];
    if (row) this.open?.(row);
  }

  clicked(event) {
    const key = event.target.closest(".row")?.dataset.key;
    const at = this.rows.findIndex(row => this.key(row) === key);
    if (key === undefined || at < 0) return;
    this.choose(at);
    if (event.target.closest(".mark")) this.mark(at);
    else this.enter();
  }
}
