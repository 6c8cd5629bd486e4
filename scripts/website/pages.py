"""The pages of a build, each made again only where something that it is made of has changed.

A page is made in three steps, and what each gives is kept under the digest of what it is given:
the macros of its text, the article that Markdown makes of it, and the article in the theme.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import BytecodeCache, ChoiceLoader, DictLoader, Environment, TemplateSyntaxError, nodes
from jinja2.bccache import Bucket

from cnnref.networks.catalog import names
from studies import code
from website.charts import choices, draw
from website.hands import playground
from website.kept import reach
from website.kept.shelf import COMPLAINTS, PROGRESS, WORK, Shelf, digest
from website.networks import answers, files
from website.places import DOCS, ROOT
from website.theme import runs

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.nav import Navigation
    from mkdocs.structure.pages import Page

__all__ = ["Pages", "made_by"]

# the macros that read the text of other pages
READERS = re.compile(r"\{\{\s*minutes\(")
# what a machine without npm cannot make
PLAYED = re.compile(r"\{\{\s*(?:playground|task)\(")
# files whose text a page takes in, and the package's docstrings
INCLUDED = re.compile(r'^\s*--8<--\s+"([^":]+)', re.MULTILINE)
DOCUMENTED = re.compile(r"^::: (\S+)", re.MULTILINE)
KEPT = "kept.html"
# what is kept of each page
SHELVES = ("texts", "articles", "pages")
# so many pages are one line for those who wait
STEP = 20
# what a page learns of itself when Markdown sets it
LEARNT = ("content", "toc", "_title_from_render", "present_anchor_ids")


def made_by() -> str:
    """The code that makes pages of texts, as a digest: all that MkDocs is told to do."""
    # which makes files of its own
    return reach.modules("website.hooks", named=False, without=("website.hands.what_if",))


def _with_charts(render: Callable[[], object]) -> tuple[str, dict[str, dict[str, Any]]]:
    """A text after its macros, and the specs of the charts that they made for it."""
    text = str(render())
    return text, draw.made_of(text)


class Warned(logging.Handler):
    """How often MkDocs complained: what it complained of is not kept, so that it does again."""

    def emit(self, record: logging.LogRecord) -> None:
        """Count one complaint."""
        WORK[COMPLAINTS] += 1


class Pages:
    """What the pages of one build are made of, and which of them are as they were."""

    def __init__(self, config: MkDocsConfig, files: Files) -> None:
        self.config, self.files = config, files
        self.texts, self.articles, self.whole = map(Shelf, SHELVES)
        logging.getLogger("mkdocs").addHandler(Warned(logging.WARNING))
        self.site = made_by()
        self.addresses = digest(*sorted(file.src_uri for file in files))
        # by the address of a page: the key of its article, and those that were kept
        self.keys: dict[str, str] = {}
        self.set_before: set[str] = set()
        self.anchors: dict[str, list[tuple[Any, ...]]] = {}
        self.found: dict[str, dict[str, Any]] = {}
        self.entered: dict[str, int] = {}
        self._complaints: dict[str, int] = {}
        self._keep_texts(config.plugins["macros"])

    # --- the macros of a text ---------------------------------------------------------------

    def _keep_texts(self, macros: Any) -> None:
        render = macros.render

        def kept(markdown: str, force_rendering: bool = False) -> str:
            page = macros.page
            if not page.meta.get("render_macros"):
                return str(render(markdown, force_rendering))
            key = digest(page.file.src_uri, markdown, page.meta, _named(macros, markdown))
            key = digest(key, reach.outside())
            key = digest(key, _other_pages()) if READERS.search(markdown) else key
            key = digest(key, playground.absence()) if PLAYED.search(markdown) else key
            text, specs = self.texts.get(
                key, _with_charts, lambda: render(markdown, force_rendering)
            )
            draw.remember(specs)
            return str(text)

        macros.render = kept

    # --- the article ------------------------------------------------------------------------

    def read(self, page: Page, markdown: str) -> None:
        """Let a page whose text and whose means are as they were take its article from before."""
        uri = page.file.src_uri
        key = digest(uri, page.meta, markdown, self.site, self.addresses, *_taken_in(uri, markdown))
        # the placeholder of a chart does not say what is drawn
        key = digest(key, json.dumps(draw.made_of(markdown), sort_keys=True))
        key = digest(key, runs.take(page), playground.absence()) if uri.endswith(".py") else key
        self.keys[uri] = key
        render: Callable[..., None] = page.render
        kept = self.articles.find(key)

        def set_again(config: MkDocsConfig, files: Files) -> None:
            self.tell(uri)
            self._complaints[uri] = WORK[COMPLAINTS]
            with self._registered(uri):
                render(config, files)

        def take(config: MkDocsConfig, files: Files) -> None:
            self._restore(page, kept)

        page.render = take if kept else set_again  # type: ignore[method-assign]

    def tell(self, uri: str) -> None:
        """Say now and then how far the work is."""
        number = WORK["articles"] + 1
        if number % STEP == 0:
            every = len(self.files.documentation_pages())
            print(f"{PROGRESS}{number} articles, of {every} at the most; now {uri}", flush=True)

    def work(self) -> str:
        """What this build made, where it did not find it."""
        done = (f"{WORK[kind]} {kind}" for kind in (*SHELVES, "charts", "formulas", "notebooks"))
        return f"{PROGRESS}{', '.join(done)}"

    def _registered(self, uri: str) -> Any:
        return _Registered(self.config.plugins["autorefs"], self.anchors.setdefault(uri, []))

    def _restore(self, page: Page, kept: dict[str, Any]) -> None:
        self.set_before.add(page.file.src_uri)
        for name in LEARNT:
            setattr(page, name, kept[name])
        if "title" in kept:
            page.title = kept["title"]
        by_uri = self.files.src_uris
        page.links_to_anchors = {by_uri[uri]: links for uri, links in kept["links"].items()}
        draw.remember(kept["charts"])
        for arguments, named in kept["anchors"]:
            self.config.plugins["autorefs"].register_anchor(page, *arguments, **named)  # type: ignore[attr-defined]

    def is_set(self, page: Page) -> bool:
        """Whether a page has its article from before."""
        return page.file.src_uri in self.set_before

    def keep_article(self, page: Page, html: str) -> None:
        """Keep what a page is now, unless MkDocs complained of it."""
        uri = page.file.src_uri
        if self._complaints[uri] != WORK[COMPLAINTS]:
            return
        links = {file.src_uri: to for file, to in (page.links_to_anchors or {}).items()}
        kept = {name: getattr(page, name) for name in LEARNT} | {"content": html}
        titled = {"title": page.title} if uri.endswith(".py") else {}
        # a chart that the article brought is drawn again where what is around it has changed
        kept |= {
            "links": links,
            "anchors": self.anchors[uri],
            "charts": draw.made_of(html),
        } | titled
        self.articles.keep(self.keys[uri], kept)

    # --- the page in the theme --------------------------------------------------------------

    def skip(self, env: Environment, nav: Navigation, folder: Path) -> Environment:
        """Let the theme write those pages alone that are not as they were."""
        env.bytecode_cache = Compiled()
        env.loader = ChoiceLoader([DictLoader({KEPT: "{{ page.kept }}"}), env.loader])  # type: ignore[list-item]
        around = digest(
            self.site, _titles(nav), self.config.extra_css, self.config.extra_javascript
        )
        for file in self.files.documentation_pages():
            page = file.page
            assert page is not None
            key = digest(around, self.keys[file.src_uri], page.content, *_beside(page, folder))
            self.keys[file.src_uri] = key
            kept = self.whole.find(key)
            if kept is not None:
                self.found[file.src_uri] = kept
                page.kept = kept["html"]  # type: ignore[attr-defined]
                page.meta = {**page.meta, "template": KEPT}
        return env

    def enter(self, page: Page) -> bool:
        """Note where the entries of a page begin; whether it is as it was, and has them already."""
        entries = self._entries()
        self.entered[page.file.src_uri] = len(entries)
        kept = self.found.get(page.file.src_uri)
        if kept is not None:
            entries.extend(kept["entries"])
        return kept is not None

    def kept(self, page: Page) -> str | None:
        """A page as it was written before; None where it is another now."""
        found = self.found.get(page.file.src_uri)
        return None if found is None else str(found["html"])

    def _entries(self) -> list[dict[str, Any]]:
        search: Any = self.config.plugins["material/search"]
        entries: list[dict[str, Any]] = search.search_index.entries
        return entries

    def keep_page(self, page: Page, html: str) -> None:
        """Keep a page as it is written, with its entries of the search."""
        entries = self._entries()
        own = entries[self.entered[page.file.src_uri] :]
        self.whole.keep(self.keys[page.file.src_uri], {"html": html, "entries": own})

    def sweep(self) -> None:
        """Forget what this build did not ask for."""
        for shelf in (self.texts, self.articles, self.whole):
            shelf.sweep()


class Compiled(BytecodeCache):
    """The theme's templates as code, which takes as long to compile as a page to write."""

    def __init__(self) -> None:
        self.shelf = Shelf("templates")

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fill in what was kept."""
        found = self.shelf.find(_key(bucket))
        if found is not None:
            bucket.bytecode_from_string(found)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what was compiled."""
        self.shelf.keep(_key(bucket), bucket.bytecode_to_string())


