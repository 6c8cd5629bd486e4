// One of many folded parts at a time, by a list to choose from; without scripts all can be unfolded.
(() => {
  "use strict";
  const wanted = () => decodeURIComponent(location.hash.slice(1));

  const prepare = (box) => {
    const others = box.querySelector(":scope > details.others");
    const parts = box.dataset.order.split(" ").map((id) => document.getElementById(id));
    const select = document.createElement("select");
    const label = document.createElement("label");
    parts.forEach((part) => select.add(new Option(part.querySelector("summary").textContent.trim(), part.id)));
    label.append(box.dataset.label, select);
    box.prepend(label);
    others.hidden = true;

    const show = (id) => {
      parts.filter((part) => part.id !== id).forEach((part) => {
        part.open = false;
        part.classList.remove("chosen");
        others.append(part);
      });
      const part = document.getElementById(id);
      part.open = true;
      part.classList.add("chosen");
      label.after(part);
      select.value = id;
      dispatchEvent(new Event("resize")); // other tables are on view, and some of them scroll
    };
    const follow = () => {
      if (parts.some((part) => part.id === wanted())) show(wanted());
    };
    show(parts.find((part) => part.open).id);
    follow();
    addEventListener("hashchange", follow);
    select.addEventListener("change", () => {
      show(select.value);
      history.replaceState(null, "", `#${select.value}`);
    });
  };

  const start = () => document.querySelectorAll(".choose[data-order]").forEach(prepare);
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", start);
  else start();
})();
