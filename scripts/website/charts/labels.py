"""What the site adds to every chart: values at the ends of lying bars, names at those of lines."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from math import log10
from statistics import fmean
from typing import Any

__all__ = ["at_ends", "labelled", "mark_of", "named", "pattern", "rounded", "spread"]

TEXT = {"type": "text", "align": "left", "baseline": "middle"}
VALUE_SIZE = 11
# of a digit, in pixels, and the gap between a bar and its value
DIGIT, BEHIND_BAR = 6.6, 4
# the inner width on a phone, in pixels: there a value needs the largest share
NARROWEST = 180
# the height of a bar that has another right below, and the share of its place that a group fills
BAR, FILLED = 13, 0.8
# from this value on so many decimals, so that a chart's figures have all the same number
DECIMALS = ((100, 0), (10, 1), (0, 2))
# the parts of an encoding that say which bar a row belongs to
PLACE = ("y", "yOffset")
NAME_SIZE, LONGEST = 12, 13
# of a letter on an average, the gap behind a line, and the height of a row of names, in pixels
LETTER, BEHIND_LINE, ROW = 6.6, 6, 15
# what a chart keeps free around itself
PADDING = 5
HEIGHT = 300


def labelled(spec: dict[str, Any]) -> dict[str, Any]:
    """A chart as the site shows it."""
    return named(at_ends(rounded(spec)))


def rounded(part: Any) -> Any:
    """A specification whose decimals end where no eye and no label can tell.

    >>> rounded({"values": [{"x": 1.03271260001, "n": 61100840}]})
    {'values': [{'x': 1.03271, 'n': 61100840}]}
    """
    if isinstance(part, float):
        return float(f"{part:.6g}")
    if isinstance(part, dict):
        return {name: rounded(value) for name, value in part.items()}
    return [rounded(value) for value in part] if isinstance(part, list) else part


def at_ends(spec: dict[str, Any]) -> dict[str, Any]:
    """A chart of lying bars with its values; any other as it is.

    Bars that are cut into parts have the sum at their end. The axis goes on behind the longest
    bar as far as its value needs.
    """
    encoding = spec.get("encoding", {})
    if mark_of(spec) != "bar" or encoding.get("x", {}).get("type") != "quantitative":
        return spec
    longest = max(_lengths(spec), default=0.0)
    if not longest:
        return spec
    scale = {"domain": [0, longest * _room(longest)], "nice": False}
    x = {"scale": scale, **encoding["x"]}
    place = {name: encoding[name] for name in PLACE if name in encoding}
    own = {name: value for name, value in encoding.items() if name not in place} | {"x": x}
    said = {"aggregate": "sum", "field": x["field"], "type": "quantitative"}
    text = {
        "mark": {
            "type": "text",
            "align": "left",
            "baseline": "middle",
            "dx": BEHIND_BAR,
            "fontSize": VALUE_SIZE,
        },
        "encoding": {"x": {**said, "stack": None}, "text": {**said, "format": pattern(longest)}},
    }
    layers = [{"mark": spec["mark"], "encoding": own}, text]
    whole = {name: value for name, value in spec.items() if name not in ("mark", "encoding")}
    return {**whole, "height": _tall(spec), "encoding": place, "layer": layers}


def _tall(spec: dict[str, Any]) -> Any:
    """The chart's height, so that each bar is as high as its value."""
    height, offset = spec.get("height"), spec["encoding"].get("yOffset")
    if not isinstance(height, dict) or offset is None:
        return height
    beside = {row[offset["field"]] for row in spec["data"]["values"]}
    least = len(beside) * BAR / FILLED if height.get("for") == "position" else BAR
    return {**height, "step": max(height["step"], least)}


def pattern(largest: float) -> str:
    """How a chart's figures are written, by the largest of them.

    >>> pattern(100), pattern(99.9), pattern(10), pattern(0.5)
    (',.0f', ',.1f', ',.1f', ',.2f')
    """
    return f",.{next(digits for least, digits in DECIMALS if largest >= least)}f"


def mark_of(spec: Mapping[str, Any]) -> str:
    """What a chart or a layer of one is drawn with, "" where that is said of its layers."""
    mark = spec.get("mark", "")
    return str(mark if isinstance(mark, str) else mark["type"])


def _lengths(spec: dict[str, Any]) -> list[float]:
    """How long each bar is, in the chart's unit."""
    encoding = spec["encoding"]
    fields = [encoding[name]["field"] for name in PLACE if name in encoding]
    sums: defaultdict[tuple[Any, ...], float] = defaultdict(float)
    for row in spec["data"].get("values", ()):
        sums[tuple(row[field] for field in fields)] += row[encoding["x"]["field"]]
    return [*sums.values()]


