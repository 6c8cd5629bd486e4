// Everything here improves a page that is complete without it.
(() => {
  "use strict";
  const here = new URL(document.currentScript.src, location.href);
  const library = new URL("../vendor/vega/vega-embed.js", here);
  const MARGIN = 24;
  const scripts = new Map();

  const load = (address) => {
    if (!scripts.has(address)) scripts.set(address, new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = address;
      script.onload = resolve;
      script.onerror = () => reject(new Error(`${address} did not load`));
      document.head.append(script);
    }));
    return scripts.get(address);
  };

  // A live chart takes the exact width of the drawing it replaces, so nothing moves.
  const draw = async (view) => {
    const shown = [...view.querySelectorAll("svg")].find((svg) => svg.getClientRects().length);
    const width = shown ? Number(shown.getAttribute("width")) : view.clientWidth - MARGIN;
    await load(library.href);
    const host = document.createElement("div");
    host.className = "chart-live";
    host.hidden = true;
    view.append(host);
    const spec = { ...JSON.parse(view.dataset.spec), width, autosize: { type: "fit-x", contains: "padding" } };
    await window.vegaEmbed(host, spec, { renderer: "svg", actions: false, tooltip: { theme: "custom" } });
    if (!host.isConnected) return;
    view.querySelector(".chart-static").hidden = true;
    host.hidden = false;
    host.querySelectorAll("svg").forEach((svg) => {
      svg.setAttribute("aria-hidden", "true");
      svg.setAttribute("viewBox", `0 0 ${svg.getAttribute("width")} ${svg.getAttribute("height")}`);
    });
    view.dataset.live = "true";
  };

  // The arrow keys lead from mark to mark and show what pointing would show; Escape hides it.
  const step = (view, event) => {
    const forward = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const marks = [...view.querySelectorAll(".chart-live :is(.mark-symbol, .mark-rect):not(.role-legend-symbol) > path")];
    if (!marks.length || !(forward || event.key === "Escape")) return;
    event.preventDefault();
    const before = Number(view.dataset.mark ?? -1);
    const tell = (mark, types, point) => types.forEach((type) => mark.dispatchEvent(new PointerEvent(type, { bubbles: true, ...point })));
    if (marks[before]) tell(marks[before], ["pointerout", "mouseout"], {});
    delete view.dataset.mark;
    if (!forward) return;
    const next = before < 0 ? (forward > 0 ? 0 : marks.length - 1) : (before + forward + marks.length) % marks.length;
    const box = marks[next].getBoundingClientRect();
    tell(marks[next], ["pointerover", "mouseover", "pointermove", "mousemove"], { clientX: box.x + box.width / 2, clientY: box.y + box.height / 2 });
    view.dataset.mark = next;
    const told = document.querySelector("#vg-tooltip-element");
    const said = view.parentElement.querySelector(".chart-said") ?? view.parentElement.appendChild(document.createElement("p"));
    said.className = "chart-said";
    said.setAttribute("aria-live", "polite");
    said.textContent = [...(told?.querySelectorAll("tr") ?? [])].map((row) => [...row.cells].map((cell) => cell.textContent.trim()).join(": ")).join("; ");
  };

  const prepareChart = (view) => {
    view.tabIndex = 0;
    view.addEventListener("keydown", (event) => step(view, event));
    view.addEventListener("blur", () => step(view, new KeyboardEvent("keydown", { key: "Escape" })));
    const start = () => {
      events.forEach((name) => view.removeEventListener(name, start));
      draw(view).catch(() => { view.dataset.live = "failed"; });
    };
    const events = ["pointerenter", "focus", "touchstart"];
    events.forEach((name) => view.addEventListener(name, start, { passive: true }));
  };

  // The views that a reader can choose are drawings; a chart that is live already stays live.
  const show = async (figure) => {
    const key = figure.dataset.choice;
    const asked = [...figure.querySelectorAll("input:checked")].map((input) => input.value).join(" ");
    figure.dataset.asked = asked;
    await load(new URL(`../charts/${key}.js`, here).href);
    if (figure.dataset.asked !== asked) return;
    const chosen = window.cnnrefViews[key][asked];
    const view = figure.querySelector(".chart-view");
    const title = figure.querySelector("figcaption").textContent.replace(/\.$/, "");
    const live = view.dataset.live === "true";
    view.querySelectorAll(".chart-live").forEach((host) => host.remove());
    view.querySelector(".chart-static").hidden = false;
    ["wide", "narrow"].forEach((size) => { view.querySelector(`.chart-${size}`).innerHTML = chosen[size]; });
    view.dataset.spec = JSON.stringify(chosen.spec);
    view.dataset.shown = asked;
    view.setAttribute("aria-label", `${title}. ${chosen.description}`);
    const note = figure.querySelector(".chart-note");
    if (note.textContent !== chosen.note) note.textContent = chosen.note;
    if (live) await draw(view);
  };

  // Where two answers have no view together, the newer one stands and the other gives way.
  const reconcile = (figure, newest) => {
    if (!figure.dataset.views) return;
    const groups = [...figure.querySelectorAll("fieldset")];
    const answers = groups.map((group) => group.querySelector("input:checked").value);
    const views = JSON.parse(figure.dataset.views).map((view) => view.split(" "));
    if (views.some((view) => view.every((answer, number) => answer === answers[number]))) return;
    const asked = Math.max(0, groups.findIndex((group) => group.contains(newest)));
    const other = views.find((view) => view[asked] === answers[asked]) ?? views[0];
    groups.forEach((group, number) => {
      [...group.querySelectorAll("input")].find((input) => input.value === other[number]).checked = true;
    });
  };

  const prepareChoice = (figure) => {
    const form = figure.querySelector(".chart-choices");
    form.hidden = false;
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("change", (event) => {
      reconcile(figure, event.target);
      show(figure).catch(() => { figure.dataset.asked = "failed"; });
    });
    // a browser that comes back to the page remembers the answers
    if ([...form.elements].some((input) => input.checked !== input.defaultChecked)) form.dispatchEvent(new Event("change"));
  };

  // Only what really scrolls is a stop for the Tab key.
  const SCROLLING = ".table-scroll, .cell-output, .md-typeset .katex-display";
  const settleFocus = () => document.querySelectorAll(SCROLLING).forEach((box) => {
    if (box.scrollWidth > box.clientWidth + 1) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  });

  // A link to a row opens what it stands in.
  const openTarget = () => {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    let box = target && target.closest("details:not([open])");
    if (!box) return;
    for (; box; box = box.parentElement.closest("details:not([open])")) box.open = true;
    target.scrollIntoView({ block: "center" });
  };

  // On paper nothing can be opened; the code of the books stays a file's name.
  const openForPrint = () => document.querySelectorAll("details:not([open], .book)").forEach((box) => {
    box.open = true;
    addEventListener("afterprint", () => { box.open = false; }, { once: true });
  });

  const start = () => {
    document.querySelectorAll(".chart-view[data-spec]").forEach(prepareChart);
    document.querySelectorAll("figure[data-choice]").forEach(prepareChoice);
    settleFocus();
    openTarget();
    addEventListener("hashchange", openTarget);
    addEventListener("resize", settleFocus);
    addEventListener("load", settleFocus);
    addEventListener("toggle", settleFocus, true);
    addEventListener("beforeprint", openForPrint);
    document.fonts?.ready.then(settleFocus);
  };
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", start);
  else start();
})();
