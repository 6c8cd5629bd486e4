"""What the page after.md prints: later networks as torchvision states them, separable pairs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from cnnref.counting.units import MEGA, rounded
from cnnref.networks.published import Published, published
from website.facts import fact
from website.formulas import filled, worked_out
from website.markup import Html, cited, line, table
from website.tables import protocol

__all__ = ["MACROS", "later_table", "separable_share"]


NONE = "–"


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
    return cited(figure, figure.value.text)


def separable_share(path: str) -> str:
    r"""What a depthwise separable pair costs of a convolution, by its formula.

    path: "table/row" of the convolution.

    >>> print(separable_share("block:plain/conv"))
    \frac { 1 } { 256 } + \frac { 1 } { 3 ^ 2 } = 0.1150
    """
    channels, kernel = fact(f"{path}/out_channels"), fact(f"{path}/kernel")
    sizes = {"C_{out}": channels, "K": kernel}
    return f"{filled('separable', sizes)} = {float(worked_out('separable', sizes)):.4f}"


MACROS: Mapping[str, Callable[..., object]] = {
    "later_table": later_table,
    "separable_share": separable_share,
}