def _room(longest: float) -> float:
    written = format(longest, pattern(longest))
    return 1 + (BEHIND_BAR + DIGIT * len(written)) / NARROWEST


def named(spec: dict[str, Any]) -> dict[str, Any]:
    """A chart of coloured lines with their names at their ends; any other as it is.

    Long names stay in the legend, since on a phone they would leave no room for the lines.
    """
    parts = spec.get("layer", [spec])
    encoding = next(({**_all(spec), **_all(part)} for part in parts if mark_of(part) == "line"), {})
    if not {"x", "y", "color"} <= encoding.keys():
        return spec
    names = _names(spec, encoding)
    longest = max(len(row["series"]) for row in names)
    if longest > LONGEST:
        return spec
    right = PADDING + BEHIND_LINE + round(LETTER * longest)
    padding = {"left": PADDING, "top": PADDING, "bottom": PADDING, "right": right}
    rest = {key: value for key, value in spec.items() if key not in ("layer", "mark", "encoding")}
    layers = [_layer(part, _all(spec)) for part in parts] + [_text(names, encoding)]
    return {**rest, "padding": padding, "layer": layers}


def _all(spec: Mapping[str, Any]) -> dict[str, Any]:
    return dict(spec.get("encoding", {}))


def _layer(part: Mapping[str, Any], shared: Mapping[str, Any]) -> dict[str, Any]:
    encoding = {**shared, **part.get("encoding", {})}
    if "color" in encoding:
        encoding["color"] = {**encoding["color"], "legend": None}
    own = {key: part[key] for key in ("mark", "data", "transform") if key in part}
    return {**own, "encoding": encoding}


def _text(names: Sequence[Mapping[str, Any]], encoding: Mapping[str, Any]) -> dict[str, Any]:
    x, y, colour = (encoding[name] for name in ("x", "y", "color"))
    mark = {
        "type": "text",
        "align": "left",
        "baseline": "middle",
        "dx": BEHIND_LINE,
        "fontSize": NAME_SIZE,
    }
    place = {"type": "quantitative"}
    return {
        "data": {"values": [*names]},
        "mark": mark,
        "encoding": {
            "x": {**_kept(x), **place, "field": "x"},
            "y": {**_kept(y), **place, "field": "y"},
            "color": {**colour, "field": "series", "legend": None},
            "text": {"field": "series"},
        },
    }


def _kept(channel: Mapping[str, Any]) -> dict[str, Any]:
    return {name: channel[name] for name in ("scale", "title") if name in channel}


def _names(spec: Mapping[str, Any], encoding: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Where each line ends, moved so far that no name stands on another."""
    x, y, colour = (encoding[name] for name in ("x", "y", "color"))
    ends: defaultdict[str, dict[float, list[float]]] = defaultdict(lambda: defaultdict(list))
    rows = spec["data"]["values"]
    for row in rows:
        ends[row[colour["field"]]][row[x["field"]]].append(row[y["field"]])
    order = [name for name in colour["scale"]["domain"] if name in ends]
    last = [(name, max(ends[name])) for name in order]
    heights = [fmean(ends[name][at]) for name, at in last]
    moved = _moved(heights, y.get("scale", {}), [row[y["field"]] for row in rows], spec)
    return [
        {"series": name, "x": at, "y": height}
        for (name, at), height in zip(last, moved, strict=True)
    ]


def _moved(
    heights: Sequence[float],
    scale: Mapping[str, Any],
    values: Sequence[float],
    spec: Mapping[str, Any],
) -> Iterator[float]:
    """The heights, in the chart's unit, so far apart as a name is high."""
    logarithmic = scale.get("type") == "log"
    low, high = scale.get("domain") or (0.0 if not logarithmic else min(values), max(values) * 1.1)
    if logarithmic:
        low, high = log10(low), log10(high)
    pixels = spec.get("height", HEIGHT)
    places = [
        pixels * ((log10(value) if logarithmic else value) - low) / (high - low)
        for value in heights
    ]
    for place in spread(places, ROW):
        value = low + place / pixels * (high - low)
        yield 10**value if logarithmic else value


def spread(places: Sequence[float], apart: float) -> list[float]:
    """Places on a line moved as little as a pass up needs, until they are so far apart.

    >>> spread([50, 10, 12], 10)
    [50, 10, 20]
    """
    moved = [*places]
    before = float("-inf")
    for number in sorted(range(len(places)), key=lambda one: places[one]):
        moved[number] = max(moved[number], before + apart)
        before = moved[number]
    return moved
