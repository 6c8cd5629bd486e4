// The answers about another network take the place of those shown; without scripts each is a link.
(() => {
  "use strict";
  const here = new URL(document.currentScript.src, location.href);
  const load = (key) => new Promise((resolve, reject) => {
    if (window.cnnrefAnswers?.[key]) { resolve(); return; }
    const script = document.createElement("script");
    script.src = new URL(`../answers/${key}.js`, here).href;
    script.onload = resolve;
    script.onerror = () => reject(new Error(`${script.src} did not load`));
    document.head.append(script);
  });

  const prepare = (box) => {
    const shown = box.querySelector(":scope > .chosen");
    const ways = [...box.querySelectorAll(":scope > .others a[data-key]")];
    const select = document.createElement("select");
    const label = box.querySelector(":scope > label");
    ways.forEach((way) => select.add(new Option(way.textContent.trim(), way.dataset.key)));
    label.append(box.dataset.label, select);
    select.value = shown.dataset.key;

    const show = async (key) => {
      select.value = key;
      await load(key);
      if (select.value !== key) return;
      shown.innerHTML = window.cnnrefAnswers[key];
      shown.dataset.key = key;
      dispatchEvent(new Event("resize")); // other tables are on view, and some of them scroll
    };
    const follow = () => {
      const key = decodeURIComponent(location.hash.slice(1));
      if (ways.some((way) => way.dataset.key === key)) show(key).catch(() => {}).then(() => box.scrollIntoView());
    };
    follow();
    addEventListener("hashchange", follow);
    addEventListener("pageshow", () => { if (select.value !== shown.dataset.key) show(select.value).catch(() => {}); });
    select.addEventListener("change", () => {
      history.replaceState(null, "", `#${select.value}`);
      show(select.value).catch(() => { select.value = shown.dataset.key; });
    });
  };

  const start = () => document.querySelectorAll(".choose[data-label]").forEach(prepare);
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", start);
  else start();
})();
