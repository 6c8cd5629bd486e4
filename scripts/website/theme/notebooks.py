"""Notebooks under docs/notebooks, shown as pages of this site.

What nbconvert makes of a notebook brings its own styles and scripts, more than the rest of the
site together. Only what the cells hold is kept, in the markup that all pages have.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from mkdocs.exceptions import PluginError

from website.markup import Html, element, joined

if TYPE_CHECKING:
    from bs4 import Tag
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

FOLDER = "notebooks"
WRAPPER = "jupyter-wrapper"
STDERR = "application/vnd.jupyter.stderr"
DISPLAYED = re.compile(r"\$\$(.+?)\$\$", re.DOTALL)
INLINE = re.compile(r"\$([^$\n]+?)\$")
LINK = re.compile(r"\[([^\]]+)\]\((?!https?:)[^)]*\)")
# how a cell's class says that it prints times, which no two runs share
TIMES = "celltag_times"
OWN_TIMES = "What this prints is another on each machine: run it on yours."
VERBATIM = ("pre", "code", "script", "style")


def downloads(config: MkDocsConfig) -> Iterator[tuple[str, str]]:
    """Each notebook as an .ipynb file: its path on the site and its text, without outputs."""
    import jupytext

    for source in sorted((Path(config.docs_dir) / FOLDER).glob("*.py")):
        notebook = jupytext.read(source)
        for number, cell in enumerate(notebook.cells, 1):
            cell["id"] = f"cell-{number}"
            if cell["cell_type"] == "markdown":
                # a page of the site is not beside a downloaded file
                cell["source"] = LINK.sub(r"\1", cell["source"])
        yield f"{FOLDER}/{source.stem}.ipynb", jupytext.writes(notebook, fmt="ipynb") + "\n"


def tidy(html: str, page: Page, files: Files, opened: str = "") -> str:
    """The cells of a notebook's page in the site's own markup; other pages as they are.

    opened: the link that opens the notebook, where there is one.
    """
    if WRAPPER not in html:
        return html
    from bs4 import BeautifulSoup

    soup = BeautifulSoup(html, "html.parser")
    parts = [part for cell in soup.select(".jp-Cell[id]") for part in cell_parts(cell, page)]
    fresh = BeautifulSoup("\n".join(parts), "html.parser")
    for link in fresh.select("a[href]"):
        follow(link, page, files)
    for anchor in fresh.select("a.anchor-link"):
        anchor["class"], anchor["title"] = "headerlink", "Link to this section"
    formulas(fresh)
    heading = fresh.find("h1")
    if heading is None:
        raise PluginError(f"{page.file.src_uri}: the notebook has no heading of the first level.")
    heading.insert_after(BeautifulSoup(offer(page, opened), "html.parser"))
    return str(fresh)


def cell_parts(cell: Tag, page: Page) -> Iterator[str]:
    """A cell as HTML of the site's own: its prose, its code and what it printed."""
    text = cell.select_one(".jp-RenderedMarkdown")
    if text is not None:
        yield text.decode_contents()
        return
    code = cell.select_one(".highlight-ipynb pre")
    if code is not None:
        # what the highlighter begins with stands before the code in the theme's own listings
        begin = code.find("span", recursive=False)
        if begin is not None and not begin.contents:
            begin.extract()
        listing = element("code", Html(code.decode_contents()))
        yield element("div", element("pre", element("span"), listing), class_="highlight")
    found = outputs(cell, page)
    if TIMES in cell.get_attribute_list("class"):
        yield element("p", OWN_TIMES, class_="downloads")
        return
    for shown in found:
        yield element("div", Html(shown), class_="cell-output", tabindex="0")


def outputs(cell: Tag, page: Page) -> list[str]:
    """What a cell shows; printed text in one piece, however many pieces the kernel sent it in."""
    found: list[Tag] = []
    before: Tag | None = None
    for shown in cell.select(".jp-OutputArea-output"):
        if shown.get("data-mime-type") == STDERR:
            said = " ".join(shown.get_text().split())[:200]
            raise PluginError(f"{page.file.src_uri}: a cell complains: {said}")
        text = shown.pre if str(shown.pre) == shown.decode_contents().strip() else None
        if text is not None and before is not None:
            before.extend(list(text.contents))
        else:
            found.append(shown)
            before = text
    return [shown.decode_contents().strip() for shown in found]


def offer(page: Page, opened: str) -> str:
    """The line that offers a notebook's two files, and where it can be opened."""
    name = Path(page.file.src_uri).stem
    links = {f"{name}.ipynb": "for Jupyter", f"{name}.py": "as Python"}
    items = joined(
        (element("a", text, href=path, download=True) for path, text in links.items()), " or "
    )
    there = (", or ", opened) if opened else ()
    return element("p", "Download this notebook ", items, *there, ".", class_="downloads")


def follow(link: Tag, page: Page, files: Files) -> None:
    """Point a link to a source file at the page that is made of it."""
    address = urlsplit(str(link["href"]))
    if address.scheme or address.netloc or not address.path.endswith((".md", ".py")):
        return
    source = os.path.normpath(Path(page.file.src_uri).parent / address.path)
    goal = files.get_file_from_path(Path(source).as_posix())
    if goal is None:
        raise PluginError(f"{page.file.src_uri}: the link '{link['href']}' leads nowhere.")
    fragment = f"#{address.fragment}" if address.fragment else ""
    link["href"] = goal.url_relative_to(page.file) + fragment


def formulas(soup: Any) -> None:
    """Mark the formulas of the text, as Markdown does on other pages."""
    from bs4 import BeautifulSoup
    from bs4.element import Comment

    for text in soup.find_all(string=lambda found: "$" in found):
        if isinstance(text, Comment) or text.find_parent(VERBATIM):
            continue
        marked = DISPLAYED.sub(displayed, text.output_ready(formatter="minimal"))
        marked = INLINE.sub(inline, marked)
        text.replace_with(BeautifulSoup(marked, "html.parser"))


def displayed(tex: re.Match[str]) -> str:
    """A formula on a line of its own, as the theme marks one."""
    return element("div", Html(rf"\[{tex[1]}\]"), class_="arithmatex")


def inline(tex: re.Match[str]) -> str:
    """A formula in its line, as the theme marks one."""
    return element("span", Html(rf"\({tex[1]}\)"), class_="arithmatex")
