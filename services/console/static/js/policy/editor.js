// A text editor that is a textarea: line numbers beside it, faults and doubts marked at their lines, Tab indents by two.

const LINES_ABOVE = 4;

export class Editor {
  constructor(area, gutter) {
    Object.assign(this, { area, gutter, marks: new Map(), shown: 0 });
    area.addEventListener("scroll", () => (gutter.scrollTop = area.scrollTop));
    area.addEventListener("keydown", (event) => this.indent(event));
  }

  /** Draw the numbers; `faults` and `doubts` are `{line, message}`. */
  mark(faults, doubts) {
    this.marks = new Map();
    for (const doubt of doubts) this.marks.set(doubt.line, ["doubtful", doubt.message]);
    for (const fault of faults) this.marks.set(fault.line, ["faulty", fault.message]);
    this.number(true);
  }

  number(again = false) {
    const lines = this.area.value.split("\n").length;
    if (lines === this.shown && !again) return;
    this.shown = lines;
    const rows = [];
    for (let line = 1; line <= lines; line += 1) {
      const row = document.createElement("span");
      row.textContent = line;
      const mark = this.marks.get(line);
      if (mark) {
        row.className = mark[0];
        row.title = mark[1];
      }
      rows.push(row);
    }
    this.gutter.replaceChildren(...rows);
    this.gutter.scrollTop = this.area.scrollTop;
  }

  goTo(line, column = 1) {
    const text = this.area.value.split("\n");
    const at = text.slice(0, line - 1).reduce((sum, each) => sum + each.length + 1, 0) + column - 1;
    this.area.focus();
    this.area.setSelectionRange(at, at);
    this.area.scrollTop = (line - LINES_ABOVE) * (this.area.scrollHeight / text.length);
  }

  /** The line that begins with `key:` under the headings given, or 0. */
  lineOf(...path) {
    const lines = this.area.value.split("\n");
    let from = 0;
    let depth = -1;
    for (const key of path) {
      const found = lines.findIndex((line, n) => {
        const indent = line.search(/\S/);
        return n >= from && indent > depth && line.slice(indent).replace(/^["']/, "").startsWith(key) && /^["']?\s*:/.test(line.slice(indent).replace(/^["']/, "").slice(key.length));
      });
      if (found < 0) return 0;
      depth = lines[found].search(/\S/);
      from = found + 1;
    }
    return from;
  }

  indent(event) {
    if (event.key !== "Tab" || event.shiftKey || event.ctrlKey || event.altKey || this.area.readOnly) return;
    if (this.escaped) return; // Escape, then Tab, leaves the field: nobody is trapped in it
    event.preventDefault();
    document.execCommand("insertText", false, "  ");
  }

  get escaped() {
    return this.area.dataset.escaped === "yes";
  }
}

/** Escape lets the next Tab leave the editor; any other key takes that back. */
export function watchEscape(area) {
  area.addEventListener("keydown", (event) => {
    if (event.key === "Escape") area.dataset.escaped = "yes";
    else if (event.key !== "Tab") area.dataset.escaped = "";
  });
  area.addEventListener("blur", () => (area.dataset.escaped = ""));
}
