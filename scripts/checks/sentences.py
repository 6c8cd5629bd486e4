"""Sentences that say a number, each of which a person has read.

`check prose` refuses quantities. It cannot tell that three layers are four, that a paper is of
another year, or that a convolution is 3x3 and not 5x5. So each sentence with a number in it, as
a word, in a name or in code, stands in a list by its digest; whoever changes one reads it again.
"""

from __future__ import annotations

import argparse
import ast
import re
import tokenize
from collections.abc import Callable, Iterable, Iterator, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from checks import prose, prose_parts
from checks.prose_parts import blank
from cnnref.errors import CnnrefError
from cnnref.files import text_of, write
from website.places import ROOT

__all__ = ["Sentence", "faults", "main", "of_file", "renew"]

LIST = Path("scripts/checks/lists/sentences.txt")
LINE = re.compile(r"(\S+) ([0-9a-f]{16})")

SMALL = (
    r"zero|two|three|twice|thrice|hal(?:f|ves|ved?)|thirds?|quarters?|fifths?|sixths?|sevenths?|"
    r"eighths?|ninths?|tenths?|\w+teenths?|twelfths?|hundredths?|thousandths?|millionths?|"
    r"doubl\w+|tripl\w+|quadrupl\w+|\w+fold|pairs?|couple"
)
NUMBER = re.compile(rf"[\d{prose.FRACTIONS}]|\b(?:{SMALL}|{prose.NUMBER_WORDS})\b", re.IGNORECASE)
# what holds numbers and says none: targets, attributes of tags, names between backticks
SILENT = (
    re.compile(r"<!--.*?-->", re.DOTALL),
    re.compile(r"(?<=\])\([^)\s]*\)"),
    re.compile(r"\b(?:href|src|id|class|style|width|height|colspan|rowspan|tabindex)=\"[^\"]*\""),
    re.compile(r"`[A-Za-z_./][\w./:-]*(?:\(\))?`"),
    re.compile(r"^\s*\d+\. "),
)
# what a macro shows as it stands has spaces in it; a key has none
SHOWN = re.compile(r"\"[^\"]*\s[^\"]*\"|'[^']*\s[^']*'")
# a shape on a line of its own, which a test compares with the rows of the model
SHAPE = re.compile(r"# \d+(?: x \d+)*")
BREAK = re.compile(r"\n\s*\n|\n(?=\s*(?:[-*|#>]|\d+\. |<))")
# the number of a list ends no sentence
END = re.compile(r"(?<=[.?!;])(?<!\b\d\.)(?<!\b\d\d\.)\s+(?=[A-Z*\[{<`\"_])")
SETTING = re.compile(
    r"^\s*(?:site_name|site_description|copyright|title|abstract|description) ?[:=] *(.+)$|"
    r"^ +- ([^:\n]+): \S+\.\w+$",
    re.MULTILINE,
)
WORD = re.compile(r"[A-Za-z]{2,}")
DOCTEST = re.compile(r"^[ \t]*>>> .*\n(?:(?![ \t]*\n).*\n?)*", re.MULTILINE)
CELL = re.compile(r"^# %% *", re.MULTILINE)
MASK = "\0"


class Sentence(NamedTuple):
    """A sentence of a file that says a number."""

    path: str
    text: str

    @property
    def digest(self) -> str:
        return blake2b(self.text.encode(), digest_size=8).hexdigest()


def main(arguments: list[str]) -> int:
    """Say which sentences with a number nobody has read; with --renew, sign those of some files."""
    parser = argparse.ArgumentParser(prog="check sentences", description=main.__doc__)
    parser.add_argument("--renew", nargs="+", metavar="FILE", default=[], help="sign these anew")
    given = parser.parse_args(arguments)
    if given.renew:
        renew(ROOT, given.renew)
    found = faults(ROOT)
    print("\n".join(found) or f"{len(known(ROOT))} sentences with a number are as they were read")
    return 1 if found else 0


def faults(root: Path) -> list[str]:
    """A line for each sentence that nobody has read, and for each that is gone."""
    read, there = known(root), {(one.path, one.digest): one for one in sentences(root)}
    remedy = "; read it, and if it is true: scripts/check sentences --renew {}"
    lines = [
        f"{one.path}: nobody has read {one.text!r}" + remedy.format(one.path)
        for key, one in there.items()
        if key not in read
    ]
    gone = sorted({path for path, _ in read - there.keys()})
    more = "; read what came in its place, then: scripts/check sentences --renew {}"
    return lines + [
        f"{path}: a sentence that was read is gone" + more.format(path) for path in gone
    ]


def renew(root: Path, paths: Iterable[str]) -> None:
    """Take the sentences of some files, as they are now, into the list.

    Raises:
        CnnrefError: a file is not of those whose sentences are read.
    """
    read, files = known(root), dict(readers(root))
    for path in paths:
        if path not in files and path not in {name for name, _ in read}:
            raise CnnrefError(f"{path} is none of the files whose sentences are read: {[*PLACES]}.")
        found = of_file(root, path, files[path]) if path in files else ()
        read = {one for one in read if one[0] != path} | {(one.path, one.digest) for one in found}
    write(root / LIST, "".join(f"{path} {digest}\n" for path, digest in sorted(read)))


