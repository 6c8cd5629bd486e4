// Looks models up by a part of their name; the page is complete without it.
(() => {
  "use strict";
  const LIMIT = 50;
  const HEAD = ["model", "library", "input", "rows", "parameters (M)", "GMACs", "torch's counter"];
  const FIGURES = 3; // the first column of them
  const here = new URL(document.currentScript.src, location.href);
  let models;

  const load = (address) => models ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = new URL(`../../${address}`, here).href;
    script.onload = () => resolve(window.cnnrefZoo);
    script.onerror = () => reject(new Error(`${address} did not load`));
    document.head.append(script);
  });

  const cell = (tag, text, scope) => {
    const made = document.createElement(tag);
    made.textContent = text;
    if (scope) made.scope = scope;
    return made;
  };

  const line = ([name, library, input, rows, parameters, macs, outcome]) => {
    const made = document.createElement("tr");
    made.append(cell("th", name, "row"), ...[
      library, input.replaceAll("x", " × "), rows, (parameters / 1e6).toFixed(1), (macs / 1e9).toFixed(2), outcome,
    ].map((text) => cell("td", text)));
    [...made.cells].slice(FIGURES, -1).forEach((figure) => { figure.className = "num"; });
    return made;
  };

  const table = (found) => {
    const box = document.createElement("div");
    box.className = "table-scroll wide";
    box.setAttribute("role", "region");
    box.setAttribute("aria-label", "Models found");
    box.tabIndex = 0;
    const made = document.createElement("table");
    made.className = "ledger";
    const head = made.createTHead().insertRow();
    head.append(...HEAD.map((text) => cell("th", text, "col")));
    [...head.cells].slice(FIGURES, -1).forEach((title) => { title.className = "num"; });
    made.createTBody().append(...found.map(line));
    box.append(made);
    return box;
  };

  const prepare = (form) => {
    const [input, said, place] = [form.querySelector("input"), form.querySelector("p"), form.nextElementSibling];
    form.hidden = false;
    form.addEventListener("submit", (event) => event.preventDefault());
    input.addEventListener("input", async () => {
      const asked = input.value.trim().toLowerCase();
      const all = await load(form.dataset.models);
      if (asked !== input.value.trim().toLowerCase()) return;
      const found = asked ? all.filter(([name]) => name.toLowerCase().includes(asked)) : [];
      place.replaceChildren(...(found.length ? [table(found.slice(0, LIMIT))] : []));
      place.querySelectorAll("table").forEach((made) => window.cnnrefTables?.prepare(made));
      dispatchEvent(new Event("resize")); // the table may scroll
      const more = found.length > LIMIT ? `, the first ${LIMIT} shown` : "";
      const many = found.length ? `${found.length} of ${all.length} models${more}` : `None of ${all.length} models has that in its name.`;
      said.textContent = asked ? many : "";
    });
    window.cnnrefTables?.keep(input, "models");
  };

  const start = () => document.querySelectorAll("form.finder").forEach(prepare);
  // behind the script of all tables, which keeps what is typed in the address
  if (document.readyState !== "complete") addEventListener("DOMContentLoaded", start);
  else start();
})();
