"""Charts that belong to one chapter: the challenge by year, the two starts, ResNet's sizes.

altair is imported when a chart is made; size and colours are the page's, as in charts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cnnref.drawing import bars as charts
from cnnref.drawing.bars import FEW_TICKS, NARROW, ROW_HEIGHT, measure_of
from cnnref.tables.table import Table
from website.chapters.comparison import AXES, points
from website.data import Entry, ilsvrc
from website.facts import lookup

if TYPE_CHECKING:
    from altair import Chart, LayerChart

__all__ = ["RESNETS", "START_ROWS", "challenge_years", "imagenet_by_year", "resnet_bars", "starts"]

# from the image to maps of 28 x 28: the last row of each network's start
START_ROWS: Mapping[str, str] = {"googlenet": "pool2", "vgg16": "pool3"}
START_TITLES = {"googlenet": "GoogLeNet", "vgg16": "VGG-16"}
RESNETS = {f"ResNet-{depth}": f"resnet{depth}" for depth in (18, 34, 50, 101, 152)}
# protocols of comparison.PROTOCOLS, as the legend has them
ERRORS = {"torchvision": "torchvision, one crop", "ten_crops": "the paper, ten crops"}
RESNET_STAGES = {"conv1": "stem", "fc": "head"}
ERROR_TITLE = "Top-5 error, test images (%)"
# the names that charts of the challenge print for the winners
SHORT = {
    2010: "NEC-UIUC",
    2011: "XRCE",
    2012: "AlexNet",
    2013: "Clarifai",
    2014: "GoogLeNet",
    2015: "ResNet",
    2016: "Trimps-Soushen",
    2017: "SENet",
}


# an entry of several networks whose depths differ; charts print the depth of the year before
MIXED = (2016,)


def challenge_years() -> dict[int, tuple[Entry, Entry]]:
    """The winner and the runner-up of each year, both without outside training data."""
    entries = [entry for entry in ilsvrc() if entry.data == "provided"]
    roles: dict[int, dict[str, Entry]] = {}
    for entry in entries:
        roles.setdefault(entry.year, {}).setdefault(entry.role, entry)
    return {year: (of["winner"], of["runner-up"]) for year, of in roles.items() if "winner" in of}


def human() -> Entry:
    """The better of the two people who labelled test images for comparison."""
    people = [entry for entry in ilsvrc() if entry.role == "human"]
    return min(people, key=lambda entry: entry.top5_error.number)


def imagenet_by_year() -> LayerChart:
    """The winner's top-5 error by year, with its depth, the runner-up and the human reference."""
    alt: Any = charts.altair()
    wins = [_win(year, *pair) for year, pair in challenge_years().items()]
    kinds = list(dict.fromkeys(win["kind"] for win in wins))
    person = human()
    two_lines = alt.Axis(
        labelExpr="split(datum.label, '|')", labelLineHeight=14, labelOffset=-7, minExtent=138
    )
    years = alt.Y("label:N", sort=None, title=None, axis=two_lines)
    base = alt.Chart(alt.Data(values=wins)).encode(y=years)
    error = alt.X(
        "error:Q",
        title=ERROR_TITLE,
        scale=alt.Scale(domain=[0, 36], nice=False),
        axis=alt.Axis(**FEW_TICKS),
    )
    bars = base.mark_bar().encode(
        x=error,
        color=alt.Color(
            "kind:N", scale=alt.Scale(domain=kinds), legend=alt.Legend(title=None, columns=1)
        ),
        tooltip=[
            alt.Tooltip(f"{key}:N", title=title)
            for key, title in (
                ("year", "Year"),
                ("team", "Entry"),
                ("model", "Model"),
                ("depth", "Depth"),
                ("printed", "Top-5 error"),
                ("second", "Runner-up"),
                ("source", "Source"),
            )
        ],
    )
    second = base.mark_tick(thickness=3, color="currentColor", opacity=0.55).encode(
        x=alt.X("second_error:Q", title=ERROR_TITLE)
    )
    rule = (
        alt.Chart(alt.Data(values=[{"human": person.top5_error.number}]))
        .mark_rule(strokeDash=[5, 4], strokeWidth=1.5)
        .encode(x="human:Q")
    )
    named = (
        alt.Chart(alt.Data(values=[{"human": person.top5_error.number, "text": "a trained human"}]))
        .mark_text(align="left", baseline="bottom", dx=5, dy=-4, fontStyle="italic")
        .encode(x="human:Q", y=alt.value(0), text="text:N")
    )
    chart: LayerChart = alt.layer(bars, second, rule, named).properties(
        height={"step": ROW_HEIGHT * 1.9}
    )
    return chart