def _key(bucket: Bucket) -> str:
    return digest(bucket.key, bucket.checksum, version("jinja2"), sys.version)


class _Registered:
    """What a page registers for cross-references while it is set."""

    def __init__(self, autorefs: Any, calls: list[tuple[Any, ...]]) -> None:
        self.autorefs, self.calls = autorefs, calls

    def __enter__(self) -> None:
        register = self.autorefs.register_anchor

        def noted(page: Page, *arguments: Any, **named: Any) -> None:
            self.calls.append((arguments, named))
            register(page, *arguments, **named)

        self.autorefs.register_anchor = noted

    def __exit__(self, *raised: object) -> None:
        del self.autorefs.register_anchor


def _named(macros: Any, markdown: str) -> str:
    """What the macros that a text names may read, and any where it names what is none of them."""
    homes: Mapping[str, str] = getattr(macros, "homes", {})
    try:
        found = [*macros.env.parse(markdown).find_all(nodes.Name)]
    except TemplateSyntaxError:
        return reach.everything()
    # of a name that the text gives to something of its own nothing is asked
    own = {one.name for one in found if one.ctx == "store"} - homes.keys()
    asked = {one.name for one in found} - own
    if not asked <= homes.keys():
        return reach.everything()
    return reach.macros(draw.__name__, *(homes[name] for name in asked))


