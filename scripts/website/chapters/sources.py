"""What the pages print of the sources: where a paper says something, and when it came out."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import NamedTuple

import cnnref
from cnnref.errors import CnnrefError, UnknownNameError
from cnnref.files import filled, one_of
from cnnref.networks.published import Source, sources
from website import data, markup
from website.markup import Html, Line, cell, code, element, joined, line, link, table
from website.theme.exits import LICENCE, commit, committed, repository

__all__ = ["MACROS", "Statement", "papers", "passage", "passages", "printed", "short", "statements"]

PAGE = "sources.html"
# where there is nothing to say
NONE = "–"
LECTURE = "eecs498_slides"
CITATION = "CITATION.cff"
FILE = "The same as a file that citation managers read: "
ARXIV = re.compile(r"arXiv:(\d{4}\.\d{4,5})")
# of the sources that are not on arXiv, by their keys
PLACES = {
    "lecun1998": "doi.org/10.1109/5.726791",
    "krizhevsky2012": (
        "papers.nips.cc/paper/2012/hash/c399862d3b9d6b76c8436e924a68c45b-Abstract.html"
    ),
    "cuda_convnet2": "github.com/NervanaSystems/cuda-convnet2",
    "squeezenet_release": "github.com/forresti/SqueezeNet",
    "canziani2016_chart": "arxiv.org/abs/1605.07678",
    "ilsvrc_official": "image-net.org/challenges/LSVRC/",
    "cs231n2025": "cs231n.stanford.edu/",
    "torchvision": "github.com/pytorch/vision/tree/main/torchvision/models",
    "szagoruyko_val": "github.com/szagoruyko/imagenet-validation.torch",
    "szagoruyko_first": "github.com/szagoruyko/imagenet-validation.torch",
    "eecs498_slides": "web.eecs.umich.edu/~justincj/teaching/eecs498/",
    "vincent1997": "www.cnblogs.com/vincent1997/p/10901875.html",
    "tf_slim": "github.com/tensorflow/models/tree/master/research/slim/nets",
    "resnet_release": "github.com/KaimingHe/deep-residual-networks",
    "preact_release": "github.com/KaimingHe/resnet-1k-layers",
    "enet_release": "github.com/e-lab/imagenet-multiGPU.torch",
    "cs231n_notes": "github.com/cs231n/cs231n.github.io",
    "d2l2023": "github.com/d2l-ai/d2l-en",
}
AUTHOR = re.compile(r"(?:[A-Z]\.[ -]?)+[\w-]+")
READ = {
    "verified-in-source": "read in the source's own words",
    "verified-secondary": "read in another's account of it",
    "from-memory": "from memory, not read again",
}


class Statement(NamedTuple):
    """What a source says, or does not say, in our words.

    place: the section, figure, table, footnote or file of the source where it stands.
    certainty: verified-in-source, verified-secondary or from-memory.
    """

    key: str
    source: Source
    place: str
    certainty: str
    text: str


@cache
def statements() -> dict[str, Statement]:
    """Every statement about a source, by its key.

    Raises:
        CnnrefError: one has no known source, no place, no known certainty, or no text.
    """
    known = {source.key: source for source in sources()}
    columns = {
        "key": filled,
        "source": one_of(known),
        "place": filled,
        "certainty": one_of(READ),
        "text": filled,
    }
    rows = data.read("statements", columns)
    return {key: Statement(key, known[source], *rest) for key, source, *rest in rows}


def passage(key: str, root: str = "") -> Html:
    """The place where a source says something, linked to the list of all such places.

    root: how to get from the page to the site's own folder, "" or "../".

    Raises:
        UnknownNameError: no statement has that key.

    >>> passage("googlenet-heads").split(">")[1]
    'section 5</a'
    """
    if key not in statements():
        raise UnknownNameError("statement", key, statements())
    row = statements()[key]
    title = f"{row.source.citation}; {READ[row.certainty]}"
    return element("a", row.place, href=f"{root}{PAGE}#passage-{key}", title=title)


def printed(key: str, text: str) -> Html:
    """A number that a source prints, as our account of the passage has it.

    Raises:
        UnknownNameError: no statement has that key.
        CnnrefError: the account does not hold the number.

    >>> printed("googlenet-head-weight", "0.3").split(">")[1]
    '0.3</data'
    """
    if key not in statements():
        raise UnknownNameError("statement", key, statements())
    row = statements()[key]
    if not re.search(rf"(?<![\d.,]){re.escape(text)}(?![\d,]|\.\d)", row.text):
        raise CnnrefError(f"{key}: the account of the passage does not hold {text}.")
    return markup.data(text, text, f"{row.source.citation}; {row.place}")


def paper(source: Source) -> str:
    """Where a source can be read: on arXiv, by its DOI, or where its program or page stands.

    Raises:
        CnnrefError: no place of the source is known.
    """
    if found := ARXIV.search(source.citation):
        return f"https://arxiv.org/abs/{found[1]}"
    if source.key not in PLACES:
        raise CnnrefError(f"{source.key}: nobody knows where to read it; add it to PLACES.")
    return f"https://{PLACES[source.key]}"


def whose() -> Html:
    """Whose lecture it is, as far as that is known."""
    slides = next(source for source in sources() if source.key == LECTURE)
    said = "The lecture that this site rebuilds is, by what its slides name: "
    rest = (
        ". We worked from notes of it; who took them is not known. What stands here is in our own "
        "words, and the lecturer has no part in it."
    )
    return element("p", said, link(slides.citation, paper(slides)), rest)


def bibtex() -> str:
    """An entry for those who cite the site, of this version and, where it is known, this commit.

    A build has no date of its own: built again, the same commit is the same site.
    """
    lines = [
        "@software{cnnref,",
        "  author  = {{The cnnref authors}},",
        "  title   = {cnnref: what convolutional networks cost, and why},",
        f"  version = {{{cnnref.__version__}}},",
        *([f"  url     = {{{repository()}}},"] if repository() else []),
        *([f"  date    = {{{committed()}}},"] if committed() else []),
        *([f"  note    = {{commit {commit()}}},"] if commit() else []),
        "}",
    ]
    return "\n".join(lines)


def citing() -> Html:
    """The entry, the citation file and, where the repository is known, how to install from it."""
    parts = [
        element("p", "In BibTeX:"),
        element("pre", code(bibtex())),
        element("p", FILE, link(CITATION, CITATION), ". ", LICENCE),
    ]
    if repository():
        parts += [element("p", "To install it: ", code(f"pip install git+{repository()}"))]
    return joined(parts)


def papers() -> Html:
    """Every source with the date of its first version, and where and when it was published."""
    lines = [
        line(
            cell(link(source.citation, paper(source)), "wrap"),
            [source.first or NONE, _published(source) or NONE],
            id=f"source-{source.key}",
        )
        for source in sources()
    ]
    return table(("source", "first version", "published"), lines, kind="prose")


def _published(source: Source) -> str:
    return f"{source.venue}, {source.published}" if source.venue else ""


def passages() -> Html:
    """Every statement about a source, with its place and how it was read."""
    heads = ("source", "place", "what it says", "how it was read")
    return table(heads, map(_passage, statements().values()), kind="prose passages")


def _passage(row: Statement) -> Line:
    source = link(short(row.source), f"#source-{row.source.key}")
    words = (cell(text, "wrap") for text in (row.text, READ[row.certainty]))
    return line(cell(source, "wrap"), [row.place, *words], id=f"passage-{row.key}")


def short(source: Source) -> str:
    """The first author and the year of a paper; a program by its name."""
    name = source.citation.split(",")[0]
    author = AUTHOR.match(name)
    return f"{author[0]}, {source.year}" if author else name


MACROS: Mapping[str, Callable[..., object]] = {
    "citing": citing,
    "papers": papers,
    "passages": passages,
    "whose": whose,
}
