"""Drawings as the pages print them: an HTML figure with a caption, wide and for a phone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from cnnref import drawing as diagrams
from cnnref.drawing import Drawing
from cnnref.networks.catalog import architecture
from cnnref.tables.table import Table
from website.facts import lookup
from website.lessons import NAIVE
from website.markup import Html, element

__all__ = ["MACROS", "block", "block_drawings", "figure", "network_strip", "titled"]

MOST_LINES = 4
SCALES = (
    "A box is as high as the side of its output map, all to one scale, so that a map of a few "
    "pixels is a mere line; its width grows with the logarithm of the channels. On a small screen "
    "the strip is turned."
)


def block_drawings(
    blocks: Sequence[tuple[str, str, str]], caption: str = "", *, fold: bool = True
) -> str:
    """Blocks side by side, where there is room: (title, key, block) of each."""
    drawings = [_half(key, which, title, fold) for title, key, which in blocks]
    return figure(drawings, caption, named=True)


def network_strip(key: str, caption: str = "") -> str:
    """A whole network as a strip of its stages."""
    title = _network(key)
    drawing = diagrams.strip(lookup(key))._replace(title=f"The stages of {title}")
    return figure([drawing], f"{caption or f'The stages of {title}.'} {SCALES}")


def figure(drawings: Sequence[Drawing], caption: str, *, named: bool = False) -> Html:
    """Drawings with a caption; named: each has its title above it."""
    shown = element("div", *(_item(drawing, named) for drawing in drawings), class_="drawings")
    below = [element("figcaption", caption)] if caption else []
    return element("figure", shown, *below, class_="drawing", data_search_exclude=True)


def _item(drawing: Drawing, named: bool) -> Html:
    name = [element("p", drawing.title, class_="drawing-name")] if named else []
    wide = Html(drawing.to_svg())
    if drawing.one_size:
        return element("div", *name, wide)
    return element(
        "div",
        *name,
        element("div", wide, class_="drawing-wide"),
        element("div", Html(drawing.to_svg(narrow=True)), class_="drawing-narrow"),
    )


def block(key: str, which: str, title: str, fold: bool, narrow: float = diagrams.NARROW) -> Drawing:
    """One block of a network, or an inception module without its reductions ("3a-naive").

    which: a block's name, or the end of it; title: the drawing's own, where it gets one.
    """
    table, name = lookup(key), which.removesuffix(NAIVE)
    drawing = diagrams.block(table, name, fold=fold, narrow=narrow)
    found = title or drawing.title.replace(f"of {table.name}", f"of {_network(key)}")
    if name != which:
        found += " without its reductions"
        drawing = diagrams.block(lookup(f"{key}:{which}"), name, fold=fold, narrow=narrow)
    return drawing._replace(title=title or found)


def _half(key: str, which: str, title: str, fold: bool) -> Drawing:
    """A block for half a phone's width, or for all of it where its words would be cut up."""
    drawing = block(key, which, title, fold, diagrams.HALF)
    lines = max(len(box.lines) for box in drawing.narrow.boxes)
    fits = drawing.narrow.width <= diagrams.HALF and lines <= MOST_LINES
    return drawing if fits else block(key, which, title, fold)


def _network(key: str) -> str:
    return architecture(key.partition("@")[0]).title


def titled(key: str) -> tuple[str, Table]:
    """A network's title and its table."""
    return _network(key), lookup(key)


MACROS: Mapping[str, Callable[..., object]] = {
    "block_drawings": block_drawings,
    "network_strip": network_strip,
}
