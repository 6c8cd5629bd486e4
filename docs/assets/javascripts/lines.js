// A line of code and the rows that it makes show each other: under a pointer, a finger or the focus.
// Without this the two stand beside each other.
(() => {
  "use strict";
  const prepare = (box) => {
    const all = [...box.querySelectorAll("[data-rows]")];
    const rows = new Map(all.map((one) => [one, new Set(one.dataset.rows.split(" "))]));
    let held = null;
    const light = (chosen) => {
      const own = rows.get(chosen) ?? new Set();
      all.forEach((one) => {
        const lit = [...rows.get(one)].some((row) => own.has(row));
        one.classList.toggle("lit", lit);
        if (chosen && lit && one !== chosen && one.matches("span")) one.setAttribute("aria-current", "true");
        else one.removeAttribute("aria-current");
      });
    };
    const at = (event) => event.target.closest?.("[data-rows]");
    box.addEventListener("pointerover", (event) => { if (event.pointerType === "mouse") light(at(event) ?? held); });
    box.addEventListener("pointerleave", () => light(held));
    box.addEventListener("focusin", (event) => light(at(event)));
    box.addEventListener("focusout", () => light(held));
    // a tap holds what it shows until the next one
    box.addEventListener("click", (event) => { held = at(event) === held ? null : at(event); light(held); });
    box.addEventListener("keydown", (event) => { if (event.key === "Escape") light(held = null); });
  };
  const start = () => document.querySelectorAll(".code-rows").forEach(prepare);
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", start);
  else start();
})();
