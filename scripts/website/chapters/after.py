"""What the page after.md prints: what groups connect, later networks, separable pairs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from cnnref.counting.units import MEGA, rounded
from cnnref.drawing import Drawing
from cnnref.drawing.scene import Outline, Scene, Text
from cnnref.networks.published import Published, published
from website.charts.cells import grid, titled
from website.charts.drawings import figure
from website.facts import fact
from website.formulas import filled, worked_out
from website.markup import Html, cited, line, table
from website.tables import protocol

__all__ = ["MACROS", "connections", "later_table", "separable_share"]


NONE = "–"
# of the groups: channels in and out, and the side of a cell
CHANNELS, CELL = 8, 15.0
# what is not read, and groups by turns; what comes later lies on top
KINDS = ("other", "conv", "pool")


def later_table(names: Sequence[str]) -> str:
    """Networks by the figures in the metadata of torchvision's weights, under its names."""
    lines = [line(published(name)[0].title, _later(published(name))) for name in names]
    head = (
        "network", "parameters (M)", "GMACs", "top-1 (%), weights V1", "top-1 (%), weights V2",
    )  # fmt: skip
    cited_here = (figure for name in names for figure in published(name))
    accuracies = [
        f for f in cited_here if (f.quantity, f.source.key) == ("top1_acc", "torchvision")
    ]
    return table(head, lines, caption=protocol(accuracies))


def _later(figures: tuple[Published, ...]) -> list[str]:
    listed = [figure for figure in figures if figure.source.key == "torchvision"]
    cells = [
        _those(listed, "params"),
        _those(listed, "macs"),
        *(_those(listed, "top1_acc", weights) for weights in ("IMAGENET1K_V1", "IMAGENET1K_V2")),
    ]
    return [_quoted(found[0]) if found else NONE for found in cells]


def _those(figures: Iterable[Published], quantity: str, weights: str = "") -> list[Published]:
    return [figure for figure in figures if figure.quantity == quantity and weights in figure.note]


def _quoted(figure: Published) -> Html:
    if figure.unit == "count":
        return cited(figure, rounded(int(figure.value.number), MEGA, 1))
    return cited(figure)


def separable_share(path: str) -> str:
    r"""What a depthwise separable pair costs of a convolution, by its formula.

    path: "table/row" of the convolution.

    >>> print(separable_share("block:plain/conv"))
    \frac { 1 } { 256 } + \frac { 1 } { 3 ^ 2 } = 0.1150
    """
    channels, kernel = fact(f"{path}/out_channels"), fact(f"{path}/kernel")
    sizes = {"C_{out}": channels, "K": kernel}
    return f"{filled('separable', sizes)} = {float(worked_out('separable', sizes)):.4f}"


def connections() -> Html:
    """Which channels of its input each output channel reads: all, its group's, its own."""
    panels = {"no groups": 1, "two groups": 2, "a group for each channel": CHANNELS}
    wide, narrow = (_connections(panels, columns) for columns in (len(panels), 1))
    said = (
        "Squares with an output channel in each row and an input channel in each column. Marked is "
        "what a filter reads: everything without groups, two blocks on the diagonal with two "
        "groups, the diagonal alone with a group for each channel."
    )
    return figure(
        [Drawing("What groups connect", said, wide, narrow)],
        "A row is one filter, a column one input channel, and a marked cell a window with weights. "
        "AlexNet (2012) has two groups, one on each card.",
    )


def _connections(panels: Mapping[str, int], columns: int) -> Scene:
    outlines: list[Outline] = []
    texts: list[Text] = []
    side, across, down = CHANNELS * CELL, 192.0, CHANNELS * CELL + 62
    for place, (title, groups) in enumerate(panels.items()):
        own = CHANNELS // groups
        x, y = place % columns * across + across / 2 - side / 2, place // columns * down + 28
        # a path for each kind: as boxes of their own the cells would be a page's most elements
        cells = [*grid(x, y, CELL, CHANNELS, CHANNELS, _read(own))]
        outlines += [
            Outline(kind, tuple(cell.corners for cell in cells if cell.kind == kind))
            for kind in sorted({cell.kind for cell in cells}, key=KINDS.index)
        ]
        said = f"{CHANNELS * own} of {CHANNELS * CHANNELS} windows"
        texts += titled(x + side / 2, y - 10, title, y + side + 18, said)
    high = -(-len(panels) // columns) * down - 8
    return Scene((), (), tuple(texts), columns * across, high, outlines=tuple(outlines))


def _read(own: int) -> Callable[[int, int], str]:
    rest, *groups = KINDS
    return lambda row, column: groups[row // own % 2] if row // own == column // own else rest


MACROS: Mapping[str, Callable[..., object]] = {
    "connections": connections,
    "later_table": later_table,
    "separable_share": separable_share,
}