def _other_pages() -> str:
    return reach.texts(path for path in sorted(DOCS.rglob("*")) if reach.is_page(path))


def _taken_in(uri: str, markdown: str) -> Iterator[str]:
    """What a page is made of besides its text."""
    path = Path(uri)
    if path.parent.as_posix() == files.FOLDER and path.stem in names():
        yield answers.reached(path.stem)
    for name in INCLUDED.findall(markdown):
        yield reach.texts([place for place in (DOCS / name, ROOT / name) if place.is_file()])
    if documented := {code.home(name) for name in DOCUMENTED.findall(markdown)}:
        yield reach.closure(tuple(sorted(documented)), named=False)


def _beside(page: Page, folder: Path) -> Iterator[object]:
    """What stands beside an article on its page: its name, place, neighbours and charts."""
    yield page.title, page.url, sorted((key, str(value)) for key, value in page.meta.items())
    yield [(one.url, one.title) for one in (page.previous_page, page.next_page) if one]
    content = page.content or ""
    yield from draw.told(content, folder)
    yield from choices.told(content, folder)


def _titles(nav: Navigation) -> object:
    """The whole navigation, as the theme writes it on every page."""

    def told(item: Any) -> object:
        children = [told(child) for child in item.children or ()]
        meta: Mapping[str, Any] = getattr(item, "meta", None) or {}
        return item.title, getattr(item, "url", ""), sorted(map(str, meta.items())), children

    return [told(item) for item in nav.items]
