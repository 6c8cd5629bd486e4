/* Slides of a chapter: one at a time, in steps. The address has the place: #3 is the third slide as
   it opens, #3.2 the same two steps later, and #all shows all of them. */
(() => {
  "use strict";
  const root = document.documentElement, said = document.querySelector("[role=status]");
  const slides = [...document.querySelectorAll(".deck > section")];
  const title = document.title;
  const steps = slide => [...slide.querySelectorAll("[data-step]")];
  const last = slide => Math.max(0, ...steps(slide).map(piece => Number(piece.dataset.step)));
  let slide = 0, step = 0;

  // the site's own choice of light or dark, where a reader made one
  function follow() {
    let chosen;
    try {
      const scope = new URL("..", location.href).pathname;
      chosen = JSON.parse(localStorage.getItem(`${scope}.__palette`))?.color;
    } catch { /* there is none, or it may not be read */ }
    if (!chosen || chosen.media === "(prefers-color-scheme)") return;
    root.classList.remove("no-js");
    document.body.dataset.mdColorScheme = chosen.scheme;
  }

  // what does not fit is set smaller; all have their size now, while all are shown
  function fit() {
    for (const frame of document.querySelectorAll(".slide")) {
      const page = frame.firstElementChild, body = page.querySelector(".body");
      const over = () => page.scrollHeight > page.clientHeight + 1 ||
        body.scrollHeight > body.clientHeight + 1 || body.scrollWidth > body.clientWidth + 1;
      if (!over()) continue;
      let size = 1;
      while (size > .5 && over()) page.style.setProperty("--fit", size -= .05);
      // letters of another size are not wider or narrower by the same share to the pixel
      page.style.setProperty("--fit", size - .03);
    }
  }

  function show(write = true) {
    const presenting = slide >= 0;
    root.classList.toggle("presenting", presenting);
    root.classList.toggle("overview", !presenting);
    slides.forEach((one, number) => one.classList.toggle("current", number === Math.max(slide, 0)));
    if (presenting) {
      for (const piece of steps(slides[slide])) piece.classList.toggle("later", piece.dataset.step > step);
      said.textContent = `slide ${slide + 1} of ${slides.length}`;
      document.title = `${slide + 1} / ${slides.length} · ${title}`;
      for (const notes of slides[slide].querySelectorAll(".notes")) notes.tabIndex = 0;
    }
    const place = presenting ? `#${slide + 1}${step ? `.${step}` : ""}` : "#all";
    if (write && place !== location.hash) history.replaceState(null, "", place);
  }

  function go(to, at = 0) {
    slide = Math.min(Math.max(to, 0), slides.length - 1);
    step = Math.min(at, last(slides[slide]));
    show();
  }
  const on = () => step < last(slides[slide]) ? go(slide, step + 1) : slide + 1 < slides.length && go(slide + 1);
  const back = () => step ? go(slide, step - 1) : slide && go(slide - 1, Infinity);
  let left = 0;
  const all = () => {
    if (slide < 0) return go(left);
    left = slide;
    slide = -1;
    show();
    slides[left].scrollIntoView({block: "center"});
    slides[left].querySelector("footer a:last-child").focus();
  };
  const screen = () => document.fullscreenElement ? document.exitFullscreen() : root.requestFullscreen?.();
  const KEYS = {
    ArrowRight: on, " ": on, PageDown: on, ArrowLeft: back, PageUp: back, Backspace: back,
    ArrowDown: () => go(slide + 1), ArrowUp: () => go(slide - 1),
    Home: () => go(0), End: () => go(slides.length - 1, Infinity),
    n: () => root.classList.toggle("noted"), f: screen, Escape: all,
  };

  function read() {
    const [, number, at] = location.hash.match(/^#(\d+)(?:\.(\d+))?$/) ?? [];
    if (location.hash === "#all") slide = -1;
    else {
      slide = Math.min(Math.max((Number(number) || 1) - 1, 0), slides.length - 1);
      step = Math.min(Number(at) || 0, last(slides[slide]));
    }
    show(false);
  }

  addEventListener("keydown", event => {
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const act = event.shiftKey && key === " " ? back : KEYS[key];
    if (!act || event.ctrlKey || event.altKey || event.metaKey) return;
    if (slide < 0 && ![" ", "Escape", "f"].includes(key) && !["Home", "End"].includes(key)) return;
    if (event.target.closest("a") && key === " ") return;
    if (event.target.closest(".notes") && /^(Arrow(Up|Down)|Page)/.test(key)) return;
    event.preventDefault();
    act();
  });
  addEventListener("click", event => {
    if (event.target.closest("a[href], .notes") || String(getSelection())) return;
    const pressed = slides.indexOf(event.target.closest("section"));
    if (slide < 0) pressed >= 0 && go(pressed);
    else if (event.clientX < innerWidth / 4) back();
    else on();
  });
  addEventListener("hashchange", read);

  follow();
  document.fonts.ready.then(() => {
    fit();
    read();
    root.dataset.ready = "true";
  });
})();
