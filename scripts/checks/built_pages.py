"""One built page, read: what it links to and loads, and what its elements lack."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

from checks import policy

VOID = frozenset(
    (
        "area",
        "base",
        "br",
        "col",
        "embed",
        "hr",
        "img",
        "input",
        "link",
        "meta",
        "param",
        "source",
        "track",
        "wbr",
    )
)
SOURCES = {
    "script": "src",
    "img": "src",
    "iframe": "src",
    "source": "src",
    "video": "src",
    "audio": "src",
    "object": "data",
    "embed": "src",
}
LOADING_RELATIONS = frozenset(
    (
        "stylesheet",
        "icon",
        "preload",
        "modulepreload",
        "preconnect",
        "prefetch",
        "dns-prefetch",
        "manifest",
    )
)
Attributes = dict[str, str | None]
# what a table's head names, and what head or caption then have to say
NEEDED = {
    "errors names no protocol": (
        re.compile(r"[Tt]op-[15]|\b(?:error|accuracy)\b.*%|\berror, "),
        re.compile(r"protocol", re.IGNORECASE),
    ),
    "flops does not say what a multiply-add counts": (
        re.compile(r"\b[GM]?flops?\b", re.IGNORECASE),
        re.compile(r"multiply-add|\bMACs?\b"),
    ),
}
# what a column's head names where its cells are figures of one kind, and where they are quotations,
# which have the digits of their source
MEASURED = re.compile(
    r"\((?:%|k|M|G|[KMG]i?B)[,)]|\bG?MACs\b|^ms\b|\b[MK]iB\b|images/s|FLOP/s|accuracy"
)
QUOTED = re.compile(r"\berror|printed|stated|says|Canziani")
FIGURE = re.compile(r"[−+-]?(\d[\d,]*)(?:\.(\d+))?")
# how the site's own pages ask for a number
PATH = re.compile(r"\w[@/](?:total|op:|stage:|\w+/(?:macs|parameters|\w+:))")
# marks of Markdown that no text of a page has, and the elements whose text is no prose
RAW = re.compile(
    r"\*\*\w|\w\*\*|`[^`]+`|\[[^\]]+\]\([^)\s]+\)|^\s*(?:#{2,6} |\?\?\? |:::)|\{\{|\]\{|\{\s*[.#]\w"
)
NO_PROSE = {
    "code", "math", "option", "pre", "samp", "script", "style", "svg", "template", "textarea",
}  # fmt: skip
# what a browser leaves out of an address
UNSEEN = re.compile(r"[\x00-\x20]")


@dataclass(frozen=True, order=True)
class Fault:
    """Something wrong at one place of the built site."""

    page: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}: {self.text}"


@dataclass
class Element:
    tag: str
    line: int
    hidden: bool
    named: bool
    headers: int = 0
    said: str = ""
    # of a row its cells, of a table its rows
    cells: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)


@dataclass
class Read:
    """What one page was found to hold; every place is a line number with a text."""

    ids: dict[str, int] = field(default_factory=dict)
    links: list[tuple[int, str]] = field(default_factory=list)
    loads: list[tuple[int, str]] = field(default_factory=list)
    styles: list[tuple[int, str]] = field(default_factory=list)
    scripts: list[tuple[int, str]] = field(default_factory=list)
    # of what is loaded, what the first view waits for
    blocking: list[tuple[int, str]] = field(default_factory=list)
    # of the scripts, those that stand in the page itself and are no data
    inline: list[tuple[int, str]] = field(default_factory=list)
    policy: str = ""
    faults: list[tuple[int, str]] = field(default_factory=list)
    images: int = 0
    tables: int = 0
    headings: int = 0
    elements: int = 0
    title: str = ""
    language: str = ""


class PageParser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.read = Read()
        self.open: list[Element] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given: Attributes = dict(attrs)
        self.read.elements += 1
        self._identify(given)
        self._run(tag, given)
        self._collect(tag, given)
        if tag not in VOID:
            self._enter(tag, given)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if not any(element.tag == tag for element in self.open):
            return
        while self.open:
            element = self.open.pop()
            self._leave(element)
            if element.tag == tag:
                return

    def handle_data(self, data: str) -> None:
        inside = self.open[-1].tag if self.open else ""
        line = self.getpos()[0]
        if self._within("thead") or self._within("caption"):
            self._note(data)
        if cell := self._nearest("td", "th"):
            cell.said += data
        if (found := RAW.search(data)) and not any(e.tag in NO_PROSE for e in self.open):
            self._fault(f"Markdown is left as it was typed: '{data[found.start() :].strip()[:60]}'")
        if inside == "title" and not self._within("svg"):
            self.read.title += data.strip()
        elif inside == "style":
            self.read.styles.append((line, data))
        elif inside == "script":
            self.read.scripts.append((line, data))
            if self.read.inline and self.read.inline[-1][0] == self.open[-1].line:
                place, before = self.read.inline[-1]
                self.read.inline[-1] = place, before + data

    def _run(self, tag: str, given: Attributes) -> None:
        """What runs a script, and the policy that says which may run."""
        line = self.getpos()[0]
        for name, value in given.items():
            if name.startswith("on"):
                self._fault(f"the attribute '{name}' runs a script")
            if UNSEEN.sub("", value or "").lower().startswith("javascript:"):
                self._fault(f"the attribute '{name}' has a script for an address")
        if tag == "script" and "src" not in given and "json" not in (given.get("type") or ""):
            self.read.inline.append((line, ""))
        if tag == "data" and PATH.search(given.get("title") or ""):
            self._fault(f"the number's words '{given['title']}' are a path")
        if tag == "meta" and given.get("http-equiv") == "Content-Security-Policy":
            self.read.policy = given.get("content") or ""

    def _identify(self, given: Attributes) -> None:
        name, line = given.get("id"), self.getpos()[0]
        if name is None:
            return
        if name in self.read.ids:
            self._fault(f"the id '{name}' is also on line {self.read.ids[name]}")
        self.read.ids.setdefault(name, line)

    def _collect(self, tag: str, given: Attributes) -> None:
        line = self.getpos()[0]
        if given.get("style"):
            self.read.styles.append((line, given["style"] or ""))
        if tag in ("a", "area") and given.get("href") is not None:
            self.read.links.append((line, given["href"] or ""))
        if tag == "link" and LOADING_RELATIONS & set((given.get("rel") or "").split()):
            self.read.loads.append((line, given.get("href") or ""))
        if tag in SOURCES and SOURCES[tag] in given:
            self.read.loads.append((line, given[SOURCES[tag]] or ""))
        self._wait(tag, given)
        for candidate in (given.get("srcset") or "").split(","):
            if candidate.strip():
                self.read.loads.append((line, candidate.split()[0]))
        if tag == "html":
            self.read.language = given.get("lang") or ""
        if tag == "img":
            self._image(given)
        self.read.headings += tag == "h1"

    def _wait(self, tag: str, given: Attributes) -> None:
        """What has to be there before a browser draws anything."""
        later = {"async", "defer"} & given.keys() or given.get("type") == "module"
        address = given.get("src") if tag == "script" and not later else None
        if tag == "link" and "stylesheet" in (given.get("rel") or "").split():
            address = given.get("href")
        if address is not None and self._within("head"):
            self.read.blocking.append((self.getpos()[0], address))

    def _image(self, given: Attributes) -> None:
        self.read.images += 1
        if not (given.get("width") and given.get("height")):
            self._fault(f"the image '{(given.get('src') or '')[:60]}' has no width or no height")
        if given.get("alt") is None and not self._covered():
            self._fault(f"the image '{given.get('src')}' has no alt text")

    def _enter(self, tag: str, given: Attributes) -> None:
        label = (given.get("aria-label") or given.get("aria-labelledby") or "").strip()
        hidden = given.get("aria-hidden") == "true" or (given.get("role") == "img" and bool(label))
        self.read.images += tag == "svg"
        if tag == "title" and self.open and self.open[-1].tag == "svg":
            self.open[-1].named = True
        if tag == "th":
            if table := self._nearest("table"):
                table.headers += 1
            if given.get("scope") is None:
                self._fault("a header cell has no scope")
        element = Element(tag, self.getpos()[0], hidden or self._covered(), bool(label))
        # The numbering of code lines is laid out as a table and has nothing to head.
        element.headers += "highlighttable" in (given.get("class") or "")
        self.open.append(element)

    def _nearest(self, *tags: str) -> Element | None:
        """The innermost open element of these."""
        return next((one for one in reversed(self.open) if one.tag in tags), None)

    def _note(self, data: str) -> None:
        """What the head and the caption of the table say around here."""
        if table := self._nearest("table"):
            table.said += f"{data} "

    def _leave(self, element: Element) -> None:
        if element.tag == "svg" and not (element.hidden or element.named):
            self._fault("an svg has no text alternative", element.line)
        if element.tag == "table":
            self.read.tables += 1
            if not element.headers:
                self._fault("a table has no header cell", element.line)
            for text in (*unsaid(element.said), *uneven(element.rows)):
                self._fault(text, element.line)
        if element.tag in ("td", "th") and (row := self._nearest("tr")):
            row.cells.append(" ".join(element.said.split()))
        if element.tag == "tr" and (table := self._nearest("table")):
            table.rows.append(element.cells)

    def _covered(self) -> bool:
        return bool(self.open) and self.open[-1].hidden

    def _within(self, tag: str) -> bool:
        return any(element.tag == tag for element in self.open)

    def _fault(self, text: str, line: int | None = None) -> None:
        self.read.faults.append((self.getpos()[0] if line is None else line, text))


def unsaid(head: str) -> Iterator[str]:
    """What the head and the caption of a table of figures leave out."""
    for what, (named, needed) in NEEDED.items():
        if named.search(head) and not needed.search(head):
            yield f"a table of {what}: {' '.join(head.split())[:80]}"


def uneven(rows: list[list[str]]) -> Iterator[str]:
    """The columns of figures of one kind that have neither one number of decimals nor of digits.

    Whole numbers beside others have no decimal, and digits that count up to the last that is no 0.
    """
    heads = rows[0] if rows else []
    for column, head in enumerate(heads):
        cells = (row[column] for row in rows[1:] if len(row) == len(heads))
        found = [one for one in map(FIGURE.fullmatch, cells) if one]
        if not MEASURED.search(head) or QUOTED.search(head):
            continue
        decimals = {len(one[2] or "") for one in found}
        broken = {len((one[1] + one[2]).replace(",", "").lstrip("0")) for one in found if one[2]}
        whole = [len(one[1].replace(",", "").rstrip("0")) for one in found if not one[2]]
        if len(decimals) > 1 and (len(broken) > 1 or max(whole, default=0) > max(broken)):
            shown = ", ".join(one[0] for one in found[:4])
            yield f"the figures under '{head}' have decimals of several lengths: {shown}"


def read_page(path: Path) -> Read:
    """The page with its own faults: title, language, one h1, alternatives, headers, ids."""
    parser = PageParser()
    parser.feed(path.read_text(encoding="utf-8"))
    parser.close()
    read = parser.read
    missing = {"no title": not read.title, "no language": not read.language}
    missing["no content security policy"] = not read.policy
    missing[f"{read.headings} h1 headings instead of one"] = read.headings != 1
    read.faults += script_faults(read)
    read.faults += [(1, f"the page has {text}") for text, wrong in missing.items() if wrong]
    return read


def script_faults(read: Read) -> Iterator[tuple[int, str]]:
    """The scripts in the page itself that the theme does not write, or that may not run."""
    for line, script in read.inline:
        if not policy.known(script):
            shown = " ".join(script.split())[:60]
            yield (
                line,
                f"nobody knows the script '{shown}'; checks.policy has the theme's",
            )
        elif policy.source_of(script) not in read.policy:
            yield line, "the page's policy does not let the theme's script run"


def faults_of(page: str, found: Iterable[tuple[int, str]]) -> list[Fault]:
    return [Fault(page, line, text) for line, text in found]
