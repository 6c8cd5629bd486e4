// A convolution small enough to see. The first part computes and draws, and runs at build time too,
// where it draws the frames of a page without scripts; the second puts it under a reader's hands.
(() => {
  "use strict";
  const SHOWN = 9; // rows and columns of a map; of a larger one its last corner
  const ROOM = 236, KERNEL = 132, LARGEST = 26, SMALLEST = 17; // pixels: a map, a kernel, a cell
  const PAUSE = 900; // milliseconds between two steps

  // ---- what it computes ----
  // always the same small numbers, without a visible order
  const digit = (many, ...places) => {
    const mixed = places.reduce((sum, place) => (sum * 131 + place * place + 7 * place + 11) % 1009, 17);
    return Math.floor((mixed * mixed * 3 + 5 * mixed) % 1009 * many / 1009);
  };
  const pixel = (c, y, x) => digit(4, c, 3 * y, x);
  const weight = (layer, f, c, y, x) => digit(4, layer, f, c, 5 * y, x) - 1;
  const reach = ({ K, D }) => D * (K - 1) + 1;
  const last = ({ ceil }, room, S) => (ceil ? Math.ceil(room / S) : Math.floor(room / S));

  const outputSize = (s, size) => {
    const positions = last(s, size + 2 * s.P - reach(s), s.S) + 1;
    return s.ceil && (positions - 1) * s.S >= size + s.P ? positions - 1 : positions;
  };

  // The sizes of the input and behind each layer, or why there are none.
  const sizes = (s) => {
    const found = [s.W];
    if (s.op === "max" && 2 * s.P > s.K) return { fault: `padding ${s.P} is more than half of the window ${s.K}` };
    if (s.C % s.G || s.F % s.G) return { fault: `${s.G} groups do not divide ${s.C} channels into ${s.F}` };
    for (let layer = 0; layer < s.L; layer++) {
      const size = found[layer], next = outputSize(s, size);
      if (next < 1) return { fault: `a window of ${reach(s)} does not fit ${size} with padding ${s.P}` };
      found.push(next);
    }
    return { found };
  };

  // Rows at the end, padding included, that no window of the first layer reaches.
  const unread = (s) => Math.max(0, s.W + s.P - (outputSize(s, s.W) - 1) * s.S + s.P - reach(s));

  // What one output sees along an axis, behind each layer.
  const fields = (s) => {
    const found = [{ r: 1, j: 1 }];
    for (let layer = 0; layer < s.L; layer++) {
      const { r, j } = found[layer];
      found.push({ r: r + (reach(s) - 1) * j, j: j * s.S });
    }
    return found;
  };

  const channelsOf = (s, f) => {
    if (s.op === "max") return [f];
    const each = s.C / s.G, first = Math.floor(f / (s.F / s.G)) * each;
    return Array.from({ length: each }, (_, c) => first + c);
  };

  const valueAt = (s, all, layer, c, y, x) => {
    const inside = y >= 0 && x >= 0 && y < all[layer] && x < all[layer];
    if (!inside) return 0;
    if (!layer) return pixel(c, y, x);
    return total(s, terms(s, all, layer, c, y, x));
  };

  // What is multiplied, or compared, for one output: a list for each channel that it reads.
  const terms = (s, all, layer, f, y, x) => channelsOf(s, f).map((c, place) => {
    const found = [];
    for (let i = 0; i < s.K; i++) {
      for (let j = 0; j < s.K; j++) {
        const [row, column] = [y * s.S - s.P + i * s.D, x * s.S - s.P + j * s.D];
        const inside = row >= 0 && column >= 0 && row < all[layer - 1] && column < all[layer - 1];
        if (s.op === "max" && !inside) continue; // a pooling looks at no padding
        found.push([valueAt(s, all, layer - 1, c, row, column), s.op === "max" ? 1 : weight(layer, f, place, i, j)]);
      }
    }
    return found;
  });

  const total = (s, lists) => {
    const products = lists.flat().map(([value, by]) => value * by);
    return s.op === "max" ? Math.max(...products) : products.reduce((sum, product) => sum + product, 0);
  };

  // ---- what it says ----
  const grouped = (number) => String(number).replace(/\B(?=(\d{3})+$)/g, ",");
  const shown = (number) => String(number).replace("-", "−");
  const filled = (template, numbers) => template.replace(/\{(\w+)\}/g, (_, name) => numbers[name]);

  // The rule of a size with its numbers, as the package writes it.
  const sizeLine = (s, rule, size) => {
    const room = size - reach(s) + 2 * s.P, out = outputSize(s, size);
    const line = filled(rule, { rounding: s.ceil ? "ceil" : "floor", times: "x", W: size, K: reach(s), P: s.P, S: s.S });
    return `${line}${s.ceil && Math.ceil(room / s.S) >= out ? " - 1" : ""} = ${out}`;
  };
  const BRACKETS = { floor: ["⌊", "⌋"], ceil: ["⌈", "⌉"] };
  const typeset = (line) => line
    .replace(/(floor|ceil)\((.*) \/ (\w+)\)/, (_, name, above, below) => `${BRACKETS[name][0]}${above} / ${below}${BRACKETS[name][1]}`)
    .replaceAll(" x ", " × ").replaceAll(" - ", " − ");

  const product = (s, letters, out) => {
    const numbers = { "C_{out}": s.F, "C_{in} / G": s.C / s.G, K: s.K, "H'": out, "W'": out };
    const factors = letters.map((letter) => numbers[letter]);
    return `${factors.join(" × ")} = ${grouped(factors.reduce((a, b) => a * b, 1))}`;
  };

  const formulas = (s, rules) => {
    const { found, fault } = sizes(s);
    if (fault) return [["output size", `none: ${fault}`]];
    const spread = s.D > 1 ? ` (the window reaches over ${s.D} × (${s.K} − 1) + 1 = ${reach(s)})` : "";
    const lines = found.slice(0, -1).map((size, layer) =>
      [s.L > 1 ? `size after ${layer + 1}` : "output size", typeset(sizeLine(s, rules.size, size)) + spread]);
    if (s.L > 1) {
      const seen = fields(s).slice(0, -1).map(({ r, j }, layer) =>
        `${filled(rules.field, { r, K: reach(s), j })} = ${fields(s)[layer + 1].r}`);
      lines.splice(0, lines.length, ["sizes", found.join(" → ")], ["an output sees", seen.join(", then ")]);
    }
    const left = unread(s);
    if (left) lines.push(["left over", `${left === 1 ? "the last row and column, which" : `the last ${left} rows and columns, which`} no window reads`]);
    Object.entries(rules.counts ?? {}).forEach(([name, letters]) => lines.push([name, product(s, letters, found.at(-1))]));
    return lines;
  };

  const sumLine = (s, at) => {
    const { found, fault } = sizes(s);
    if (fault) return "";
    const lists = terms(s, found, s.L, at.f, at.y, at.x);
    const texts = lists.map((list) => list.map(([value, by]) =>
      (s.op === "max" ? shown(value) : `${shown(value)}·${by < 0 ? `(${shown(by)})` : by}`)).join(s.op === "max" ? ", " : " + "));
    const result = shown(total(s, lists));
    if (s.op === "max") return `the largest of ${texts[0]} is ${result}`;
    return `${texts.length > 1 ? texts.map((text) => `(${text})`).join(" + ") : texts[0]} = ${result}`;
  };

  const said = (s, at) => {
    const { found, fault } = sizes(s);
    if (fault) return fault;
    const value = valueAt(s, found, s.L, at.f, at.y, at.x);
    return `output${s.F > 1 ? ` ${at.f + 1}` : ""}, row ${at.y + 1}, column ${at.x + 1}: ${value}`;
  };

  // ---- what it draws ----
  // The cells of a map that are on view, along an axis, and how they lie.
  const view = (s, all, layer) => {
    const size = all[layer], under = layer < s.L ? s.P : 0;
    const end = (all[layer + 1] - 1) * s.S - s.P; // of the last window its first cell
    const hangs = layer < s.L ? Math.max(size + under, end + reach(s)) : size;
    let from = -under;
    if (layer === 0 && size > SHOWN) from = Math.max(-under, Math.min(size - SHOWN, end));
    if (layer > 0 && all[0] > SHOWN && s.L === 1) from = Math.ceil((view(s, all, 0).from + s.P) / s.S);
    return { from, to: hangs, size, cut: from > 0 };
  };

  const plan = (s, all, layer) => {
    const seen = view(s, all, layer), many = layer === s.L ? s.F : s.C;
    const columns = Math.ceil(Math.sqrt(many)), cells = seen.to - seen.from, margin = seen.cut ? 1 : 0;
    const unit = Math.max(SMALLEST, Math.min(LARGEST, Math.floor((ROOM - 8 * (columns - 1)) / (columns * (cells + margin)))));
    const [side, edge] = [unit * cells, margin * unit];
    return {
      ...seen, many, columns, unit, side, edge, width: columns * (side + 8) - 8 + edge + 2,
      height: Math.ceil(many / columns) * (side + 8) - 8 + edge + 2,
      corner: (c) => [1 + edge + (c % columns) * (side + 8), 1 + edge + Math.floor(c / columns) * (side + 8)],
    };
  };

  const rect = (x, y, width, height, kind) => `<rect class="${kind}" x="${x}" y="${y}" width="${width}" height="${height}"/>`;
  const WIDE = 0.6; // of a digit, in sizes of the font
  // The numbers of a row as one element; each character has a place of its own.
  const row = (cells, y, unit, kind = "") => {
    const texts = cells.map(([x, content]) => [x, shown(content)]);
    const size = Math.round(10 * Math.min(13, Math.max(11, 0.54 * unit)) * (texts.some(([, said]) => said.length > 2) ? 0.9 : 1)) / 10;
    const places = texts.flatMap(([x, said]) => [...said].map((_, n) => Math.round(10 * (x + (n - (said.length - 1) / 2) * WIDE * size)) / 10));
    return cells.length ? `<text${kind && ` class="${kind}"`} x="${places.join(" ")}" y="${y}" font-size="${size}">${texts.map(([, said]) => said).join("")}</text>` : "";
  };
  const lines = (x, y, side, unit) => {
    let path = "";
    for (let at = 0; at <= side; at += unit) path += `M${x} ${y + at}h${side}M${x + at} ${y}v${side}`;
    return `<path class="cv-lines" d="${path}"/>`;
  };
  const picture = (label, width, height, inner) =>
    `<svg role="img" aria-label="${label}" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">${inner}</svg>`;

  // Of a map below the output: the cells that the chosen output sees, along both axes.
  const seenBy = (s, at, layer) => {
    let [low, high] = [{ ...at }, { ...at }];
    for (let below = s.L; below > layer; below--) {
      low = { y: low.y * s.S - s.P, x: low.x * s.S - s.P };
      high = { y: high.y * s.S - s.P + reach(s) - 1, x: high.x * s.S - s.P + reach(s) - 1 };
    }
    return { low, high };
  };

  const drawMap = (s, at, layer) => {
    const { found } = sizes(s), p = plan(s, found, layer), used = channelsOf(s, at.f), out = layer === s.L;
    const place = (c, y, x) => { const [left, top] = p.corner(c); return [left + (x - p.from) * p.unit, top + (y - p.from) * p.unit]; };
    let inner = "";
    for (let c = 0; c < p.many; c++) {
      const [left, top] = p.corner(c), idle = !out && layer === s.L - 1 && !used.includes(c);
      inner += rect(left, top, p.side, p.side, "cv-pad");
      const [x0, y0] = place(c, Math.max(0, p.from), Math.max(0, p.from)), own = (p.size - Math.max(0, p.from)) * p.unit;
      inner += rect(x0, y0, own, own, idle ? "cv-map cv-idle" : "cv-map");
      if (!out && !idle) {
        const { low, high } = seenBy(s, at, layer), [x, y] = place(c, low.y, low.x);
        if (layer === s.L - 1 && s.D > 1) {
          for (let i = 0; i < s.K; i++) for (let j = 0; j < s.K; j++) inner += rect(x + j * s.D * p.unit, y + i * s.D * p.unit, p.unit, p.unit, "cv-tap");
        }
        inner += rect(x, y, (high.x - low.x + 1) * p.unit, (high.y - low.y + 1) * p.unit, `cv-window${layer === s.L - 1 && s.D > 1 ? " cv-open" : ""}`);
      }
      inner += lines(left, top, p.side, p.unit);
      for (let y = p.from; y < p.to; y++) {
        const [own, zeros] = [[], []];
        for (let x = p.from; x < p.to; x++) {
          const inside = y >= 0 && x >= 0 && y < p.size && x < p.size;
          if (!inside && (s.op === "max" || Math.max(y, x) >= p.size + s.P)) continue;
          (inside ? own : zeros).push([place(c, y, x)[0] + p.unit / 2, valueAt(s, found, layer, c, y, x)]);
        }
        const middle = place(c, y, 0)[1] + p.unit / 2;
        inner += row(own, middle, p.unit) + row(zeros, middle, p.unit, "cv-zero");
        if (p.cut && y < p.size) inner += row([[p.edge / 2, y + 1]], middle, p.unit, "cv-zero");
      }
      const columns = Array.from({ length: p.cut ? p.size - p.from : 0 }, (_, n) => p.from + n);
      inner += row(columns.map((n) => [place(c, n, n)[0] + p.unit / 2, n + 1]), p.edge / 2, p.unit, "cv-zero");
      if (out && c === at.f) { const [x, y] = place(c, at.y, at.x); inner += rect(x, y, p.unit, p.unit, "cv-chosen"); }
    }
    return picture(nameOf(s, found, layer), p.width, p.height, inner);
  };

  const drawKernel = (s, at) => {
    const many = channelsOf(s, at.f).length, columns = Math.ceil(Math.sqrt(many));
    const unit = Math.max(SMALLEST, Math.min(LARGEST, Math.floor((KERNEL - 8 * (columns - 1)) / (columns * s.K))));
    const side = unit * s.K;
    let inner = "";
    for (let c = 0; c < many; c++) {
      const [left, top] = [1 + (c % columns) * (side + 8), 1 + Math.floor(c / columns) * (side + 8)];
      inner += rect(left, top, side, side, "cv-window") + lines(left, top, side, unit);
      for (let i = 0; i < s.K; i++) {
        const cells = Array.from({ length: s.K }, (_, j) => [left + (j + 0.5) * unit, weight(s.L, at.f, c, i, j)]);
        inner += row(cells, top + (i + 0.5) * unit, unit);
      }
    }
    const width = columns * (side + 8) - 6, height = Math.ceil(many / columns) * (side + 8) - 6;
    return picture(kernelName(s), width, height, inner);
  };

  const kernelName = (s) => (s.F > 1 ? "its filter" : s.L > 1 ? "last kernel" : "kernel");
  const nameOf = (s, found, layer) => {
    const many = layer === s.L ? s.F : s.C, size = `${found[layer]} × ${found[layer]}`;
    const name = layer === 0 ? "input" : layer === s.L ? "output" : `after layer ${layer}`;
    const cut = found[0] > SHOWN && s.L === 1 ? ", its last corner" : "";
    return `${name}, ${many > 1 ? `${many} × ` : ""}${size}${cut}`;
  };

  const first = (s) => {
    const { found } = sizes(s), start = found && found[0] > SHOWN ? view(s, found, s.L).from : 0;
    return { f: 0, y: start, x: start };
  };

  const box = (key, name, svg) => `<div data-map="${key}"><span>${name}</span>${svg}</div>`;
  // The maps of one moment: the input, the kernel, and what is made of them.
  const maps = (s, at, kernel = true) => {
    const { found } = sizes(s);
    if (!found) return "";
    const drawn = found.map((_, layer) => box(layer, nameOf(s, found, layer), drawMap(s, at, layer)));
    if (kernel && s.op === "conv") drawn.splice(s.L > 1 ? drawn.length - 1 : 1, 0, box("kernel", kernelName(s), drawKernel(s, at)));
    return drawn.join("");
  };

  // The next place of the window; behind the last one the first.
  const next = (s, at, step = 1) => {
    const { found } = sizes(s), start = first(s).y, many = found.at(-1) - start;
    const number = (at.f * many + at.y - start) * many + at.x - start;
    const moved = (number + step + s.F * many * many) % (s.F * many * many);
    return { f: Math.floor(moved / (many * many)), y: start + Math.floor(moved / many) % many, x: start + moved % many };
  };

  const spot = ({ f, y, x }) => [f, y, x].join(".");

  // What a link says, or what is wrong with it; options: the values that each field may have.
  const parse = (text, own, options) => {
    const s = { ...own }, refused = (why) => ({ s: { ...own }, at: first(own), fault: `the link asks for ${why}` });
    // what no state is as long as is told by its beginning
    const short = (pair) => (pair.length > 60 ? `${pair.slice(0, 60)}…` : pair);
    const pairs = text.split("&").filter(Boolean).map((pair) => [...short(pair).split(/=(.*)/s), ""].slice(0, 2));
    const names = pairs.map(([name]) => name), twice = names.find((name, place) => names.indexOf(name) < place);
    if (twice !== undefined) return refused(`“${twice}” twice`);
    const { at, ...asked } = Object.fromEntries(pairs);
    for (const [name, value] of Object.entries(asked)) {
      if (!Object.hasOwn(options, name)) return refused(`“${name}”, and what can be changed is ${Object.keys(options).join(", ")}`);
      if (!options[name].map(String).includes(value)) return refused(`${name} = “${value}”, and known are ${options[name].join(", ")}`);
      s[name] = name === "ceil" ? value === "1" : Number(value);
    }
    const { found } = sizes(s), start = found ? first(s) : { f: 0, y: 0, x: 0 };
    if (at === undefined || !found) return { s, at: start, fault: "" };
    const [f, y, x] = at.split(".").map(Number), within = (place) => Number.isInteger(place) && place >= start.y && place < found.at(-1);
    return at === spot({ f, y, x }) && Number.isInteger(f) && f >= 0 && f < s.F && within(y) && within(x) ? { s, at: { f, y, x }, fault: "" } : refused(`the place “${at}”, where no output is on view`);
  };

  // The link to a state, or nothing where it is the page's own: what was changed, and where the window is.
  const link = (s, at, own) => {
    const said = Object.keys(own).filter((name) => s[name] !== own[name]).map((name) => `${name}=${Number(s[name])}`);
    return [...said, ...(sizes(s).found && spot(at) !== spot(first(s)) ? [`at=${spot(at)}`] : [])].join("&");
  };

  globalThis.cnnrefConvolution = { fields, first, formulas, link, maps, next, outputSize, parse, said, sizeLine, sizes, sumLine, terms, total, unread, valueAt };
  if (typeof document === "undefined") return;

  // ---- under the reader's hands ----
  const MOVES = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] };

  // The cell of a map that is nearest to a pointer; who drags off a channel stays in it.
  const cellAt = (s, layer, svg, event, channel) => {
    const frame = svg.getBoundingClientRect(), { found } = sizes(s), p = plan(s, found, layer);
    const scale = p.width / frame.width, [px, py] = [(event.clientX - frame.left) * scale, (event.clientY - frame.top) * scale];
    const cells = Array.from({ length: p.many }, (_, c) => {
      const [left, top] = p.corner(c), off = [py - top, px - left];
      const [y, x] = off.map((at) => Math.max(0, Math.min(p.side - 1, at)));
      return { c, y: Math.floor(y / p.unit) + p.from, x: Math.floor(x / p.unit) + p.from, far: Math.hypot(off[0] - y, off[1] - x) };
    });
    return cells[channel] ?? cells.sort((one, other) => one.far - other.far)[0];
  };

  const LATER = 300; // milliseconds after which a state is in the address; browsers refuse it at every step
  let pending = 0; // of whichever figure moved last

  const prepare = (figure, number) => {
    const part = (name) => figure.querySelector(`[data-part=${name}]`);
    const { state: own, rules } = JSON.parse(figure.dataset.convolution);
    const [stage, form, play] = [part("maps"), figure.querySelector("form"), part("play")];
    const sliders = [...form.elements].filter((field) => field.name);
    const calm = matchMedia("(prefers-reduced-motion: reduce)");
    const mark = `#convolution${number ? `-${number + 1}` : ""}:`;
    const options = Object.fromEntries(sliders.map(({ name, min, max, dataset }) => [name,
      name === "ceil" ? [0, 1] : dataset.values?.split(" ").map(Number) ?? Array.from({ length: max - min + 1 }, (_, n) => Number(min) + n)]));
    const told = document.createElement("p");
    told.setAttribute("role", "status");
    let s = { ...own }, at = first(s), timer = 0, held = 0, channel;

    const remember = () => {
      clearTimeout(pending);
      told.remove();
      const before = location.hash;
      pending = setTimeout(() => {
        if (location.hash !== before) return; // what else came into the address meanwhile is newer
        const state = link(s, at, own), to = state ? mark + state : location.pathname + location.search;
        if (state || before.startsWith(mark)) history.replaceState(null, "", to);
      }, LATER);
    };
    const show = () => {
      stage.innerHTML = maps(s, at);
      part("sum").textContent = sumLine(s, at);
      if (!timer) part("said").textContent = said(s, at);
    };
    const stop = () => { if (timer) remember(); clearInterval(timer); timer = 0; play.textContent = "Play"; play.setAttribute("aria-pressed", "false"); };
    const go = (to) => { at = to; show(); if (!timer) remember(); };
    const step = (by) => { if (!sizes(s).fault) go(next(s, at, by)); };
    const run = () => {
      if (timer || sizes(s).fault) { stop(); show(); return; }
      if (calm.matches) { step(1); return; }
      const start = first(s), ended = () => spot(next(s, at)) === spot(start);
      timer = setInterval(() => { step(1); if (ended()) { stop(); show(); } }, PAUSE);
      play.textContent = "Pause";
      play.setAttribute("aria-pressed", "true");
      if (ended()) go(start);
    };
    // The place of the output that is on view and nearest to another.
    const nearest = ({ f, y, x }) => {
      const within = (place) => Math.max(first(s).y, Math.min(sizes(s).found.at(-1) - 1, place));
      return { f: Math.min(f, s.F - 1), y: within(y), x: within(x) };
    };
    const settle = () => {
      stop();
      part("formula").innerHTML = formulas(s, rules).map(([name, line]) => `<div><dt>${name}</dt><dd>${line}</dd></div>`).join("");
      form.querySelectorAll("[data-shows]").forEach((place) => { place.textContent = s[place.dataset.shows]; });
      if (!sizes(s).fault) at = nearest(at);
      show();
    };

    form.addEventListener("input", ({ target }) => {
      const choices = target.dataset.values?.split(" ").map(Number);
      s = { ...s, [target.name]: target.name === "ceil" ? target.value === "ceil" : choices ? choices[target.value] : Number(target.value) };
      if (choices) target.setAttribute("aria-valuetext", s[target.name]);
      settle();
      remember();
    });
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("reset", () => { s = { ...own }; at = first(s); setTimeout(() => { settle(); remember(); }); });
    part("back").addEventListener("click", () => { stop(); step(-1); });
    part("step").addEventListener("click", () => { stop(); step(1); });
    play.addEventListener("click", run);
    play.hidden = calm.matches;
    calm.addEventListener("change", () => { stop(); play.hidden = calm.matches; });

    stage.tabIndex = 0;
    stage.setAttribute("role", "application");
    stage.addEventListener("keydown", (event) => {
      const move = MOVES[event.key];
      if (sizes(s).fault || event.ctrlKey || event.metaKey || event.altKey || !(move || event.key === " ")) return;
      event.preventDefault();
      if (event.key === " ") { run(); return; }
      stop();
      go(nearest({ f: at.f, y: at.y + move[0], x: at.x + move[1] }));
    });

    // A window is dragged, a cell of the output pressed.
    const pointed = (event) => cellAt(s, held, stage.querySelector(`[data-map="${held}"] svg`), event, channel);
    const follow = (event) => {
      if (sizes(s).fault) return;
      const cell = pointed(event);
      const { r, j } = fields(s)[s.L], begin = seenBy(s, { y: 0, x: 0 }, 0).low.y;
      const middle = (place) => Math.round((place - begin - (r - 1) / 2) / j);
      if (held) go({ f: cell.c, y: cell.y, x: cell.x });
      else go(nearest({ f: s.op === "max" ? cell.c : at.f, y: middle(cell.y), x: middle(cell.x) }));
    };
    const onWindow = ({ target }) => target.matches('[data-map="0"] .cv-window');
    // not by touch-action, which some browsers do not know inside a drawing
    stage.addEventListener("touchstart", (event) => { if (onWindow(event)) event.preventDefault(); }, { passive: false });
    stage.addEventListener("pointerdown", (event) => {
      const key = Number(event.target.closest("svg")?.parentElement.dataset.map);
      if (![0, s.L].includes(key)) return;
      stop();
      [held, channel] = [key, undefined];
      channel = pointed(event).c;
      if (onWindow(event) || event.pointerType === "mouse") stage.setPointerCapture(event.pointerId);
      if (!onWindow(event)) follow(event);
    });
    stage.addEventListener("pointermove", (event) => { if (held === 0 && stage.hasPointerCapture(event.pointerId)) follow(event); });

    // The sliders as a state has them.
    const put = () => sliders.forEach((field) => {
      if (field.name === "ceil") { field.checked = (field.value === "ceil") === s.ceil; return; }
      field.value = field.dataset.values ? options[field.name].indexOf(s[field.name]) : s[field.name];
      if (field.dataset.values) field.setAttribute("aria-valuetext", s[field.name]);
    });
    const arrive = () => {
      if (!location.hash.startsWith(mark)) return;
      const asked = parse(location.hash.slice(mark.length), own, options);
      ({ s, at } = asked);
      put();
      settle();
      told.textContent = asked.fault && `Shown is what the page begins with, since ${asked.fault}.`;
      if (asked.fault) figure.querySelector("figcaption").after(told);
      figure.scrollIntoView();
    };
    addEventListener("hashchange", arrive);
    arrive();
  };

  const start = () => document.querySelectorAll("figure.convolution").forEach(prepare);
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", start);
  else start();
})();
