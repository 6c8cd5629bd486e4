// Long tables can be sorted and filtered, and the tree of a network opened at once.
// The page is complete without it; nothing here changes what a table says.
(() => {
  "use strict";
  const SORTED_FROM = 12;
  const FIGURE = /^[−+-]?[\d.,]+/;

  // A cell's exact value where it has one, else its figure, else its text.
  const valueOf = (row, column) => {
    const cell = row.cells[column];
    if (!cell) return "";
    const exact = cell.dataset.value ?? cell.querySelector("data")?.value;
    const text = exact ?? cell.textContent.trim();
    const figure = FIGURE.exec(text);
    const number = figure ? Number(figure[0].replace(/,/g, "").replace("−", "-")) : NaN;
    return Number.isNaN(number) ? text : number;
  };

  // Figures before texts; empty cells last.
  const compare = (a, b) => {
    if (a === "" || b === "") return (a === "") - (b === "");
    if (typeof a === "number" && typeof b === "number") return a - b;
    if (typeof a === "number" || typeof b === "number") return typeof a === "number" ? -1 : 1;
    return a.localeCompare(b, "en", { numeric: true, sensitivity: "base" });
  };

  const sortBy = (table, column, order, original) => {
    const rows = [...original];
    const sign = order === "descending" ? -1 : 1;
    if (order) {
      const values = new Map(rows.map((row) => [row, valueOf(row, column)]));
      rows.sort((a, b) => {
        const [x, y] = [values.get(a), values.get(b)];
        return x === "" || y === "" ? compare(x, y) : sign * compare(x, y);
      });
    }
    table.tBodies[0].append(...rows);
  };

  // First click: largest first for figures, first of the alphabet for texts; third: as it was.
  const makeSortable = (table, say) => {
    const original = [...table.tBodies[0].rows];
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      if (!head.textContent.trim()) return;
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const figures = original.some((row) => typeof valueOf(row, column) === "number" && column);
        const orders = figures ? ["descending", "ascending", ""] : ["ascending", "descending", ""];
        const now = head.getAttribute("aria-sort") ?? "";
        const next = orders[(orders.indexOf(now) + 1) % orders.length];
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        if (next) head.setAttribute("aria-sort", next);
        sortBy(table, column, next, original);
        say(next ? `sorted by ${button.textContent.trim()}, ${next}` : "in the original order");
      });
    });
  };

  // What is typed into a field is in the address: a link has it, and it is there after Back.
  const keep = (input, name) => {
    const mark = `#${name}:`;
    const arrive = () => {
      if (!location.hash.startsWith(mark)) return;
      try { input.value = decodeURIComponent(location.hash.slice(mark.length)); } catch { return; }
      input.dispatchEvent(new Event("input"));
      input.scrollIntoView();
    };
    input.addEventListener("input", () => {
      const [asked, now] = [input.value.trim(), location.hash];
      const to = asked ? mark + encodeURIComponent(asked) : location.pathname + location.search;
      if (asked || now.startsWith(mark)) history.replaceState(null, "", to);
    });
    addEventListener("hashchange", arrive);
    arrive();
  };

  const makeFilter = (table, bar) => {
    const label = document.createElement("label");
    label.textContent = "Show only rows with ";
    const input = document.createElement("input");
    input.type = "search";
    label.append(input);
    const status = document.createElement("span");
    status.setAttribute("role", "status");
    bar.append(label, status);
    const rows = [...table.tBodies[0].rows];
    const words = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));
    input.addEventListener("input", () => {
      const wanted = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const row of rows) {
        row.hidden = !wanted.every((word) => words.get(row).includes(word));
        shown += !row.hidden;
      }
      const none = `No row has ${wanted.length > 1 ? "all of that" : "that"}.`;
      status.textContent = wanted.length ? (shown ? `${shown} of ${rows.length}` : none) : "";
    });
    const place = [...document.querySelectorAll(".table-filter")].indexOf(bar);
    keep(input, place ? `rows-${place + 1}` : "rows");
    return (text) => { status.textContent = text; };
  };

  const quiet = (box) => {
    const status = document.createElement("span");
    status.setAttribute("role", "status");
    status.className = "visually-hidden";
    // beside the article, all of which would be styled anew
    (box.closest(".md-content") ?? document.body).append(status);
    return (text) => { status.textContent = text; };
  };

  const plain = (table) => table.tHead?.rows.length === 1 && table.tBodies.length === 1 &&
    !table.querySelector("tbody [colspan], tbody [rowspan], thead [colspan]");

  const prepare = (table) => {
    const box = table.closest(".table-scroll") ?? table;
    const count = table.tBodies[0]?.rows.length ?? 0;
    if (count < SORTED_FROM || !plain(table)) return;
    const bar = box.previousElementSibling; // the page keeps its place
    const say = bar?.matches(".table-filter") ? makeFilter(table, bar) : quiet(box);
    makeSortable(table, say);
  };

  const prepareTree = (tree) => {
    const all = [...tree.querySelectorAll("details")];
    let bar = tree.previousElementSibling; // the page keeps its place
    while (!bar.matches(".tree-tools")) bar = bar.previousElementSibling;
    const button = document.createElement("button");
    button.type = "button";
    const settle = () => {
      button.textContent = all.every((box) => box.open) ? "Close all" : "Open all";
    };
    button.addEventListener("click", () => {
      const open = !all.every((box) => box.open);
      all.forEach((box) => { box.open = open; });
      settle();
    });
    tree.addEventListener("toggle", settle, true);
    settle();
    bar.append(button);
  };

  window.cnnrefTables = { keep, prepare }; // for tables that come later
  const start = () => {
    document.querySelectorAll("table.ledger:not(.prices)").forEach(prepare);
    document.querySelectorAll(".tree").forEach(prepareTree);
  };
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", start);
  else start();
})();
