"""A page for each network of the catalogue, made when the site is built.

The frame is Markdown and goes MkDocs' way; the long parts are put in behind it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from pathlib import Path

import cnnref
from cnnref.drawing.bars import to_spec
from website import data
from website.charts import draw as site_charts
from website.facts import lookup
from website.kept import shelf as kept
from website.kept.shelf import Shelf, digest
from website.markup import code, element, folded, joined
from website.measured import site as site_measured
from website.networks import adding_up
from website.networks import page as architecture_page
from website.networks.answers import reached
from website.theme import tables as site_tables

FOLDER = "networks"
# where the files of the two books stand, and the scripts that show them
CODE = "assets/books"
PACKAGE = Path(cnnref.__file__).parent
# what is kept between builds
FRAMES, OFFERED = Shelf("frames of networks"), Shelf("downloads of networks")
SEARCHED, LISTINGS = Shelf("totals of networks"), Shelf("listings")
PART = re.compile(architecture_page.placeholder(r"(\w+)"))


class PartError(ValueError):
    """A placeholder without a part, or a part without a placeholder."""


def files(pages: Collection[str]) -> Iterator[tuple[str, str]]:
    """The path and the content of each page and of each file beside it."""
    for name in cnnref.names():
        linked = digest(reached(name), *sorted(pages))
        page = FRAMES.get(linked, architecture_page.markdown, name, pages)
        yield f"{FOLDER}/{name}.md", page
        for path, content in offered(name).items():
            yield f"{FOLDER}/{path}", content
    for path in sorted({path for name in cnnref.names() for path in books_of(name)}):
        yield f"{CODE}/{path}", (PACKAGE / path).read_text(encoding="utf-8")
        yield f"{CODE}/{path}.js", shown(path)


def fill(html: str, uri: str) -> str:
    """A page's content with its parts put in; other pages stay as they are."""
    path = Path(uri)
    if path.parent.as_posix() != FOLDER or path.stem not in cnnref.names():
        return html
    parts = architecture_page.parts(path.stem, data.books()[path.stem])
    parts |= {"books": books(path.stem), "adding_up": chart(path.stem)}
    parts["measured"] = site_tables.wrap(site_measured.of_network(path.stem), "../")
    wanted = PART.findall(html)
    if sorted(wanted) != sorted(part for part, text in parts.items() if text):
        raise PartError(f"{uri}: the page has places for {wanted}, but there are {[*parts]}")
    return PART.sub(lambda match: parts[match[1]], html)


def chart(name: str) -> str:
    """How the costs of a network add up, drawn when the page is."""
    title = "How the costs add up from the image to the scores"
    spec = to_spec(adding_up.adding_up(lookup(name)))
    return site_charts.made(f"{name}-adding-up", spec, title, adding_up.described(lookup(name)))


def searched() -> dict[str, dict[str, object]]:
    """What the search is to find of each network, by the address of its page."""
    return {
        f"{FOLDER}/{name}.html": {
            "tags": [name],
            "text": SEARCHED.get(reached(name), architecture_page.searched, name),
        }
        for name in cnnref.names()
    }


def books_of(name: str) -> list[str]:
    """The files of a network's two books, by their paths in the package."""
    return [*architecture_page.books(name).values()]


def books(name: str) -> str:
    """Both files, each to open: its code is loaded then, and is a file without scripts."""
    titles = {"spec": "Spec", "model": "PyTorch model"}
    return joined(
        folded(
            joined([f"{titles[book]}: ", code(f"cnnref/{path}")]),
            element("p", element("a", path, href=f"../{CODE}/{path}", download=True)),
            class_=f"book {book}",
            data_code=f"../{CODE}/{path}.js",
            data_search_exclude=True,
        )
        for book, path in architecture_page.books(name).items()
    )


def shown(path: str) -> str:
    """The script that holds a file's code as it is shown."""
    data = json.dumps(highlighted(path), ensure_ascii=False)
    return f'(window.cnnrefCode ??= {{}})["{path}"] = {data};\n'


def highlighted(path: str) -> str:
    """A file of the package as the theme shows code."""
    return str(LISTINGS.get(kept.digest(kept.file(PACKAGE / path)), _highlighted, path))


def _highlighted(path: str) -> str:
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonLexer

    source = (PACKAGE / path).read_text(encoding="utf-8")
    formatter = HtmlFormatter(cssclass="highlight", wrapcode=True)
    return str(highlight(source, PythonLexer(), formatter))


def offered(name: str) -> dict[str, str]:
    """The files that a network's page offers: {address: content}."""
    found: dict[str, str] = OFFERED.get(reached(name), architecture_page.downloads, name)
    return found
