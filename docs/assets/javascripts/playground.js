// The playground: an editor, and Python in a worker that is loaded on the first click and ended when
// its time is over. What comes of a text is shown as text: nothing that it hands back is run.
(() => {
  "use strict";
  const MARK = "playground:", TEXT = /^(notebook|exercise):/, SECONDS = 10, LOADING = 120, MOST_FILE = 2 ** 31, LONGEST = 60000;

  // A state as a link carries it, and back; what is broken is said.
  const written = (state) => {
    const bytes = new TextEncoder().encode(JSON.stringify(state));
    const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
    return `#${MARK}${btoa(text).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "")}`;
  };
  const parse = (hash) => {
    if (!hash.startsWith(`#${MARK}`)) return { state: null, fault: "" };
    try {
      const text = atob(hash.slice(MARK.length + 1).replaceAll("-", "+").replaceAll("_", "/"));
      const state = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.from(text, (sign) => sign.charCodeAt(0))));
      if (typeof state?.code !== "string" || state.code.length > LONGEST) throw new TypeError("no text of a network");
      return { state, fault: "" };
    } catch (error) {
      return { state: null, fault: `The link's state cannot be read (${error.message}); the example stands here instead.` };
    }
  };

  // What a link asks for, told by its beginning where no name is as long.
  const short = (asked, text = String(asked)) => (text.length > 60 ? `${text.slice(0, 60)}…` : text);

  // The methods that a text before the cursor may go on with.
  const offered = (before, methods) => {
    const found = /\bnet\.(\w*)$/.exec(before);
    if (!found) return [];
    const close = methods.filter(([name]) => name.startsWith(found[1]));
    return close.length === 1 && close[0][0] === found[1] ? [] : close;
  };

  globalThis.cnnrefPlaygroundParts = { offered, parse, written };
  if (typeof document === "undefined") return;
  const SCRIPT = document.currentScript.src;

  const make = (tag, attributes = {}, ...content) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...content);
    return made;
  };

  // ---- Python, which is fetched once and started anew when it had to be ended
  class Python {
    constructor(base) { Object.assign(this, { base, files: null, worker: null, asked: new Map(), last: 0 }); }

    async fetched(progress) {
      const sizes = await (await fetch(new URL("files.json", this.base))).json();
      const whole = Object.values(sizes).reduce((sum, size) => sum + size, 0);
      const files = {};
      let done = 0;
      for (const [name, size] of Object.entries(sizes)) {
        const reply = await fetch(new URL(name, this.base));
        if (!reply.ok) throw new Error(`${name} did not load`);
        const bytes = new Uint8Array(size), reader = reply.body.getReader();
        for (let at = 0, part = await reader.read(); !part.done; part = await reader.read()) {
          bytes.set(part.value, at);
          at += part.value.length;
          progress((done + at) / whole);
        }
        done += size;
        files[name] = bytes.buffer;
      }
      return files;
    }

    async ready(progress) {
      this.files ??= await this.fetched(progress);
      if (this.worker) return;
      const start = `import ${JSON.stringify(new URL("worker.js", this.base).href)};`;
      const place = URL.createObjectURL(new Blob([start], { type: "text/javascript" }));
      this.worker = new Worker(place, { type: "module" });
      // what Python itself could not answer may have broken it: the next question has a new one
      this.worker.onmessage = ({ data }) => { if (data.fault === undefined) this.asked.get(data.id)?.(data); else this.end(data.fault); };
      this.worker.onerror = (event) => this.end(event.message || "Python did not start in this browser.");
      await this.ask({ kind: "load", files: this.files }, LOADING);
    }

    end(fault) {
      this.worker?.terminate();
      this.worker = null;
      for (const settle of this.asked.values()) settle({ fault });
      this.asked.clear();
    }

    ask(message, seconds = SECONDS) {
      const id = ++this.last;
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => this.end(`It ran for ${seconds} seconds and was stopped.`), seconds * 1000);
        this.asked.set(id, ({ answer, fault }) => {
          clearTimeout(timer);
          this.asked.delete(id);
          if (fault === undefined) resolve(answer); else reject(new Error(fault));
        });
        this.worker.postMessage({ id, ...message });
      });
    }
  }

  // ---- what is shown
  const table = (found) => {
    const numeric = found.rows[0]?.map((_, place) => found.rows.every((row) => /^[\d,]*$/.test(row[place]))) ?? [];
    const cell = (text, place) => make("td", numeric[place] ? { class: "num" } : {}, text);
    const line = ([first, ...rest]) => make("tr", {}, make("th", { scope: "row" }, first), ...rest.map((text, place) => cell(text, place + 1)));
    const head = make("tr", {}, ...found.head.map((text) => make("th", { scope: "col" }, text)));
    const whole = make("table", {}, make("thead", {}, head), make("tbody", {}, ...found.rows.map(line)));
    return make("div", { class: "table-scroll wide", tabindex: "0", role: "region", "aria-label": `The rows of ${found.name}` }, whole);
  };
  const totals = (found) => make("dl", {}, ...found.totals.map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, value))));
  const bars = (found) => make("ul", { class: "bars", "aria-label": "Share of all operations" }, ...found.bars.map(([name, share, cost]) => {
    const bar = make("span", { class: "bar" });
    bar.style.setProperty("--share", `${100 * share}%`);
    return make("li", {}, make("span", {}, name), bar, make("span", {}, `${(100 * share).toFixed(1)} %, ${cost}`));
  }));
  const download = (name, type, text) => {
    const link = make("a", { href: URL.createObjectURL(new Blob([text], { type })), download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };
  const taken = (found) => make("p", { class: "row" }, ...[["csv", "text/csv", "CSV"], ["latex", "text/x-tex", "LaTeX"], ["svg", "image/svg+xml", "SVG"]].filter(([key]) => found[key]).map(([key, type, title]) => {
    const button = make("button", { type: "button" }, `Download ${title}`);
    button.onclick = () => download(`${found.name.replace(/[^\w.-]+/g, "_") || "network"}.${key === "latex" ? "tex" : key}`, type, found[key]);
    return button;
  }));
  const printed = (cells) => cells.flatMap(([line, title, text]) => {
    const said = `Line ${line}${title && `, ${title}`}`;
    return [make("p", { class: "cell" }, said), make("pre", { tabindex: "0", "aria-label": `What is printed: ${said}` }, text)];
  });
  const shown = (found) => {
    if (found.cells) return printed(found.cells);
    const parts = [totals(found)];
    if (found.bars.length) parts.push(bars(found));
    if (found.svg) parts.push(make("figure", { tabindex: "0", "aria-label": "The stages, drawn" }, make("img", { alt: `The stages of ${found.name}, drawn`, src: `data:image/svg+xml,${encodeURIComponent(found.svg)}` })));
    if (found.compared) parts.push(make("pre", { tabindex: "0", "aria-label": "The comparison" }, found.compared));
    parts.push(taken(found), table(found));
    if (found.left) parts.push(make("p", {}, `${found.left.toLocaleString("en-US")} more rows are in the CSV file and in the totals.`));
    return parts;
  };

  const start = (section) => {
    const { methods, networks, bytes } = JSON.parse(section.dataset.told);
    const part = (name) => section.querySelector(`[data-part=${name}]`);
    const [code, said, out, progress, list] = [part("code"), part("said"), part("out"), section.querySelector("progress"), section.querySelector("[role=listbox]")];
    const python = new Python(new URL("../playground/", SCRIPT));
    const say = (text, wrong = false) => { said.textContent = text; said.classList.toggle("wrong", wrong); };
    if (location.protocol === "file:") {
      say("This page was opened from a disk, where a browser lets no page start a worker: the playground works from a server, as scripts/site --serve is one.", true);
      section.querySelectorAll("button, select, input").forEach((field) => { field.disabled = true; });
      return;
    }

    // One thing at a time, and what was asked for last meanwhile; what was wrong is one sentence.
    let busy = false, waiting = null;
    const doing = async (act) => {
      if (busy) { waiting = act; return; }
      busy = true;
      section.setAttribute("aria-busy", "true");
      try {
        if (!python.files) say(`Loading Python, ${(bytes / 2 ** 20).toFixed(1)} MB before compression …`);
        progress.hidden = Boolean(python.worker);
        await python.ready((share) => { progress.value = share; });
        progress.hidden = true;
        await act();
      } catch (error) {
        say(error.message, true);
      }
      progress.hidden = true;
      section.removeAttribute("aria-busy");
      busy = false;
      const next = waiting;
      waiting = null;
      if (next) doing(next);
    };
    const asked = () => JSON.stringify({ code: code.value, convention: part("convention").value, other: part("other").value, shape: part("shape").value });
    const show = (answer) => {
      const found = JSON.parse(answer);
      out.replaceChildren(...(found.error && !found.cells ? [] : shown(found)));
      const notes = [...found.warnings, found.printed.trim()].filter(Boolean).join(" ");
      if (found.cells && !found.error) { say(`The text ran to its end; ${found.cells.length} of its cells print something. ${notes}`); return; }
      if (!found.error) { say(`${found.name}: ${found.totals[0][1]} ${found.rows.length === 1 ? "row" : "rows"}, for an input of ${found.input}. ${notes}`); return; }
      say(`${found.line ? `Line ${found.line}: ` : ""}${found.error}`, true);
      if (!found.line) return;
      const lines = code.value.split("\n"), before = lines.slice(0, found.line - 1).join("\n").length + (found.line > 1);
      code.focus();
      code.setSelectionRange(before, before + lines[found.line - 1].length);
    };
    // what is counted anew when something besides it is changed
    let again = null, file = null;
    const run = () => doing(async () => { [again, file] = [run, null]; say("Counting …"); show(await python.ask({ kind: "run", asked: asked() })); });

    const read = (chosen) => doing(async () => {
      [again, file] = [() => read(chosen), chosen];
      if (chosen.size > MOST_FILE) throw new Error(`${chosen.name} has ${chosen.size.toLocaleString("en-US")} bytes, more than the 2 GiB that the format allows.`);
      say(`Reading ${chosen.name}; it stays on this machine.`);
      show(await python.ask({ kind: "read", file: chosen, asked: asked() }));
    });

    const check = () => doing(async () => {
      let rows = 0;
      const unlike = [];
      for (const [number, name] of networks.entries()) {
        say(`Counting ${name}, ${number + 1} of ${networks.length} …`);
        const reply = await fetch(new URL(`../../generated/tables/${name}.csv`, SCRIPT), { cache: "no-cache" });
        if (!reply.ok) throw new Error(`The table of ${name} did not load.`);
        const found = JSON.parse(await python.ask({ kind: "check", name, published: await reply.text() }));
        rows += found.rows;
        if (found.unlike) unlike.push(`${name} at ${found.unlike}`);
      }
      const many = `${networks.length} networks, ${rows.toLocaleString("en-US")} rows`;
      say(unlike.length ? `${many}: the site and this browser differ in ${unlike.join(", ")}.` : `${many}: the site and this browser agree in every one.`, unlike.length > 0);
    });

    // ---- completion
    let active = 0;
    const options = () => offered(code.value.slice(0, code.selectionStart), methods);
    const complete = () => {
      const found = code.selectionStart === code.selectionEnd ? options() : [];
      active = Math.min(active, Math.max(0, found.length - 1));
      list.replaceChildren(...found.map(([name, takes, told], place) => {
        const option = make("li", { role: "option", id: `playground-method-${place}`, "aria-selected": String(place === active) }, make("b", {}, name), `(${takes}) `, make("span", {}, told));
        option.onpointerdown = (event) => { event.preventDefault(); accept(name); };
        return option;
      }));
      list.hidden = !found.length;
      if (!found.length) { code.removeAttribute("aria-activedescendant"); return; }
      code.setAttribute("aria-activedescendant", `playground-method-${active}`);
      const chosen = list.children[active];
      list.scrollTop = Math.max(0, chosen.offsetTop - list.offsetTop - 40);
    };
    const close = () => { list.hidden = true; code.removeAttribute("aria-activedescendant"); };
    const accept = (name) => {
      const at = code.selectionStart, from = at - /\w*$/.exec(code.value.slice(0, at))[0].length;
      code.setRangeText(`${name}(`, from, at, "end");
      active = 0;
      close();
    };
    code.addEventListener("input", () => { active = 0; complete(); });
    code.addEventListener("blur", close);
    code.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); run(); return; }
      if (list.hidden) return;
      const found = options();
      if (event.key === "Escape") close();
      else if (event.key === "ArrowDown" || event.key === "ArrowUp") { active = (active + (event.key === "ArrowDown" ? 1 : found.length - 1)) % found.length; complete(); }
      else if (event.key === "Enter" || event.key === "Tab") accept(found[active][0]);
      else return;
      event.preventDefault();
    });

    // ---- what a reader does
    const example = code.value;
    part("run").onclick = () => run();
    part("check").onclick = () => check();
    const fetched = async (value) => {
      const reply = await fetch(new URL(`${value.replace(":", "/")}.py`, python.base));
      if (!reply.ok) { say("The text did not load.", true); return; }
      code.value = await reply.text();
      say(value.startsWith("notebook:") ? "The cells of the notebook stand above, without its text. They run when you press Run."
        : "The exercise stands above: write the missing lines, and press Run. Where it does not stop at an assert, all of them hold.");
    };
    part("start").onchange = ({ target }) => {
      if (!target.value) { code.value = example; return; }
      if (TEXT.test(target.value)) { fetched(target.value); return; }
      doing(async () => { code.value = await python.ask({ kind: "start", name: target.value }); say(`The spec of ${target.value} stands above: change it and run it.`); });
    };
    part("file").onchange = ({ target }) => { if (target.files[0]) read(target.files[0]); };
    part("shape").onchange = () => { if (again !== run) again?.(); };
    for (const name of ["convention", "other"]) part(name).onchange = () => again?.();
    part("link").onclick = async () => {
      const more = file && { file: file.name, shape: part("shape").value };
      history.replaceState(null, "", written({ code: code.value, convention: part("convention").value, other: part("other").value, ...more }));
      const holds = `The address of this page now holds ${file ? `what is chosen here, and of ${file.name} nothing but its name` : "the text"}`;
      try { await navigator.clipboard.writeText(location.href); say(`${holds}; it is copied.`); } catch { say(`${holds}: copy it from the browser's bar.`); }
    };
    // A file may be dropped anywhere on the page, which a browser would leave for the file.
    for (const kind of ["dragover", "dragleave", "drop"]) {
      document.addEventListener(kind, (event) => {
        if (!event.dataTransfer?.types.includes("Files")) return; // a text that is dragged into a field
        event.preventDefault();
        section.classList.toggle("over", kind === "dragover");
        if (kind === "drop" && event.dataTransfer.files[0]) read(event.dataTransfer.files[0]);
      });
    }

    const values = (name) => [...part(name).options].map(({ value }) => value);
    const follow = () => {
      const { state, fault } = parse(location.hash), named = location.hash.slice(1);
      if (fault) { code.value = example; say(fault, true); }
      const kind = TEXT.exec(named);
      if (kind) {
        const known = values("start").filter((value) => value.startsWith(kind[0]));
        if (known.includes(named)) { part("start").value = named; fetched(named); }
        else say(`The link asks for the ${kind[1]} “${short(named.slice(kind[0].length))}”, and here are ${known.map((value) => value.slice(kind[0].length)).join(", ")}.`, true);
      }
      if (!state) return;
      code.value = state.code;
      const unknown = ["convention", "other"].filter((name) => state[name] && !values(name).includes(state[name]));
      for (const name of ["convention", "other"]) part(name).value = unknown.includes(name) || !state[name] ? values(name)[0] : state[name];
      const lacks = unknown.map((name) => ` “${short(state[name])}” is not known here, so that ${part(name).selectedOptions[0].textContent} stands in its place.`).join("");
      part("shape").value = short(state.shape ?? "");
      say(state.file ? `The link was made for the file “${short(state.file)}”, which no link holds: drop it here.${lacks}`
        : `The text came with the link. It runs when you press Run.${lacks}`, unknown.length > 0);
    };
    addEventListener("hashchange", follow);
    follow();
  };

  document.querySelectorAll("section.playground").forEach(start);
})();
