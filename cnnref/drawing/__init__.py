"""Drawings of networks, made from the edges of their tables: blocks, strips of stages, stacks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from cnnref.drawing.block import block_scene
from cnnref.drawing.fields import fields_scene
from cnnref.drawing.modules import staged
from cnnref.drawing.scene import Scene, alternative
from cnnref.drawing.stack import stacks_scene
from cnnref.drawing.stages import (
    block_kind,
    block_rows,
)
from cnnref.drawing.strip import across_scene, down_scene
from cnnref.drawing.svg import standalone, to_svg
from cnnref.errors import briefly
from cnnref.tables.table import Table

__all__ = [
    "HALF",
    "NARROW",
    "WIDE",
    "Drawing",
    "block",
    "block_kind",
    "block_rows",
    "fields",
    "stacks",
    "standalone",
    "strip",
]

WIDE, NARROW = 700, 326
# two beside each other on a phone
HALF = 157
# the size of the text at either width
SIZES = {WIDE: 13.0, NARROW: 11.5}


@briefly
class Drawing(NamedTuple):
    """One thing drawn, at the width of a page and at that of a phone.

    >>> import cnnref
    >>> picture = cnnref.table("resnet18").draw()
    >>> picture.title, picture.standalone()[:4]
    ('The stages of resnet18', '<svg')
    """

    title: str
    description: str
    wide: Scene
    narrow: Scene

    @property
    def one_size(self) -> bool:
        """Whether the wide drawing is the one for a phone too."""
        return self.narrow is self.wide

    def to_svg(self, *, narrow: bool = False) -> str:
        """The drawing as an SVG element with its text alternative; its colours are a page's.

        narrow: for a screen as wide as a phone's.
        """
        return to_svg(self.narrow if narrow else self.wide, self.title, self.description)

    def save(self, path: str | Path) -> None:
        """Write the drawing as an SVG file to a path, whole or not at all.

        It is as wide as what shows it allows, dark where the reader's system is, and light on
        paper.

        Raises:
            CnnrefError: the file cannot be written; what was there is untouched.
        """
        from cnnref.files import write

        write(path, self.standalone())

    def standalone(self) -> str:
        """The drawing as an SVG file holds it, with colours of its own."""
        return standalone(self.to_svg())

    def __repr__(self) -> str:
        """One line; `to_svg` has all."""
        return f"<Drawing: {self.title}, {len(self.wide.boxes)} boxes>"

    def _repr_svg_(self) -> str:
        """What a notebook shows."""
        return self.standalone()


def block(table: Table, name: str, *, fold: bool = True, narrow: float = NARROW) -> Drawing:
    """A block of a table: its rows in order of execution, branches side by side.

    name: the block's, or its end where only one block's name ends so.
    fold: normalisations and activations stand in the box of the row before them.
    narrow: the width on a phone.

    Raises:
        UnknownNameError: no block has that name.
    """
    rows = block_rows(table, name)
    layers = table.part(rows)
    kind = block_kind(layers)
    called = layers[0].block if len({layer.block for layer in layers}) == 1 else name
    called = called.removeprefix(f"{kind.partition(' ')[0]}_")
    title = f"{kind} {called} of {table.name}"
    return _both(
        title, lambda width, size: block_scene(table, rows, width, fold=fold, size=size), narrow
    )


def strip(table: Table) -> Drawing:
    """A whole network as a strip of its stages, those of its modules where it states none."""
    table = staged(table)
    wide, narrow = across_scene(table, WIDE, SIZES[WIDE]), down_scene(table, NARROW, 12)
    return Drawing(f"The stages of {table.name}", alternative(narrow), wide, narrow)


def fields(table: Table) -> Drawing:
    """What one output of each stage sees of the image.

    Raises:
        CnnrefError: the input is no image, or a row's field is not known.
    """
    table = staged(table)
    title = f"Receptive fields of {table.name}"
    drawn = _both(title, lambda width, size: fields_scene(table, width, size))
    return drawn._replace(description=". ".join(b.words for b in drawn.wide.boxes if b.words) + ".")


def stacks(networks: Sequence[tuple[str, Table]]) -> Drawing:
    """Networks side by side, layer by layer, their stages on one level: (title, table) of each.

    Raises:
        CnnrefError: a network has branches that are no shortcuts.
    """
    names = ", ".join(title for title, _ in networks)
    return _both(f"Stacks of {names}", lambda w, size: stacks_scene(networks, w, size - 0.5))


def _both(title: str, draw: Callable[[float, float], Scene], narrow: float = NARROW) -> Drawing:
    wide = draw(WIDE, SIZES[WIDE])
    small = wide if wide.width <= narrow else draw(narrow, SIZES[NARROW])
    return Drawing(title[0].upper() + title[1:], alternative(wide), wide, small)
