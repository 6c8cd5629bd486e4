"""Refuse a typed quantity in a page: numbers come through macros, or they are names.

What may stand in prose is the short list ALLOWED, each entry with its reason. In formulas
the small whole numbers of the rule itself (a +1, a 2P, a square) may stand. Looked at are the
pages with their titles and descriptions, captions and alternatives, the comments and outputs of
their code, the notebooks, and the sentences in the programs that print parts of pages.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from checks import prose_parts
from checks.prose_parts import blank, keep
from website.places import DOCS, ROOT

NOT_PAGES = ("generated", "assets", "measured")
# what prints parts of pages
PROGRAMS = ("scripts/website", "cnnref/drawing")

# a year is none where it counts something
COUNTED = "images|pixels|layers|parameters|weights|networks|rows|operations|units|bytes|times"
YEAR = rf"(?:199|20[0-2])\ds?(?!\s+(?:{COUNTED}|[kMG]?MACs|FLOPs|[kKMG]i?B)\b)"
NETWORK = (
    r"AlexNet|VGG|ResNet|ResNeXt|DenseNet|plain|SENet|Inception(?:-ResNet)?-v|"
    r"(?:Mobile|Shuffle)Net ?V|EfficientNet-B"
)
# the reviewed exceptions: what they match, and why a computed value could not replace them
ALLOWED = {
    YEAR: "a year",
    r"arXiv:\d{4}\.\d{4,5}": "a paper's number",
    rf"(?:{NETWORK})-?\d+|LeNet-5|v1(?:\.5)?|[345][a-e]": "a network, a variant, a module",
    r"[Tt]op-[15]": "a measure of error",
    r"(?:conv|fc|pool|relu|norm|bn|drop)\d(?:_\d)?": "a layer's name",
    r"ILSVRC-\d{4}|CIFAR-10": "the name of a challenge, of a set of images",
    r"(?:Section|Table|Figure|Chapter|Lecture|footnote) \d+(?:\.\d+)*": "a place in a source",
    r"(?:1x1|2x2|3x3|5x5|7x7|11x11)": "a kind of layer",
    r"b?float(?:16|32|64)": "a number format",
    r"GTX 580": "a card's name",
    r"[12]-D": "a kind of layer",
    r"torchinfo 1\.8\.0": "a version of a program",
    r"ten crops": "a way of measuring, by its name",
    r"[Ii]n (?:thousands|millions|billions)": "a unit",
}
# numbers that are definitions, in the words that may say them
DEFINITIONS = {
    r"in place of a million": "the unit that was meant",
    r"in float32 are four for each element": "what float32 is",
    r"from 224 to 28|before maps of 28 x 28": "what the lecture calls the start of VGG-16",
    r"five (?:best guesses|most probable classes)|names five classes": "what top-5 means",
    r"(?:takes|take)\s+four\s+bytes": "what float32 is",
    r"exit code [0-2]": "what the command line answers with",
    r"with stride [12](?![\d.])": "a rule of VGG's that the lecture states and a judge compares",
}
NUMBER_WORDS = (
    "four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|"
    "eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundreds?|thousands?|"
    "millions?|billions?|trillions?|dozens?|(?:three|four|five|ten|hundred)fold|percent|per cent"
)
LARGEST_IN_FORMULA = 2

HIDDEN = (
    prose_parts.FRONT_MATTER,
    prose_parts.FENCE,
    prose_parts.MACRO,
    re.compile(r"<!--.*?-->", re.DOTALL),
    prose_parts.INLINE_CODE,
    re.compile(r"(?<=\])\([^)\s]*\)"),  # link targets
    prose_parts.ATTRIBUTES,
    re.compile(r"\b(?:href|src|id|class|style|width|height|colspan|rowspan|tabindex)=\"[^\"]*\""),
    re.compile(r"^\[\^?[^\]]+\]:(?= https?:)\s*\S+", re.MULTILINE),
)
FORMULA = re.compile(r"\$\$.+?\$\$|\$[^$\n]+\$", re.DOTALL)
TEXT_IN_FORMULA = re.compile(r"\\(?:text|textbf|mathrm)\{([^{}]*)\}")
HEADING_TAG = re.compile(r"</?h[1-6]\b")
NAMES = re.compile(r"(?<![\w.])(?:" + "|".join({**ALLOWED, **DEFINITIONS}) + r")(?![\w]|\.\d|,\d)")
FRACTIONS = "¼½¾⅐-⅞²³¹⁰⁴-⁹₀-₉"
QUANTITY = re.compile(
    rf"\d[\d,.]*\d|\d|[{FRACTIONS}]|\b(?:{NUMBER_WORDS})\b|(?<=&)(?:frac\d+|half)(?=;)",
    re.IGNORECASE,
)
IN_FORMULA = re.compile(r"\d[\d,.]*\d|\d")
SETTINGS = re.compile(r"^(?:site_name|site_description|copyright): *(.*)$|^ +- ([^:\n]+): \S+\.")


# letters of sizes, and what makes a cost of them
SIZE = re.compile(r"(?<![A-Za-z\\])(?:[CFGHKPRSW]|[rt](?=[A-Z]))(?:_\{\w+\})?'?(?!\()")
SIGN = re.compile(r"[+/]|\\(?:cdot|frac|[lr]floor|[lr]ceil)")


class Fault(NamedTuple):
    """A typed quantity: page, line and the text that stands there."""

    page: str
    line: int
    text: str

    def __str__(self) -> str:
        return (
            f"{self.page}:{self.line}: {self.text!r} is typed; take a quantity and a formula of "
            "sizes from a macro, or quote it as code if it is a name."
        )


def faults(page: str, text: str, *, rendered: bool = True) -> list[Fault]:
    """Every typed quantity of one page, in order.

    rendered: whether the page is rendered by the macros, as those that say so are.
    """
    found = [
        (place + at, what)
        for part in PARTS
        for place, prose in part(text)
        for at, what in quantities(prose)
    ]
    lines = [(text.count("\n", 0, at) + 1, what) for at, what in (*found, *_in_text(text))]
    lines += _in_macros(text) if rendered else ()
    lines += _of_sizes(text) if page.endswith(".md") else ()
    return [Fault(page, line, what) for line, what in sorted(lines)]


PARTS = (
    prose_parts.front_matter,
    prose_parts.code_blocks,
    prose_parts.quotations,
    prose_parts.attributes,
)


def quantities(prose: str) -> Iterator[tuple[int, str]]:
    """Each quantity of a sentence that is no name, with its place."""
    for match in QUANTITY.finditer(NAMES.sub(blank, prose)):
        yield match.start(), match[0]


def _in_text(text: str) -> Iterator[tuple[int, str]]:
    for pattern in HIDDEN:
        text = pattern.sub(blank, text)
    text = prose_parts.without_list_numbers(text)
    yield from _in_formulas(text)
    yield from quantities(HEADING_TAG.sub(blank, FORMULA.sub(_words, text)))


def _words(formula: re.Match[str]) -> str:
    """A formula blanked, but for the words in it."""
    kept = list(blank(formula))
    for match in TEXT_IN_FORMULA.finditer(formula[0]):
        kept[match.start() : match.end()] = keep(match, 1)
    return "".join(kept)


def _in_formulas(text: str) -> Iterator[tuple[int, str]]:
    for formula in FORMULA.finditer(text):
        written = TEXT_IN_FORMULA.sub(blank, formula[0])
        for number in IN_FORMULA.finditer(written):
            if not number[0].isdigit() or int(number[0]) > LARGEST_IN_FORMULA:
                yield formula.start() + number.start(), number[0]


def _of_sizes(text: str) -> Iterator[tuple[int, str]]:
    """Each formula that makes a cost or a size of other sizes, by its line; shapes are none."""
    for pattern in HIDDEN:
        text = pattern.sub(blank, text)
    for formula in FORMULA.finditer(text):
        written = TEXT_IN_FORMULA.sub(blank, formula[0]).replace(r"\times", " x ")
        sign = SIGN.search(written) or ("$$" in written and " x " in written)
        if sign and len(SIZE.findall(written)) > 1:
            yield text.count("\n", 0, formula.start()) + 1, formula[0].strip("$ ")


def _in_macros(text: str) -> Iterator[tuple[int, str]]:
    for line, shown in prose_parts.macros(text):
        if isinstance(shown, str):
            yield from ((line, what) for _, what in quantities(shown))
        else:
            yield line, str(shown)


def pages(docs: Path = DOCS) -> list[Path]:
    """The pages and the notebooks that people write."""
    found = sorted([*docs.rglob("*.md"), *docs.glob("notebooks/*.py")])
    return [page for page in found if page.relative_to(docs).parts[0] not in NOT_PAGES]


def prose(page: Path) -> str:
    """What a page says; of a notebook its text and the comments in its code, line by line."""
    text = page.read_text(encoding="utf-8")
    if page.suffix != ".py":
        return text
    kind, lines = "", []
    for line in text.splitlines():
        kind = line if line.startswith("# %%") else kind
        is_comment = line.lstrip().startswith("#") and line != kind and kind
        lines.append(line.lstrip().removeprefix("#").removeprefix(" ") if is_comment else "")
    return "\n".join(lines) + "\n"


def of_pages() -> Iterator[Fault]:
    for page in pages():
        text = prose(page)
        name = page.relative_to(ROOT).as_posix()
        yield from faults(name, text, rendered="render_macros: true" in text)


def of_programs(root: Path = ROOT) -> Iterator[Fault]:
    """The sentences that programs print into pages; a placeholder of theirs is a computed value."""
    for path in programs(root):
        for line, text in prose_parts.of_python(path.read_text(encoding="utf-8")):
            for _, what in quantities(text.replace("percent", "")):
                yield Fault(path.relative_to(root).as_posix(), line, what)


def programs(root: Path = ROOT) -> list[Path]:
    """The programs that print parts of pages.

    Raises:
        FileNotFoundError: one of their folders holds none, so it must have moved.
    """
    found = {folder: sorted((root / folder).rglob("*.py")) for folder in PROGRAMS}
    for folder, paths in found.items():
        if not paths:
            raise FileNotFoundError(f"prose: {folder} holds no program; has it moved?")
    return [path for paths in found.values() for path in paths]


def of_settings(root: Path = ROOT) -> Iterator[Fault]:
    """The site's description and the titles in its navigation."""
    text = (root / "mkdocs.yml").read_text(encoding="utf-8")
    for number, line in enumerate(text.splitlines(), 1):
        match = SETTINGS.match(line)
        for _, what in quantities((match[1] or match[2]) if match else ""):
            yield Fault("mkdocs.yml", number, what)


def main(_: list[str]) -> int:
    found = [*of_pages(), *of_programs(), *of_settings()]
    print("\n".join(map(str, found)) or f"{len(pages())} pages hold no typed quantity")
    return 1 if found else 0
