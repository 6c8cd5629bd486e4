// What if the input were larger, the batch, the network another? The first part reads a state and
// adds up, and runs without a page too; the second is the strip. The page is complete without it.
(() => {
  "use strict";
  const MARK = "what-if:", LONGEST = 60, FIRST = 4; // of a line: name, size, numbers kept, parameters, then operations
  const KIB = 2 ** 10, MIB = 2 ** 20, KILO = 10 ** 3;

  // What a link says, and what of it is wrong; options: the values of each field, the first the chapter's own.
  const parse = (hash, options) => {
    const state = Object.fromEntries(Object.entries(options).map(([name, [first]]) => [name, first]));
    const short = (pair) => (pair.length > LONGEST ? `${pair.slice(0, LONGEST)}…` : pair); // no state is as long
    const said = hash.replace(/^#/, "").slice(MARK.length).split("&").filter(Boolean), names = new Set();
    for (const [name, value = ""] of said.map((pair) => short(pair).split(/=(.*)/s))) {
      if (names.has(name)) return { state: parse("", options).state, fault: `the link asks for “${name}” twice` };
      names.add(name);
      if (!Object.hasOwn(options, name)) return { state: parse("", options).state, fault: `the link asks for “${name}”, and known are ${Object.keys(options).join(", ")}` };
      if (!options[name].includes(value)) return { state: parse("", options).state, fault: `the link asks for the ${name} “${value}”, and known are ${[...options[name]].sort((a, b) => a - b || 0).join(", ")}` };
      state[name] = value;
    }
    return { state, fault: "" };
  };

  // The link to a state: what differs from the chapter.
  const link = (state, options) => {
    const other = Object.entries(state).filter(([name, value]) => value !== options[name][0]);
    return other.length ? `#${MARK}${other.map((pair) => pair.join("=")).join("&")}` : "";
  };

  // Each line and the totals of a state, for the whole batch; in their place why the size does not fit.
  const counted = (data, { network, input, batch, dtype, convention }) => {
    const found = data.cases[network][input], operations = FIRST + Object.keys(data.prices).indexOf(convention);
    if (typeof found === "string") return { fault: found };
    const lines = found.map((line) => ({
      name: line[0], out: line[1], memory: line[2] * data.bytes[dtype] * batch,
      parameters: line[3], operations: line[operations] * batch,
    }));
    const sum = (key) => lines.reduce((total, line) => total + line[key], 0);
    return { lines, totals: { memory: sum("memory"), parameters: sum("parameters"), operations: sum("operations"), held: sum("parameters") * data.bytes[dtype] } };
  };

  // Halves round up; thousands are grouped.
  const rounded = (value, unit, digits = 0) => {
    const steps = Math.floor((2 * value * 10 ** digits + unit) / (2 * unit));
    const whole = String(Math.floor(steps / 10 ** digits)).replace(/\B(?=(\d{3})+$)/g, ",");
    return digits ? `${whole}.${String(steps % 10 ** digits).padStart(digits, "0")}` : whole;
  };
  const scaled = (value, [small, unit], [large, next]) => (value < next ? `${rounded(value, unit, 1)} ${small}` : `${rounded(value, next, 1)} ${large}`);
  const inBytes = (value) => (value < MIB ? `${rounded(value, KIB, 1)} KB` : scaled(value, ["MB", MIB], ["GB", MIB * KIB]));
  const inNumbers = (value) => scaled(value, ["M", KILO ** 2], ["G", KILO ** 3]);
  const times = (value, whole, base) => (value === whole ? `equal to ${base}` : `${rounded(value, whole, value < whole ? 2 : 1)} × ${base}`);

  globalThis.cnnrefWhatIfParts = { counted, link, parse, rounded };
  if (typeof document === "undefined") return;

  const here = new URL(document.currentScript.src, location.href);
  const load = (key) => new Promise((resolve, reject) => {
    if (window.cnnrefWhatIf?.[key]) { resolve(window.cnnrefWhatIf[key]); return; }
    const script = document.createElement("script");
    script.src = new URL(`../what_if/${key}.js`, here).href;
    script.onload = () => resolve(window.cnnrefWhatIf[key]);
    script.onerror = () => reject(new Error(`${script.src} did not load`));
    document.head.append(script);
  });

  const make = (tag, text, attributes = {}) => {
    const made = document.createElement(tag);
    made.textContent = text;
    Object.entries(attributes).forEach(([name, value]) => made.setAttribute(name, value));
    return made;
  };

  const figures = (data, totals, own, { convention }) => {
    const list = make("dl", "", { class: "keyfigures" });
    const figure = (name, value, note) => { const box = make("div", ""); box.append(make("dt", `${name}, ${note}`), make("dd", value)); list.append(box); };
    figure("memory of the outputs", inBytes(totals.memory), times(totals.memory, own.memory, data.base));
    figure(`parameters, in ${inBytes(totals.held)}`, inNumbers(totals.parameters), times(totals.parameters, own.parameters, data.base));
    figure(data.prices[convention].unit, inNumbers(totals.operations), times(totals.operations, own.operations, data.base));
    return list;
  };

  const COLUMNS = [["memory", "memory (KB)", KIB], ["parameters", "parameters (k)", KILO], ["operations", "operations (M)", KILO ** 2]];
  const table = (data, { lines, totals }, { convention }, title) => {
    const box = make("div", "", { class: "table-scroll", role: "region", "aria-label": title, tabindex: "0" });
    const made = make("table", "", { class: "ledger" }), price = data.prices[convention];
    made.append(make("caption", `${title}. Operations by ${convention}, in ${price.unit}: a multiply-add counts as ${price.mac}.`));
    const head = made.createTHead().insertRow();
    head.append(...[data.line, "output", ...COLUMNS.map(([, name]) => name)].map((name, place) => make("th", name, { scope: "col", class: place > 1 ? "num" : "" })));
    const body = made.createTBody();
    lines.forEach((line) => {
      const row = body.insertRow();
      row.append(make("th", line.name, { scope: "row" }), make("td", line.out));
      COLUMNS.forEach(([key, , unit]) => {
        const cell = make("td", rounded(line[key], unit), { class: "num bar" }), most = Math.max(...lines.map((one) => one[key]));
        cell.style.setProperty("--share", `${most ? (100 * line[key]) / most : 0}%`);
        row.append(cell);
      });
    });
    const foot = made.createTFoot().insertRow();
    foot.append(make("th", "total", { scope: "row" }), make("td", ""), ...COLUMNS.map(([key, , unit]) => make("td", rounded(totals[key], unit), { class: "num" })));
    box.append(made);
    return box;
  };

  const prepare = (strip) => {
    const [form, says, place] = [strip.querySelector("form"), strip.querySelector("[role=status]"), strip.querySelector(".came-of-it")];
    const fields = [...form.querySelectorAll("select")], back = form.querySelector("[type=reset]");
    const copy = make("button", "Copy the link", { type: "button" });
    copy.hidden = true;
    back.after(copy);
    copy.onclick = async () => {
      try { await navigator.clipboard.writeText(location.href); says.textContent = "The link to this case is copied."; } catch { says.textContent = "The address of this page is the link to this case: copy it from the browser's bar."; }
      says.className = "";
    };
    const options = Object.fromEntries(fields.map((field) => {
      const own = field.querySelector("[selected]").value, all = [...field.options].map((option) => option.value);
      return [field.name, [own, ...all.filter((value) => value !== own)]];
    }));
    const chosen = () => Object.fromEntries(fields.map((field) => [field.name, field.value]));
    const put = (state) => fields.forEach((field) => { field.value = state[field.name]; });
    const title = (data, state) => `${data.networks[state.network]} at ${state.input} × ${state.input}, a batch of ${state.batch}, ${state.dtype}`;

    const show = async (fault = "") => {
      const state = chosen(), same = !link(state, options);
      back.hidden = copy.hidden = same;
      says.className = "";
      if (same) { place.replaceChildren(); says.textContent = fault ? `Shown is ${strip.dataset.own}'s table, since ${fault}.` : ""; return; }
      const data = await load(strip.dataset.chapter);
      if (link(chosen(), options) !== link(state, options)) return; // another was chosen meanwhile
      const found = counted(data, state), named = title(data, state);
      if (found.fault) { place.replaceChildren(); says.textContent = `That does not fit. ${found.fault}`; return; }
      const own = counted(data, parse("", options).state).totals;
      place.replaceChildren(figures(data, found.totals, own, state), table(data, found, state, named));
      dispatchEvent(new Event("resize")); // the table may scroll
      says.className = "visually-hidden"; // the figures are on view
      says.textContent = `${named}: ${inBytes(found.totals.memory)}, ${inNumbers(found.totals.parameters)} parameters, ${inNumbers(found.totals.operations)} ${data.prices[state.convention].unit}.`;
    };
    const failed = () => { says.textContent = "The numbers for that did not load."; };
    const follow = () => {
      if (!location.hash.startsWith(`#${MARK}`)) return;
      const { state, fault } = parse(location.hash, options);
      put(state);
      show(fault).catch(failed).then(() => strip.scrollIntoView());
    };
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("change", () => {
      history.replaceState(null, "", link(chosen(), options) || location.pathname + location.search);
      show().catch(failed);
    });
    form.addEventListener("reset", () => setTimeout(() => { form.dispatchEvent(new Event("change")); fields[0].focus(); }));
    addEventListener("hashchange", follow);
    follow();
  };

  const start = () => document.querySelectorAll("section.what-if").forEach(prepare);
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", start);
  else start();
})();
