"""What resnet.md and resnet_variants.md print: blocks, the family, the networks for CIFAR-10."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from cnnref.counting.units import MEGA, rounded
from cnnref.drawing import bars
from cnnref.drawing.bars import FEW_TICKS, ROW_HEIGHT
from cnnref.errors import UnknownNameError
from cnnref.networks.catalog import architecture
from website.chapters.resnet import degradation
from website.charts.comparison import AXES, points
from website.charts.drawings import block, figure
from website.facts import lookup
from website.markup import data, line, table
from website.spoken import network
from website.tables import figure_note, printed

if TYPE_CHECKING:
    from altair import Chart

__all__ = [
    "MACROS",
    "RESNETS",
    "block_count",
    "block_drawing",
    "charts",
    "cifar_family",
    "resnet_bars",
    "resnet_errors",
]


RESNETS = {f"ResNet-{depth}": f"resnet{depth}" for depth in (18, 34, 50, 101, 152)}
# protocols of comparison.PROTOCOLS, as the legend has them
ERRORS = {"torchvision": "torchvision, one crop", "ten_crops": "the paper, ten crops"}
RESNET_STAGES = {"conv1": "stem", "fc": "head"}


def block_count(key: str, stage: str) -> str:
    """How many blocks one stage of a network has.

    >>> block_count("resnet152", "conv4")
    '<data value="36" title="blocks in conv4 of ResNet-152">36</data>'
    """
    stages = lookup(key).group("stage")
    if stage not in stages:
        raise UnknownNameError(f"stage of {key}", stage, stages)
    count = len({layer.block for layer in stages[stage] if layer.block})
    return data(count, str(count), f"blocks in {stage} of {network(key)}")


def block_drawing(
    key: str, which: str, caption: str = "", *, title: str = "", fold: bool = True
) -> str:
    """One block of a network.

    which: a block's name, or the end of it; "3a-naive" is the inception module 3a without
        its reductions.
    title: the drawing's own name, for screen readers and, where there is no caption, below it.
    fold: normalisations and activations stand in the box of the row before them.
    """
    drawing = block(key, which, title, fold)
    return figure([drawing], caption or f"{drawing.title}.")


def cifar_family() -> str:
    """The residual networks for CIFAR-10: computed costs beside what the paper prints."""
    body = []
    for layers in (20, 32, 44, 56, 110, 1202):
        name = f"resnet{layers}_cifar"
        book = lookup(name)
        per_stage = len(book.group("block")) // 3
        cells = [
            str(per_stage),
            rounded(book.parameters, MEGA, 2),
            printed(name, "params", "resnet2015", ""),
            rounded(book.macs, MEGA),
            printed(name, "top1_err", "resnet2015", ""),
            figure_note(name, "top1_err", "resnet2015"),
        ]
        body.append(line(architecture(name).title, cells))
    head = ("network", "n", "parameters (M)", "printed (M)", "M MACs", "test error (%)", "protocol")
    return table(head, body)


def resnet_bars(axis: str) -> Chart:
    """A cost of ResNet-18 to ResNet-152, each bar cut into its stages.

    axis: a key of comparison.AXES.
    """
    alt: Any = bars.altair()
    cost = AXES[axis]
    values = [
        {
            "network": title,
            "stage": RESNET_STAGES.get(stage, stage),
            "value": cost.of(rows) / cost.unit,
            "exact": cost.of(rows),
            "total": cost.value(name),
        }
        for title, name in RESNETS.items()
        for stage, rows in lookup(name).group("stage").items()
    ]
    stages = list(dict.fromkeys(str(value["stage"]) for value in values))
    chart: Chart = (
        alt.Chart(alt.Data(values=values))
        .mark_bar()
        .encode(
            y=alt.Y("network:N", sort=None, title=None),
            x=alt.X("value:Q", title=cost.title, stack="zero", axis=alt.Axis(**FEW_TICKS)),
            color=alt.Color(
                "stage:N",
                sort=None,
                scale=alt.Scale(domain=stages),
                legend=alt.Legend(title=None, columns=3),
            ),
            order=alt.Order("rank:Q"),
            tooltip=[
                alt.Tooltip("network:N", title="Network"),
                alt.Tooltip("stage:N", title="Stage"),
                alt.Tooltip("exact:Q", title=f"{cost.choice} of the stage", format=","),
                alt.Tooltip("total:Q", title=f"{cost.choice} of the network", format=","),
            ],
        )
        .properties(height={"step": ROW_HEIGHT * 1.4})
    )
    for value in values:
        value["rank"] = stages.index(str(value["stage"]))
    return chart


def resnet_errors() -> Chart:
    """Top-1 errors of ResNet-18 to ResNet-152 under two protocols, side by side."""
    alt: Any = bars.altair()
    values = [_error(title, key) for title in RESNETS for key in ERRORS]
    protocols = list(ERRORS.values())
    chart: Chart = (
        alt.Chart(alt.Data(values=values))
        .mark_bar()
        .encode(
            y=alt.Y("network:N", sort=None, title=None),
            yOffset=alt.YOffset("protocol:N", sort=protocols),
            x=alt.X("error:Q", title="Top-1 error, validation (%)", axis=alt.Axis(**FEW_TICKS)),
            color=alt.Color(
                "protocol:N",
                scale=alt.Scale(domain=protocols),
                legend=alt.Legend(title=None, columns=1),
            ),
            tooltip=[
                alt.Tooltip("network:N", title="Network"),
                alt.Tooltip("printed:N", title="Top-1 error"),
                alt.Tooltip("note:N", title="Protocol"),
                alt.Tooltip("source:N", title="Source"),
            ],
        )
        .properties(height={"step": ROW_HEIGHT * 1.4, "for": "position"})
    )
    return chart


def _error(title: str, key: str) -> dict[str, Any]:
    (point,) = (point for point in points(key) if point.label == title)
    return {
        "network": title,
        "protocol": ERRORS[key],
        "error": float(point.error),
        "printed": f"{point.error}%",
        "note": point.figure.note,
        "source": point.figure.source.citation,
    }


def charts() -> Iterator[tuple[str, Any]]:
    """Every chart of the page with its key."""
    for axis in AXES:
        yield f"resnets-{axis}", resnet_bars(axis)
    yield "resnets-errors", resnet_errors()
    yield from degradation.charts()


MACROS: Mapping[str, Callable[..., object]] = {
    **degradation.MACROS,
    "block_count": block_count,
    "block_drawing": block_drawing,
    "cifar_family": cifar_family,
}
