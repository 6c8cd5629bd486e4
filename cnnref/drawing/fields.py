"""What one output of each stage sees of the image: receptive fields to scale, side by side."""

from __future__ import annotations

from math import ceil

from cnnref.counting.shapes import Shape
from cnnref.drawing.labels import axes, wrap
from cnnref.drawing.scene import Box, Scene, Text, faint_size
from cnnref.drawing.stages import stages
from cnnref.errors import CnnrefError
from cnnref.tables.table import Table

__all__ = ["fields_scene"]

PANEL = 96  # the side of a panel without its gutter
GUTTER = 14
LEADING = 1.3


def fields_scene(table: Table, width: float, size: float) -> Scene:
    """For each stage that hands on a map, the image, dashed, and what one output of it sees.

    All are on one scale, so a field that is larger than the image stands out of it.

    Raises:
        CnnrefError: the input is no image, no stage hands on a map, or a row's field is not
            known.
    """
    height, across = _image(table)
    fields = table.receptive_fields()
    shown = [stage for stage in stages(table)[1:] if max(stage.out_shape.size, default=1) > 1]
    if not shown:
        raise CnnrefError(f"{table.name}: no stage hands on a map, so there is no field to draw.")
    seen = [fields[stage.rows[-1]] for stage in shown]
    scale = PANEL / max(height, across, *(max(one.field) for one in seen))
    columns = min(len(shown), int(width // (PANEL + GUTTER)))
    boxes: list[Box] = []
    texts: list[Text] = []
    top = 2.0
    for line in range(ceil(len(shown) / columns)):
        depth = 0.0
        for place, number in enumerate(range(len(shown))[line * columns : (line + 1) * columns]):
            stage, field = shown[number], seen[number]
            x, y = place * (PANEL + GUTTER) + (PANEL + GUTTER) / 2, top + PANEL / 2
            name = stage.name or "rows"
            words = f"{name}: {axes(field.field)} pixels, outputs {axes(field.jump)} apart"
            boxes.append(_centred("end", (), "", x, y, (height, across), scale))
            boxes.append(_centred(stage.kind, stage.rows, words, x, y, field.field, scale))
            below = [(name, False), (axes(field.field), False), (f"jump {axes(field.jump)}", True)]
            base = top + PANEL + 4
            for text, faint in below:
                own = faint_size(size) if faint else size
                for piece in wrap(text, own, PANEL):
                    base += LEADING * own
                    texts.append(Text(piece, x, base, "middle", faint, text is name))
            depth = max(depth, base)
        top = depth + GUTTER
    return Scene(tuple(boxes), (), tuple(texts), columns * (PANEL + GUTTER), top, size)


def _image(table: Table) -> tuple[int, int]:
    sizes = Shape(table.input_shape).size
    if len(sizes) != 2:
        raise CnnrefError(
            f"{table.name}: receptive fields are drawn on an image, but the input is "
            f"{table.input_shape}; table.receptive_fields() gives their sizes."
        )
    return sizes[0], sizes[1]


def _centred(
    kind: str,
    rows: tuple[int, ...],
    words: str,
    x: float,
    y: float,
    sizes: tuple[int, ...],
    scale: float,
) -> Box:
    """A box of so many pixels; a field of one axis, of what sees a vector, is as wide as high."""
    high, wide = (max(scale * pixels, 1) for pixels in (sizes * 2)[:2])
    return Box(kind, rows, (), words, x - wide / 2, y - high / 2, wide, high)
