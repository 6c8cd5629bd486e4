// What is on view can be taken along: a chart or a drawing for a white slide, a table for a sheet.
(() => {
  "use strict";
  const SCALE = 3; // pixels of a PNG for one of the drawing

  const save = (blob, name) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  };

  const saidOf = (box) => (box.querySelector("figcaption, caption")?.textContent ?? box.getAttribute("aria-label") ?? "").trim();

  const nameOf = (box) => {
    const page = location.pathname.split("/").pop().replace(/\.html$/, "") || "index";
    // in whole words
    return `${page}-${saidOf(box)}`.toLowerCase().replace(/[^a-z0-9]+/g, "-").match(/^.{1,60}(?=-|$)/)[0].replace(/-$/, "");
  };

  // A drawing that stands alone: its colours those of the light scheme, its ground white.
  const alone = (svg) => {
    const copy = svg.cloneNode(true);
    const light = document.createElement("div");
    light.dataset.mdColorScheme = "default";
    document.body.append(light);
    const colours = getComputedStyle(light);
    const width = Number(svg.getAttribute("width")) || svg.getBoundingClientRect().width;
    const height = Number(svg.getAttribute("height")) || svg.getBoundingClientRect().height;
    copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
    copy.setAttribute("font-family", "Helvetica, Arial, sans-serif");
    const ground = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    Object.entries({ width: "100%", height: "100%", fill: "#fff" }).forEach(([name, value]) => ground.setAttribute(name, value));
    copy.querySelector(":scope > :not(title, desc)").before(ground); // a title comes first
    const text = new XMLSerializer().serializeToString(copy)
      .replace(/var\((--[\w-]+)(?:,[^)]*)?\)/g, (_, name) => colours.getPropertyValue(name).trim() || "#22262d")
      .replaceAll("currentColor", colours.getPropertyValue("--ink").trim());
    light.remove();
    return { text, width, height };
  };

  const asPng = ({ text, width, height }) => new Promise((resolve, reject) => {
    const image = new Image();
    image.onload = () => {
      const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [width * SCALE, height * SCALE];
      canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
      canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("no picture"))), "image/png");
    };
    image.onerror = () => reject(new Error("the drawing cannot be read"));
    image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  });

  const asCsv = (table) => [...table.rows].map((row) => [...row.cells].map((cell) => {
    const text = cell.textContent.trim().replace(/\s+/g, " ");
    return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  }).join(",")).join("\n");

  const shown = (figure) => [...figure.querySelectorAll("svg")].filter((svg) => svg.getClientRects().length);

  const KINDS = {
    SVG: async (figure) => shown(figure).forEach((svg, number) =>
      save(new Blob([alone(svg).text], { type: "image/svg+xml" }), `${nameOf(figure)}${number || ""}.svg`)),
    PNG: async (figure) => Promise.all(shown(figure).map(async (svg, number) =>
      save(await asPng(alone(svg)), `${nameOf(figure)}${number || ""}.png`))),
    CSV: async (box) => save(new Blob([asCsv(box.querySelector("table")), "\n"], { type: "text/csv" }), `${nameOf(box)}.csv`),
  };

  // The buttons stand in the margin below, so that nothing moves.
  const offer = (bar, box, kinds) => bar.append(...kinds.map((kind) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = kind;
    button.setAttribute("aria-label", `Download as ${kind}: ${saidOf(box).split(/[.;] /)[0].replace(/\.$/, "")}`);
    button.addEventListener("click", () => KINDS[kind](box));
    return button;
  }));

  const start = () => {
    document.querySelectorAll(".table-scroll + .take").forEach((bar) => offer(bar, bar.previousElementSibling, ["CSV"]));
    document.querySelectorAll("figure:is(.chart, .drawing)").forEach((figure) => {
      const bar = document.createElement("div");
      bar.className = "take";
      offer(bar, figure, ["SVG", "PNG"]);
      figure.append(bar);
    });
  };
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", start);
  else start();
})();
