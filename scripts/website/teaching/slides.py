"""The slides of every chapter, as pages beside it: made from the finished page and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bs4 import BeautifulSoup
from bs4.filter import SoupStrainer

from cnnref import files
from cnnref.errors import CnnrefError
from website.kept import reach
from website.kept.shelf import Shelf, digest, doubt
from website.markup import Html, element, joined, link
from website.teaching.deck import Slide, deck
from website.theme.revise import CHAPTERS

__all__ = ["DECKS", "FOLDER", "address", "chapters", "page", "write"]

FOLDER = "slides"
DECKS = Shelf("decks")
SHEETS = (
    "assets/stylesheets/extra.css", "assets/stylesheets/hands.css",
    "assets/vendor/katex/katex.min.css", "assets/stylesheets/slides.css",
)  # fmt: skip
SCRIPT = "assets/javascripts/slides.js"
METAS = (
    Html('<meta charset="utf-8">'),
    Html('<meta name="viewport" content="width=device-width,initial-scale=1">'),
)
KEYS = (
    "→ or space: on", "←: back", "↓ ↑: a whole slide", "Home, End", "N: notes", "F: full screen",
    "Esc: all slides",
)  # fmt: skip


def chapters() -> list[str]:
    """The files of the pages that have slides, in the order of the lecture."""
    return [name.replace(".md", ".html") for name in CHAPTERS]


def address(source: str) -> str:
    """Where a page's slides are, "" where it has none; source: its file below docs/."""
    return f"{FOLDER}/{source.replace('.md', '.html')}" if source in CHAPTERS else ""


def write(site: Path, guarded: Callable[[str], str]) -> None:
    """Make the slides of a built site.

    guarded: what gives a page its policy.

    Raises:
        CnnrefError: a chapter has no page, or one with a block that slides know nothing of.
    """
    made_by = reach.modules("website.teaching.slides", named=False)
    for name in chapters():
        if not (site / name).is_file():
            raise CnnrefError(f"{name} is not in the site, so it has no slides.")
        text = (site / name).read_text(encoding="utf-8")
        (site / FOLDER).mkdir(exist_ok=True)
        try:
            made = DECKS.get(digest(made_by, name, text), page, text, name)
            files.write(site / FOLDER / name, guarded(made), synced=False)
        except CnnrefError as error:
            doubt(error)


def page(text: str, name: str) -> str:
    """The slides of a finished page as a page of its own."""
    slides = deck(text, name)
    title = BeautifulSoup(slides[0].title, "html.parser").get_text()
    described = f"Slides of the chapter {title}, made from its page."
    slides[0] = slides[0]._replace(body=joined([_about(text), slides[0].body, _keys()]))
    frames = [_frame(slide, n, len(slides), name, title) for n, slide in enumerate(slides, 1)]
    head = [
        *METAS,
        element("title", f"{title}: slides - cnnref"),
        Html(f'<meta name="description" content="{described}">'),
        element("link", rel="icon", href="../assets/images/favicon.svg"),
        *(element("link", rel="stylesheet", href=f"../{sheet}") for sheet in SHEETS),
        element("script", src=f"../{SCRIPT}", defer=True),
    ]
    body = [
        link("Skip to the slides", "#1", "md-skip"),
        element("main", element("article", *frames, class_="deck")),
        element("p", role="status", class_="visually-hidden"),
    ]
    whole = element(
        "html",
        element("head", *head),
        element("body", *body, data_md_color_scheme="default"),
        lang="en",
        class_="no-js",
    )
    return f"<!doctype html>\n{whole}\n"


def _about(text: str) -> Html:
    """What the chapter is about, in its own words."""
    said = BeautifulSoup(text, "html.parser", parse_only=SoupStrainer("meta")).find(
        "meta", attrs={"name": "description"}
    )
    return element("p", str(said["content"]) if said else "", class_="about")


def _keys() -> Html:
    return element("p", " · ".join(KEYS), class_="keys")


def _frame(slide: Slide, number: int, of: int, name: str, title: str) -> Html:
    """A slide with the notes below it."""
    level = "h1" if slide.kind == "title" else "h2"
    place = element(
        "footer",
        link(Html(title), slide.place or f"../{name}"),
        link(f"{number} / {of}", f"#{number}"),
    )
    body = element("div", slide.body, class_="body")
    shown = element("div", element(level, Html(slide.title)), body, place)
    shown = element("div", shown, class_=f"slide {slide.kind}")
    notes = element("div", slide.notes, class_="notes") if slide.notes else Html("")
    return element("section", shown, notes, id=number)
