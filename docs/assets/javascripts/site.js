// Everything here improves a page that is complete without it.
(() => {
  "use strict";
  const here = new URL(document.currentScript.src, location.href);
  const library = new URL("../vendor/vega/vega-embed.js", here);
  const MARGIN = 24;
  let loading;

  const load = () => (loading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = library.href;
    script.onload = resolve;
    script.onerror = () => reject(new Error("the chart library did not load"));
    document.head.append(script);
  }));

  // A live chart takes the exact width of the drawing it replaces, so nothing moves.
  const draw = async (view) => {
    const shown = [...view.querySelectorAll("svg")].find((svg) => svg.getClientRects().length);
    const width = shown ? Number(shown.getAttribute("width")) : view.clientWidth - MARGIN;
    await load();
    const host = document.createElement("div");
    host.className = "chart-live";
    host.hidden = true;
    view.append(host);
    const spec = { ...JSON.parse(view.dataset.spec), width, autosize: { type: "fit-x", contains: "padding" } };
    await window.vegaEmbed(host, spec, { renderer: "svg", actions: false, tooltip: { theme: "custom" } });
    view.querySelector(".chart-static").hidden = true;
    host.hidden = false;
    host.querySelectorAll("svg").forEach((svg) => {
      svg.setAttribute("aria-hidden", "true");
      svg.setAttribute("viewBox", `0 0 ${svg.getAttribute("width")} ${svg.getAttribute("height")}`);
    });
    view.dataset.live = "true";
  };

  const prepareChart = (view) => {
    view.tabIndex = 0;
    const start = () => {
      events.forEach((name) => view.removeEventListener(name, start));
      draw(view).catch(() => { view.dataset.live = "failed"; });
    };
    const events = ["pointerenter", "focus", "touchstart"];
    events.forEach((name) => view.addEventListener(name, start, { passive: true }));
  };

  // Only what really scrolls is a stop for the Tab key.
  const SCROLLING = ".table-scroll, .md-typeset .katex-display";
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
