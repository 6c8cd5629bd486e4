#!/usr/bin/env python3
"""Refuse a typed quantity in a page: numbers come through macros, or they are names.

What may stand in prose is the short list ALLOWED, each entry with its reason. In formulas
the small whole numbers of the rule itself (a +1, a 2P, a square) may stand.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
NOT_PAGES = ("generated", "assets", "measured")

YEAR = r"(?:199|20[0-2])\ds?"
NETWORK = r"AlexNet|VGG|ResNet|plain|SENet|Inception(?:-ResNet)?-v|(?:Mobile|Shuffle)Net ?V"
# the reviewed exceptions: what they match, and why a computed value could not replace them
ALLOWED = {
    YEAR: "a year",
    r"arXiv:\d{4}\.\d{4,5}": "a paper's number",
    rf"(?:{NETWORK})-?\d+|v1(?:\.5)?|[345][a-e]": "a network, a variant, a module",
    r"[Tt]op-[15]": "a measure of error",
    r"(?:conv|fc|pool|relu|norm|bn|drop)\d(?:_\d)?": "a layer's name",
    r"ILSVRC-\d{4}|CIFAR-10": "the name of a challenge, of a set of images",
    r"(?:Section|Table|Figure|Chapter|Lecture|footnote) \d+(?:\.\d+)*": "a place in a source",
    r"(?:1x1|2x2|3x3|5x5|7x7|11x11)": "a kind of layer",
    r"float(?:16|32|64)": "a number format",
    r"GTX 580": "a card's name",
    r"[12]-D": "a kind of layer",
}
NUMBER_WORDS = (
    "four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|sixteen|nineteen|twenty|thirty|"
    "forty|fifty|sixty|seventy|eighty|ninety|hundred|thousand|million|billion|dozen|"
    "percent|per cent"
)
LARGEST_IN_FORMULA = 2

HIDDEN = (
    re.compile(r"\A---\n.*?\n---\n", re.DOTALL),  # front matter
    re.compile(r"^([ \t]*)(```|~~~).*?^\1\2", re.DOTALL | re.MULTILINE),  # code
    re.compile(r"\{%.*?%\}|\{#.*?#\}", re.DOTALL),
    re.compile(r"^\s*\d+\. ", re.MULTILINE),  # the numbers of a list
    re.compile(r"<!--.*?-->", re.DOTALL),
    re.compile(r"`[^`\n]*`"),
    re.compile(r"(?<=\])\([^)\s]*\)"),  # link targets
    re.compile(r"\{[:#.][^}\n]*\}"),  # attribute lists
    re.compile(r"\b(?:href|src|id|class|style|width|height|colspan|rowspan|tabindex)=\"[^\"]*\""),
    re.compile(r"^\[\^?[^\]]+\]:(?= https?:)\s*\S+", re.MULTILINE),
)
# the string of these macros is the key of a claim, or a command: no prose, though it has spaces and
# numbers in it
KEYED = re.compile(r"\{\{\s*(?:erratum|terminal)\(")
MACRO = re.compile(r"\{\{.*?\}\}", re.DOTALL)
# a string with a space in it is a caption or a description: prose, wherever it stands
STRING = re.compile(r"\"([^\"]*)\"")
FORMULA = re.compile(r"\$\$.+?\$\$|\$[^$\n]+\$", re.DOTALL)
HEADING_TAG = re.compile(r"</?h[1-6]\b")
NAMES = re.compile(r"(?<![\w.])(?:" + "|".join(ALLOWED) + r")(?![\w]|\.\d|,\d)")
QUANTITY = re.compile(rf"\d[\d,.]*\d|\d|\b(?:{NUMBER_WORDS})\b", re.IGNORECASE)
IN_FORMULA = re.compile(r"\d[\d,.]*\d|\d")


class Fault(NamedTuple):
    """A typed quantity: page, line and the text that stands there."""

    page: str
    line: int
    text: str

    def __str__(self) -> str:
        return (
            f"{self.page}:{self.line}: the quantity {self.text!r} is typed; "
            "take it from a macro, or quote it as code if it is a name."
        )


def faults(page: str, text: str) -> list[Fault]:
    """Every typed quantity of one page, in order."""
    for pattern in HIDDEN:
        text = pattern.sub(_blank, text)
    text = MACRO.sub(_only_prose, text)
    found = [*_in_formulas(text)]
    text = HEADING_TAG.sub(_blank, FORMULA.sub(_blank, text))
    text = NAMES.sub(_blank, text)
    found += [(match.start(), match[0]) for match in QUANTITY.finditer(text)]
    return [Fault(page, text.count("\n", 0, at) + 1, what) for at, what in sorted(found)]


def _in_formulas(text: str) -> Iterator[tuple[int, str]]:
    for formula in FORMULA.finditer(text):
        for number in IN_FORMULA.finditer(formula[0]):
            if re.fullmatch(YEAR, number[0]):
                continue
            if not number[0].isdigit() or int(number[0]) > LARGEST_IN_FORMULA:
                yield formula.start() + number.start(), number[0]


def _only_prose(macro: re.Match[str]) -> str:
    kept = list(_blank(macro))
    if KEYED.match(macro[0]):
        return "".join(kept)
    for string in STRING.finditer(macro[0]):
        if " " in string[1]:
            kept[string.start(1) : string.end(1)] = string[1]
    return "".join(kept)


def _blank(match: re.Match[str]) -> str:
    # the same length and the same lines, so that places stay true
    return re.sub(r"[^\n]", " ", match[0])


def pages(docs: Path = DOCS) -> list[Path]:
    """The pages and the notebooks that people write."""
    found = sorted([*docs.rglob("*.md"), *docs.glob("notebooks/*.py")])
    return [page for page in found if page.relative_to(docs).parts[0] not in NOT_PAGES]


def prose(page: Path) -> str:
    """What a page says; of a notebook only its text, at the lines where it stands."""
    text = page.read_text(encoding="utf-8")
    if page.suffix != ".py":
        return text
    kind, lines = "", []
    for line in text.splitlines():
        kind = line if line.startswith("# %%") else kind
        is_text = "[markdown]" in kind and line.startswith("#") and line != kind
        lines.append(line.removeprefix("#").removeprefix(" ") if is_text else "")
    return "\n".join(lines) + "\n"


def main() -> int:
    found = [
        fault
        for page in pages()
        for fault in faults(page.relative_to(ROOT).as_posix(), prose(page))
    ]
    print("\n".join(map(str, found)) or f"{len(pages())} pages hold no typed quantity")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