def starts(measure: str) -> Chart:
    """GoogLeNet's stem against VGG-16's start, by the size of the maps that are made.

    measure: a key of charts.MEASURES.
    """
    alt: Any = charts.altair()
    scale = measure_of(measure)
    values = [
        {
            "network": START_TITLES[name],
            "size": f"{size} × {size}",
            "layers": ", ".join(layer.name for layer in rows),
            "value": scale.total(rows) / scale.large_unit,
            "exact": scale.total(rows),
        }
        for name in START_ROWS
        for size, rows in by_size(start(name)).items()
    ]
    found = {size for name in START_ROWS for size in by_size(start(name))}
    sizes = [f"{size} × {size}" for size in sorted(found, reverse=True)]
    networks = list(START_TITLES.values())
    chart: Chart = (
        alt.Chart(alt.Data(values=values))
        .mark_bar()
        .encode(
            y=alt.Y("size:N", sort=sizes, title="Size of the maps made"),
            yOffset=alt.YOffset("network:N", sort=networks),
            x=alt.X("value:Q", title=scale.large_title, axis=alt.Axis(**FEW_TICKS)),
            color=alt.Color(
                "network:N", scale=alt.Scale(domain=networks), legend=alt.Legend(**NARROW)
            ),
            tooltip=[
                alt.Tooltip("network:N", title="Network"),
                alt.Tooltip("layers:N", title="Layers"),
                alt.Tooltip("value:Q", title=scale.large_title, format=",.2f"),
                alt.Tooltip("exact:Q", title=scale.exact_title, format=","),
            ],
        )
        .properties(height={"step": ROW_HEIGHT * 1.4, "for": "position"})
    )
    return chart


def start(name: str) -> Table:
    """The rows of a network from the image to its first maps of 28 x 28."""
    book = lookup(name)
    last = next(i for i, layer in enumerate(book) if layer.name == START_ROWS[name])
    return book[: last + 1]


def by_size(book: Table) -> dict[int, Table]:
    """The rows that the lecture lists, by the height of the map that each makes."""
    rows = book.listed("lecture")
    sizes = dict.fromkeys(layer.out_shape.size[0] for layer in rows)
    return {
        size: Table(
            [layer for layer in rows if layer.out_shape.size[0] == size],
            name=book.name,
            input_shape=book.input_shape,
        )
        for size in sizes
    }


def resnet_bars(axis: str) -> Chart:
    """A cost of ResNet-18 to ResNet-152, each bar cut into its stages.

    axis: a key of comparison.AXES.
    """
    alt: Any = charts.altair()
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
    alt: Any = charts.altair()
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
        "printed": f"{point.error} %",
        "note": point.figure.note,
        "source": point.figure.source.citation,
    }


def _win(year: int, winner: Entry, second: Entry) -> dict[str, Any]:
    shallow = winner.layers == "shallow"
    depth = "shallow" if shallow else f"{winner.layers} layers"
    depth = "several depths" if year in MIXED else depth
    return {
        "year": str(year),
        "label": f"{year} {SHORT[year]}|{depth}, {winner.top5_error.number:.1f} %",
        "team": winner.team,
        "model": winner.model,
        "kind": "hand-made features" if shallow else "convolutional network",
        "depth": depth,
        "error": winner.top5_error.number,
        "printed": f"{winner.top5_error} %",
        "second": f"{second.team}, {second.top5_error} %",
        "second_error": second.top5_error.number,
        "source": winner.source.citation,
    }
