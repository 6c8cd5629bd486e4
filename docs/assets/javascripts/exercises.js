// A number of an exercise can be answered before its solution is read. The first part judges, and
// runs without a page too; the second is the field. The page is complete without it.
(() => {
  "use strict";
  const PREFIXES = { k: 10n ** 3n, thousand: 10n ** 3n, m: 10n ** 6n, million: 10n ** 6n, g: 10n ** 9n, billion: 10n ** 9n, t: 10n ** 12n };
  const BINARY = { k: 2n ** 10n, m: 2n ** 20n, g: 2n ** 30n };
  const NUMBER = /^[~≈=]?\s*([+−-]?)((?:\d[\d.,'’_ \u00a0\u2009\u202f]*)|\.\d+)(?:(?:\s*[x×*·]\s*10\s*\^\s*|e)([+-]?\d{1,2}))?\s*([^\d]*)$/i;
  const abs = (number) => (number < 0n ? -number : number);

  // The digits of a number and how many of them stand behind the point.
  const digitsOf = (text) => {
    const plain = text.trim().replace(/['’_ \u00a0\u2009\u202f]/g, "");
    const marks = plain.replace(/\d/g, ""), last = plain.search(/[.,]\d*$/);
    let point = last;
    if (/^,+$/.test(marks) && /^\d{1,3}(,\d{3})+$/.test(plain)) point = -1; // 61,100,840
    else if (/^\.{2,}$/.test(marks) && /^\d{1,3}(\.\d{3})+$/.test(plain)) point = -1; // 61.100.840
    const [whole, part] = point < 0 ? [plain, ""] : [plain.slice(0, point), plain.slice(point + 1)];
    const grouping = /[.,]/.test(whole);
    if (grouping && !/^\d{1,3}([.,]\d{3})+$/.test(whole)) return null;
    return { digits: whole.replace(/[.,]/g, "") + part, behind: part.length };
  };

  // What stands behind a number: a prefix, the unit, or both.
  const unitOf = (text, words) => {
    const said = text.trim().toLowerCase().replace(/\.$/, "").replace(/\s+/g, " ");
    const known = ["", ...words.map((word) => word.toLowerCase())];
    if (known.includes(said)) return { factor: 1n, shortened: false };
    const bytes = words.includes("bytes");
    for (const [prefix, factor] of Object.entries(PREFIXES)) {
      const rest = said.startsWith(prefix) ? said.slice(prefix.length).replace(/^i(?=b)/, "").trim() : null;
      if (rest !== null && known.includes(rest)) return { factor: (bytes && BINARY[prefix[0]]) || factor, shortened: true };
    }
    return null;
  };

  // A number as it was typed: above / below, and the step of its last digit, likewise.
  const read = (text, words) => {
    const found = NUMBER.exec(text.trim());
    const shape = found && digitsOf(found[2]), unit = found && unitOf(found[4], words);
    if (!shape || !shape.digits) return { fault: "That is not read as a number. Write 61100840, 61,100,840 or 61.1 M." };
    if (!unit) return { fault: `The unit “${found[4].trim()}” is not the one that is asked for${words.length ? `: ${words[0]}` : ""}.` };
    const power = Number(found[3] ?? 0) - shape.behind, sign = /[−-]/.test(found[1]) ? -1n : 1n;
    const short = unit.shortened || shape.behind > 0 || found[3] !== undefined;
    // three noughts and more at the end of a whole number stand for digits that are left out
    const noughts = short ? 0 : /(?<=[1-9])(0{3,})?$/.exec(shape.digits)?.[1]?.length ?? 0;
    const scale = 10n ** BigInt(Math.abs(power)), [up, below] = power < 0 ? [1n, scale] : [scale, 1n];
    return {
      above: sign * BigInt(shape.digits) * up * unit.factor, below, step: 10n ** BigInt(noughts) * up * unit.factor,
      figures: shape.digits.replace(/^0+/, "").length - noughts,
    };
  };

  // Whether a value is the typed number, to the last digit or rounded to the typed ones.
  const meets = ([above, below], typed) => {
    const apart = abs(BigInt(above) * typed.below - typed.above * BigInt(below));
    return { same: apart === 0n, near: 2n * apart <= typed.step * BigInt(below) };
  };

  const judge = (text, { value, words, slips }) => {
    const typed = read(text, words);
    if (typed.fault) return { verdict: "unread", says: typed.fault };
    const own = meets(value, typed);
    if (own.same) return { verdict: "right", says: "Right." };
    if (own.near && typed.figures > 1) return { verdict: "right", says: "Right, rounded." };
    if (own.near) return { verdict: "coarse", says: "Right so far. Give one digit more." };
    const slip = slips.find(([one]) => { const found = meets(one, typed); return found.same || (found.near && typed.figures > 1); });
    if (slip) return { verdict: "wrong", says: `No. ${slip[1]}` };
    const more = typed.above * BigInt(value[1]) > BigInt(value[0]) * typed.below;
    return { verdict: "wrong", says: `No, it is ${more ? "less" : "more"}.` };
  };

  globalThis.cnnrefExercises = { judge, read: (text, words) => { const found = read(text, words); return found.fault ?? [found.above, found.below, found.step].map(String); } };
  if (typeof document === "undefined") return;

  const KEY = "cnnref.exercises", page = location.pathname.split("/").pop() || "index.html";
  // Storage may be refused; then nothing is kept.
  const kept = () => { try { return JSON.parse(localStorage.getItem(KEY)) ?? {}; } catch { return {}; } };
  const keep = (all) => { try { localStorage.setItem(KEY, JSON.stringify(all)); } catch { /* not kept */ } };
  const idOf = (form) => `${page} ${form.dataset.asked}`;

  const prepare = (form) => {
    const [field, status] = [form.querySelector("input"), form.querySelector("[role=status]")];
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const found = judge(field.value, JSON.parse(form.dataset.answer));
      form.dataset.verdict = found.verdict;
      field.setAttribute("aria-invalid", found.verdict !== "right");
      status.textContent = "";
      setTimeout(() => { status.textContent = found.says; }); // said again where it is the same
      if (found.verdict === "right") { keep({ ...kept(), [idOf(form)]: field.value }); tell(); }
    });
  };

  const tell = () => {
    const forms = [...document.querySelectorAll("form.asks")], all = kept();
    const done = forms.filter((form) => all[idOf(form)] !== undefined);
    done.forEach((form) => {
      form.dataset.verdict = "right";
      form.querySelector("input").value ||= all[idOf(form)];
    });
    document.querySelectorAll(".asked").forEach((line) => {
      line.querySelector("span").textContent = done.length
        ? `Right so far: ${done.length} of ${forms.length}. That is kept on this device alone.`
        : `Numbers to answer here: ${forms.length}. What you get right is kept on this device alone.`;
      line.querySelector("button").hidden = !Object.keys(all).length;
    });
  };

  const forget = () => {
    try { localStorage.removeItem(KEY); } catch { /* nothing was kept */ }
    document.querySelectorAll("form.asks").forEach((form) => {
      form.reset();
      delete form.dataset.verdict;
      form.querySelector("input").removeAttribute("aria-invalid");
      form.querySelector("[role=status]").textContent = "";
    });
    tell();
    document.querySelector("form.asks input").focus();
  };

  const start = () => {
    document.querySelectorAll("form.asks").forEach(prepare);
    document.querySelectorAll(".asked button").forEach((button) => button.addEventListener("click", forget));
    tell();
  };
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", start);
  else start();
})();
