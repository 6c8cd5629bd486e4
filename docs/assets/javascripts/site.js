// Everything here improves a page that is complete without it.
(() => {
  "use strict";
  // Only what really scrolls is a stop for the Tab key, and says at its edge that there is more.
  const SCROLLING = ".table-scroll, .cell-output, .md-typeset :is(.katex-display, pre, pre > code)";
  const TELLING = ".table-scroll, .md-typeset .katex-display";
  const hasMore = (box) => box.scrollWidth - box.clientWidth - Math.abs(box.scrollLeft) > 2;
  // All are read before one is written, and what is folded away is left until it opens, or the
  // page would be laid out once for each.
  const settleFocus = () => {
    const boxes = [...document.querySelectorAll(SCROLLING)].filter((box) => box.checkVisibility());
    const wide = new Set(boxes.filter((box) => box.scrollWidth > box.clientWidth + 1));
    boxes.forEach((box) => {
      if (!wide.has(box)) box.removeAttribute("tabindex");
      else if (box.tabIndex) box.tabIndex = 0;
    });
    boxes.filter((box) => box.matches(TELLING))
      .map((box) => [box, hasMore(box)]).forEach(([box, more]) => box.toggleAttribute("data-more", more));
  };
  // Whatever changes the size of a box or of what is in it: a window, a fold, a font that comes. A
  // formula's box is as wide as before when its font has come, and only what it holds is wider.
  const watchSizes = () => {
    document.fonts.ready.then(settleFocus);
    document.fonts.addEventListener("loadingdone", settleFocus);
    const watch = new ResizeObserver(settleFocus);
    // the theme takes code out of the Tab key's way again where nothing hovers, as on a phone
    const taken = new MutationObserver(settleFocus);
    document.querySelectorAll(SCROLLING).forEach((box) => {
      [box, ...box.children].forEach((part) => watch.observe(part));
      taken.observe(box, { attributeFilter: ["tabindex"] });
    });
  };

  // What a number is made of can be read with the keyboard: Tab leads to the first number of a
  // paragraph, the arrow keys to its others.
  const prepareNumbers = () => document.querySelectorAll(":is(.md-typeset p, .md-typeset li, .md-typeset dd):has(> data[title])").forEach((box) => {
    const numbers = [...box.querySelectorAll(":scope > data[title]")];
    numbers.forEach((number, place) => { number.tabIndex = place ? -1 : 0; });
    box.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key], now = numbers.indexOf(event.target);
      const next = numbers[now + step];
      if (now < 0 || !next) return;
      event.preventDefault();
      [numbers[now].tabIndex, next.tabIndex] = [-1, 0];
      next.focus();
    });
  });

  // A link to a row opens what it stands in; what a link says may be broken.
  const asked = () => { try { return decodeURIComponent(location.hash.slice(1)); } catch { return ""; } };
  const openTarget = () => {
    const target = document.getElementById(asked());
    let box = target && target.closest("details:not([open])");
    if (!box) return;
    for (; box; box = box.parentElement.closest("details:not([open])")) box.open = true;
    target.scrollIntoView({ block: "center" });
  };

  // The name of a layer leads to its own row, once a reader has opened what it stands in.
  const linkRows = (box) => box.querySelectorAll(":scope > .table-scroll tr[id] > :first-child:not(:has(a))").forEach((cell) => {
    const link = document.createElement("a");
    link.href = `#${cell.parentElement.id}`;
    link.append(...cell.childNodes);
    cell.append(link);
  });

  // The code of a book is long, and comes when a reader opens it.
  const prepareBooks = () => document.querySelectorAll("details.book[data-code]").forEach((book) => {
    book.addEventListener("toggle", () => {
      const script = document.createElement("script");
      script.src = book.dataset.code;
      script.onload = () => {
        const path = book.querySelector("summary code").textContent.replace(/^cnnref\//, "");
        book.insertAdjacentHTML("beforeend", window.cnnrefCode[path]);
        settleFocus();
      };
      document.head.append(script);
    }, { once: true });
  });

  // The bars of the window have the colours of the page.
  const colourBars = () => { document.documentElement.style.colorScheme = getComputedStyle(document.body).colorScheme; };

  // On paper nothing can be opened; the code of the books stays a file's name.
  const openForPrint = () => document.querySelectorAll("details:not([open], .book)").forEach((box) => {
    box.open = true;
    addEventListener("afterprint", () => { box.open = false; }, { once: true });
  });

  const start = () => {
    prepareNumbers();
    prepareBooks();
    watchSizes();
    openTarget();
    colourBars();
    new MutationObserver(colourBars).observe(document.body, { attributeFilter: ["data-md-color-scheme"] });
    addEventListener("hashchange", openTarget);
    document.querySelectorAll(".tree details[open]").forEach(linkRows);
    addEventListener("toggle", ({ target }) => { if (target.matches(".tree details")) linkRows(target); }, true);
    addEventListener("change", settleFocus);
    addEventListener("beforeprint", openForPrint);
    document.querySelectorAll(TELLING).forEach((box) => box.addEventListener("scroll", () => box.toggleAttribute("data-more", hasMore(box)), { passive: true }));
  };
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", start);
  else start();
})();
