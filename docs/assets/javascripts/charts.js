// Charts answer to a pointer, to the arrow keys and to a tap, and show what a reader chooses.
// The page is complete without this.
(() => {
  "use strict";
  const here = new URL(document.currentScript.src, location.href);
  const library = new URL("../vendor/vega/vega-embed.js", here);
  const MARGIN = 24;
  // further from a mark than this a tap means none
  const REACH = 60;
  const MARKS = ".chart-live :is(.mark-symbol, .mark-rect):not(.role-legend-symbol) > path";
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

  const centre = (mark) => {
    const box = mark.getBoundingClientRect();
    return { clientX: box.x + box.width / 2, clientY: box.y + box.height / 2 };
  };

  // What pointing at a mark would show, in the chart and in words; no mark hides it.
  const point = (view, marks, next) => {
    const tell = (mark, types, place) => types.forEach((type) => mark.dispatchEvent(new PointerEvent(type, { bubbles: true, ...place })));
    const before = marks[Number(view.dataset.mark ?? -1)];
    if (before) tell(before, ["pointerout", "mouseout"], {});
    delete view.dataset.mark;
    if (!marks[next]) return;
    tell(marks[next], ["pointerover", "mouseover", "pointermove", "mousemove"], centre(marks[next]));
    view.dataset.mark = next;
    const told = document.querySelector("#vg-tooltip-element");
    if (told) {
      // below the mark or above it: beside it a phone has no room
      const { top, right, bottom } = marks[next].getBoundingClientRect(), { style, offsetWidth, offsetHeight } = told;
      style.left = `${Math.max(8, Math.min(right, innerWidth - offsetWidth - 8))}px`;
      style.top = `${top > offsetHeight && bottom + offsetHeight > innerHeight ? top - offsetHeight : bottom}px`;
    }
    const said = view.parentElement.querySelector(".chart-said") ?? view.parentElement.appendChild(document.createElement("p"));
    said.className = "chart-said";
    said.setAttribute("aria-live", "polite");
    said.textContent = [...(told?.querySelectorAll("tr") ?? [])].map((row) => [...row.cells].map((cell) => cell.textContent.trim()).join(": ")).join("; ");
  };

  // The arrow keys lead from mark to mark; Escape hides what is shown.
  const step = (view, key) => {
    const forward = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[key];
    const marks = [...view.querySelectorAll(MARKS)];
    if (!marks.length || !(forward || key === "Escape")) return false;
    const before = Number(view.dataset.mark ?? -1);
    const first = forward > 0 ? 0 : marks.length - 1;
    point(view, marks, !forward ? -1 : before < 0 ? first : (before + forward + marks.length) % marks.length);
    return true;
  };

  // A finger is told of the mark that is nearest to it.
  const tap = (view, { clientX, clientY }) => {
    const marks = [...view.querySelectorAll(MARKS)];
    const far = marks.map((mark) => {
      const box = mark.getBoundingClientRect();
      const across = Math.max(box.left - clientX, 0, clientX - box.right);
      const down = Math.max(box.top - clientY, 0, clientY - box.bottom);
      // inside of several marks the one whose middle is nearer is meant
      const middle = centre(mark);
      return Math.hypot(across, down) + Math.hypot(middle.clientX - clientX, middle.clientY - clientY) / 1000;
    });
    const nearest = far.indexOf(Math.min(...far));
    point(view, marks, far[nearest] < REACH ? nearest : -1);
  };

  const prepareChart = (view) => {
    let live;
    const start = () => live ??= draw(view).catch(() => { view.dataset.live = "failed"; });
    view.tabIndex = 0;
    view.addEventListener("keydown", (event) => { if (step(view, event.key)) event.preventDefault(); });
    view.addEventListener("blur", () => step(view, "Escape"));
    ["pointerenter", "focus", "touchstart"].forEach((name) => view.addEventListener(name, start, { passive: true }));
    view.addEventListener("click", (event) => {
      if (event.pointerType === "mouse") return;
      start().then(() => tap(view, event));
      // what is shown would stay in its place of the window, on whatever comes there
      addEventListener("scroll", () => step(view, "Escape"), { once: true, passive: true });
    });
  };

  const asked = (figure) => [...figure.querySelectorAll("input:checked")].map((input) => input.value).join(" ");

  // Where the bubbles of a drawing stand, by their names: the order is the one they are drawn in.
  const bubbles = (view) => {
    const rows = JSON.parse(view.dataset.spec).data?.values ?? [];
    const drawn = [...view.querySelectorAll("svg")].find((svg) => svg.getClientRects().length);
    const order = [...rows].sort((a, b) => b.parameters - a.parameters);
    const marks = [...(drawn?.querySelectorAll(".role-mark.mark-symbol > path") ?? [])];
    const names = [...(drawn?.querySelectorAll(".role-mark.mark-text > text") ?? [])];
    if (marks.length !== rows.length) return new Map();
    const placed = (mark) => (/translate\(([^,]+),([^)]+)\)/.exec(mark.getAttribute("transform")) ?? []).slice(1).map(Number);
    return new Map(order.map(({ network }, number) => [network, { mark: marks[number], place: placed(marks[number]) }])
      .concat(rows.map(({ network }, number) => [`name of ${network}`, { mark: names[number], place: names[number] ? placed(names[number]) : [] }])));
  };

  // A bubble moves to its new place, so that it can be followed; one that is new comes up there.
  const move = (before, after) => {
    if (!before.size || matchMedia("(prefers-reduced-motion: reduce)").matches) return Promise.resolve();
    const at = ([x, y]) => `translate(${x}px, ${y}px)`;
    return Promise.all([...after].filter(([, { mark }]) => mark).map(([name, { mark, place }]) => {
      const old = before.get(name)?.place;
      const from = old?.length === 2 ? { transform: at(old) } : { transform: at(place), opacity: 0 };
      return mark.animate([from, { transform: at(place) }], { duration: 700, easing: "ease-in-out" }).finished.catch(() => {});
    }));
  };

  // The views that a reader can choose are drawings; a chart that is live already stays live.
  const show = async (figure) => {
    const key = figure.dataset.choice, answers = asked(figure);
    figure.dataset.asked = answers;
    await load(new URL(`../charts/${key}.js`, here).href);
    if (figure.dataset.asked !== answers) return;
    const chosen = window.cnnrefViews[key][answers];
    const view = figure.querySelector(".chart-view");
    const title = figure.querySelector("figcaption").textContent.replace(/\.$/, "");
    const live = view.dataset.live === "true";
    if (live) view.querySelector(".chart-static").hidden = false;
    const before = bubbles(view);
    view.querySelectorAll(".chart-live").forEach((host) => host.remove());
    view.querySelector(".chart-static").hidden = false;
    ["wide", "narrow"].forEach((size) => { view.querySelector(`.chart-${size}`).innerHTML = chosen[size]; });
    view.dataset.spec = JSON.stringify(chosen.spec);
    view.dataset.shown = answers;
    delete view.dataset.mark;
    view.setAttribute("aria-label", `${title}. ${chosen.description}`);
    const note = figure.querySelector(".chart-note");
    if (note.textContent !== chosen.note) note.textContent = chosen.note;
    await move(before, bubbles(view));
    if (live && figure.dataset.asked === answers) await draw(view);
  };

  // Where two answers have no view together, the newer one stands and the other gives way.
  const reconcile = (figure, newest) => {
    if (!figure.dataset.views) return;
    const groups = [...figure.querySelectorAll("fieldset")];
    const answers = groups.map((group) => group.querySelector("input:checked").value);
    const views = JSON.parse(figure.dataset.views).map((view) => view.split(" "));
    if (views.some((view) => view.every((answer, number) => answer === answers[number]))) return;
    const newer = Math.max(0, groups.findIndex((group) => group.contains(newest)));
    const other = views.find((view) => view[newer] === answers[newer]) ?? views[0];
    choose(groups, other);
  };

  const choose = (groups, answers) => groups.forEach((group, number) => {
    const input = [...group.querySelectorAll("input")].find(({ value }) => value === answers[number]);
    if (input) input.checked = true;
  });

  // What is chosen stands in the address, so that a view can be linked and comes back.
  const remember = (figure) => {
    const address = new URL(location.href);
    const first = [...figure.querySelectorAll("input")].filter((input) => input.defaultChecked);
    if (first.every((input) => input.checked)) address.searchParams.delete(figure.dataset.choice);
    else address.searchParams.set(figure.dataset.choice, asked(figure));
    try {
      history.replaceState(history.state, "", address);
    } catch { /* a file's address stays as it is */ }
  };

  const prepareChoice = (figure) => {
    const form = figure.querySelector(".chart-choices");
    const view = figure.querySelector(".chart-view");
    view.dataset.shown = [...form.elements].filter((input) => input.defaultChecked).map(({ value }) => value).join(" ");
    const settle = () => {
      if (view.dataset.shown !== asked(figure)) show(figure).catch(() => { figure.dataset.asked = "failed"; });
    };
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("change", (event) => {
      reconcile(figure, event.target);
      remember(figure);
      settle();
    });
    const linked = new URLSearchParams(location.search).get(figure.dataset.choice);
    if (linked) choose([...figure.querySelectorAll("fieldset")], linked.split(" "));
    reconcile(figure);
    settle();
    // a browser that comes back to the page sets the answers again, some after the page has loaded
    addEventListener("pageshow", settle);
  };

  const start = () => {
    document.querySelectorAll(".chart-view[data-spec]").forEach(prepareChart);
    document.querySelectorAll("figure[data-choice]").forEach(prepareChoice);
  };
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", start);
  else start();
})();