def known(root: Path) -> set[tuple[str, str]]:
    """The list: (path, digest) of each sentence that was read.

    Raises:
        CnnrefError: it cannot be read, or has a line of another form.
    """
    lines = text_of(root / LIST).splitlines() if (root / LIST).exists() else []
    return {_entry(root / LIST, number, line) for number, line in enumerate(lines, 1)}


def _entry(path: Path, number: int, line: str) -> tuple[str, str]:
    found = LINE.fullmatch(line)
    if found is None:
        raise CnnrefError(f"{path}, line {number}: it is no path with a digest after it.")
    return found[1], found[2]


def sentences(root: Path) -> Iterator[Sentence]:
    """Every sentence with a number of every file that is read."""
    for path, reader in readers(root):
        yield from of_file(root, path, reader)


def of_file(root: Path, path: str, reader: Reader) -> Iterator[Sentence]:
    """The sentences of one file that say a number, each once."""
    texts = reader((root / path).read_text(encoding="utf-8"))
    for sentence in dict.fromkeys(one for text in texts for one in split(text)):
        if says_a_number(sentence):
            yield Sentence(path, sentence)


def split(text: str) -> Iterator[str]:
    """The sentences, rows and headings of a text, each on one line; a macro is in one of them."""
    marked = prose_parts.MACRO.sub(lambda found: re.sub(r"\s", MASK, found[0]), text)
    for part in BREAK.split(marked):
        for sentence in END.split(" ".join(part.split())):
            yield sentence.replace(MASK, " ")


def says_a_number(sentence: str) -> bool:
    """Whether a number stands in it, but for keys of macros, targets of links and plain names."""
    shown = prose_parts.MACRO.sub(_shown, sentence)
    for pattern in SILENT:
        shown = pattern.sub(blank, shown)
    return bool(NUMBER.search(shown))


def _shown(macro: re.Match[str]) -> str:
    return " ".join(SHOWN.findall(macro[0]))


def of_page(text: str) -> Iterator[str]:
    """A page: what its browser and search show, its prose, and each line of its code."""
    yield from (entry for _, entry in prose_parts.front_matter(text))
    body = prose_parts.FRONT_MATTER.sub(blank, text)
    yield prose_parts.FENCE.sub(blank, body)
    for fence in prose_parts.FENCE.finditer(body):
        # what is included is run where it stands
        yield from (line for line in fence[3].splitlines() if "--8<--" not in line)


def of_settings(text: str) -> Iterator[str]:
    yield from ((found[1] or found[2]) for found in SETTING.finditer(text))


def of_code(text: str) -> Iterator[str]:
    """A program: its comments, its documents without what runs in them, and its texts."""
    lines = iter(text.splitlines(keepends=True))
    for token in tokenize.generate_tokens(lambda: next(lines, "")):
        if token.type == tokenize.COMMENT and not SHAPE.fullmatch(token.string):
            yield token.string
    yield from of_texts(text)


def of_notebook(text: str) -> Iterator[str]:
    """A notebook: its text and comments, and what its code may print."""
    for cell in CELL.split(text)[1:]:
        kind, _, lines = cell.partition("\n")
        if kind == "[markdown]":
            yield re.sub(r"^# ?", "", lines, flags=re.MULTILINE)
        else:
            yield from of_code(lines)
            calls = (node for node in ast.walk(ast.parse(lines)) if isinstance(node, ast.Call))
            yield from (ast.unparse(call) for call in calls if ast.unparse(call.func) == "print")


def of_texts(text: str) -> Iterator[str]:
    """The texts of a program that have the words of a sentence; what runs in them is left out."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            said = DOCTEST.sub("", node.value)
            if len(WORD.findall(said)) > 2 and re.search(r"\s", said.strip()):
                yield said


def of_printed(text: str) -> Iterator[str]:
    """The sentences that a program prints into pages."""
    yield from (said for _, said in prose_parts.of_python(text))


Reader = Callable[[str], Iterable[str]]
PLACES: Mapping[str, Reader] = {
    "README.md": of_page,
    "CHANGELOG.md": of_page,
    ".github/*.md": of_page,
    "docs/**/*.md": of_page,
    "docs/notebooks/*.py": of_notebook,
    "docs/lessons/tasks/*.py": of_code,
    "mkdocs.yml": of_settings,
    "pyproject.toml": of_settings,
    "CITATION.cff": of_settings,
    "cnnref/specs/*.py": of_code,
    "cnnref/models/*.py": of_code,
    "cnnref/networks/records/*.py": of_code,
    "cnnref/counting/price_lists.py": of_code,
    "cnnref/drawing/*.py": of_printed,
    "scripts/website/**/*.py": of_printed,
}


def readers(root: Path) -> Iterator[tuple[str, Reader]]:
    """Every file whose sentences are read, and how."""
    for pattern, reader in PLACES.items():
        for path in sorted(root.glob(pattern)):
            place = path.relative_to(root)
            made = place.parts[0] == "docs" and place.parts[1] in prose.NOT_PAGES
            if not made:
                yield place.as_posix(), reader
