"""Vega-Lite specs to figures: static drawings at build time, the live chart's spec beside them.

A spec in docs/generated/charts/ has neither width nor config: the look is decided here alone, in
colours that are CSS custom properties, so one drawing serves light and dark.
"""

from __future__ import annotations

import hashlib
import html
import json
import re
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from cnnref.files import json_of
from website import places
from website.charts.labels import labelled, mark_of
from website.charts.slim import slim
from website.kept import shelf as kept
from website.markup import Html, element, joined

CACHE = places.CACHE / "charts"
VEGA_LITE = "6.4"
WIDTHS = {"wide": 680, "narrow": 300}
# charts beside each other are as wide as on a phone
NARROW = {"narrow": 300}
COMPOSED = ("facet", "repeat", "concat", "hconcat", "vconcat")
IDS = re.compile(r'(\bid="|url\(#|href="#)')
INK, RULE = "currentColor", "var(--chart-rule)"
# what a drawing is measured with; on a page its letters are the page's
FONT = "Plex Sans, Arial, Liberation Sans, sans-serif"
STYLE: dict[str, Any] = {
    "aria": False,
    "background": "transparent",
    "font": FONT,
    "view": {"stroke": "transparent"},
    "axis": {
        "labelColor": INK,
        "titleColor": INK,
        "gridColor": RULE,
        "domainColor": RULE,
        "tickColor": RULE,
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": 600,
        "titlePadding": 8,
        "labelLimit": 150,
    },
    "axisY": {"grid": False, "ticks": False, "labelPadding": 6},
    "legend": {
        "labelColor": INK,
        "titleColor": INK,
        "orient": "top",
        "direction": "horizontal",
        "labelFontSize": 12,
        "titleFontSize": 12,
        "symbolType": "square",
    },
    "header": {"labelColor": INK, "titleColor": INK},
    "title": {"color": INK},
    "bar": {"color": "var(--chart-1)"},
    "line": {"color": "var(--chart-1)", "strokeWidth": 2},
    "point": {"color": "var(--chart-1)", "filled": True, "size": 60},
    "circle": {"color": "var(--chart-1)"},
    "rect": {"color": "var(--chart-1)"},
    "area": {"color": "var(--chart-1)"},
    "rule": {"color": INK},
    "tick": {"color": "var(--chart-1)"},
    "text": {"color": INK, "fontSize": 12},
    "range": {"category": [f"var(--chart-{n})" for n in range(1, 7)]},
}
MANY_POINTS = 60
# charts that the build makes itself: key -> spec
_made: dict[str, dict[str, Any]] = {}


class ChartError(ValueError):
    """A chart that cannot be drawn."""


def placeholder(key: str, title: str, description: str) -> str:
    """What a page holds until the build puts the drawings in; its words reach the search index."""
    named = {"class_": "chart", "data_chart": key, "data_description": description}
    return element("figure", element("figcaption", title), **named)


# as this file writes it, with anything in its three places, and as Markdown sets it inside a div
FIGURE = re.compile(
    placeholder("(.*?)", title="(.*?)", description="(.*?)").replace("><", r">\s*<"), re.DOTALL
)
LEFT = re.compile(r'data-chart="([^"]*)"')


def made(key: str, spec: dict[str, Any], title: str, description: str) -> str:
    """The placeholder of a chart that has no file: its spec is kept until the page is drawn."""
    _made[key] = spec
    return placeholder(key, title, description)


def made_of(page: str) -> dict[str, dict[str, Any]]:
    """The specs of a page's charts that have no file, by their keys."""
    return {key: _made[key] for key in keys(page) if key in _made}


def remember(specs: Mapping[str, dict[str, Any]]) -> None:
    """Keep the specs of charts that have no file until their page is drawn."""
    _made.update(specs)


def keys(page: str) -> list[str]:
    """The keys of the charts of a page that is not drawn yet."""
    return [html.unescape(match[1]) for match in FIGURE.finditer(page)]


def told(page: str, folder: Path) -> list[str]:
    """All that is known of a page's charts, as text; nothing of those that have no spec."""
    texts = [folder / f"{key}.vl.json" for key in keys(page)]
    found = [path.read_text(encoding="utf-8") for path in texts if path.is_file()]
    return [*found, json.dumps(made_of(page), sort_keys=True)]


def draw(page: str, folder: Path) -> str:
    """Replace every placeholder in the page by its figure; several of one form stand together.

    Raises:
        ChartError: one is left, or a chart cannot be drawn.
    """
    count, parts, done = iter(range(1, 1000)), [], 0
    for run in _runs(page):
        widths = NARROW if run[1:] else WIDTHS
        shown = joined(
            figure(folder, key, title, description, next(count), widths)
            for key, description, title in (map(html.unescape, one.groups()) for one in run)
        )
        parts += [page[done : run[0].start()], _beside(shown) if run[1:] else shown]
        done = run[-1].end()
    drawn_page = "".join([*parts, page[done:]])
    if left := LEFT.search(drawn_page):
        raise ChartError(f"the chart '{left[1]}' is not drawn; put its macro on a line of its own")
    return drawn_page


def _runs(page: str) -> Iterator[list[re.Match[str]]]:
    """The placeholders of a page, those together that follow each other and are of one name."""
    run: list[re.Match[str]] = []
    for match in FIGURE.finditer(page):
        if run and not (
            page[run[-1].end() : match.start()].strip() == ""
            and run[-1][1].rpartition("-")[0] == match[1].rpartition("-")[0]
        ):
            yield run
            run = []
        run.append(match)
    if run:
        yield run


def _beside(figures: Html) -> Html:
    return element("div", figures, class_="multiples")


def figure(
    folder: Path, key: str, title: str, description: str, number: int, widths: Mapping[str, int]
) -> Html:
    """One figure with its drawings and its live chart's spec."""
    spec = read_spec(folder, key)
    data = json.dumps(spec | {"config": STYLE}, separators=(",", ":"))
    drawings = {size: svg(spec, width, f"c{number}{size[0]}") for size, width in widths.items()}
    shown = view(drawings, f"{title.rstrip('.')}. {description}", data)
    return element("figure", shown, element("figcaption", title), class_="chart", id=f"chart-{key}")


def view(drawings: Mapping[str, str], label: str, data: str) -> Html:
    """The drawings of one chart by their sizes, named by a label, with the live chart's spec."""
    sizes = (
        element("div", Html(drawing), class_=f"chart-{size}", aria_hidden="true")
        for size, drawing in drawings.items()
    )
    static = element("div", *sizes, class_="chart-static")
    named = {"role": "img", "aria_label": label, "data_spec": data}
    return element("div", static, class_="chart-view", **named)


def read_spec(folder: Path, key: str) -> dict[str, Any]:
    """A chart's spec, by the name of its file.

    Raises:
        ChartError: there is none, or it decides what the site decides.
    """
    spec = labelled(_made.get(key) or _from_file(folder, key))
    for name in ("width", "config"):
        if name in spec:
            raise ChartError(f"the chart '{key}' sets its {name}, which the site decides")
    parts = [name for name in COMPOSED if name in spec]
    parts += [name for name in ("row", "column", "facet") if name in spec.get("encoding", {})]
    if parts:
        raise ChartError(
            f"the chart '{key}' uses {parts[0]}, which cannot be fitted to a phone's width; "
            "make it one view or several layers"
        )
    return spec


def _from_file(folder: Path, key: str) -> dict[str, Any]:
    path = folder / f"{key}.vl.json"
    if not path.is_file():
        raise ChartError(f"the chart '{key}' has no file {path.name}; run scripts/generate")
    spec: dict[str, Any] = json_of(path)
    return spec


def svg(spec: dict[str, Any], width: int, prefix: str) -> str:
    """The drawing at this width, kept between builds; ids get the prefix, to be unique."""
    still = without_many_points(spec)
    sized = still | {"width": width, "autosize": {"type": "fit-x", "contains": "padding"}}
    versions = [VEGA_LITE, version("vl-convert-python")]
    identity = json.dumps([sized, STYLE, versions], sort_keys=True)
    place = CACHE / f"{hashlib.sha256(identity.encode()).hexdigest()[:32]}.svg.kept"
    return IDS.sub(rf"\g<1>{prefix}-", slim(kept.text(place, lambda: convert(sized))))


def without_many_points(spec: dict[str, Any]) -> dict[str, Any]:
    """A chart of lines without the points on them, where these are many.

    The live chart has them, to be pointed at.
    """
    values = spec.get("data", {}).get("values", ())
    kinds = [mark_of(layer) for layer in spec.get("layer", ())]
    lines = [
        layer for layer, kind in zip(spec.get("layer", ()), kinds, strict=True) if kind == "line"
    ]
    named = any("color" in layer.get("encoding", {}) for layer in [*lines, *([spec] * bool(lines))])
    if not named or len(values) <= MANY_POINTS:
        return spec
    kept_layers = [
        layer for layer, kind in zip(spec["layer"], kinds, strict=True) if kind != "point"
    ]
    return {**spec, "layer": kept_layers}


def convert(spec: dict[str, Any]) -> str:
    """A spec as SVG, on one line."""
    import vl_convert

    kept.WORK["charts"] += 1
    text: str = vl_convert.vegalite_to_svg(spec, vl_version=VEGA_LITE, config=STYLE)
    return text.replace("\n", " ")


def assets() -> dict[str, str]:
    """The live charts' library, as one file of the site's own."""
    place = CACHE / f"vega-{VEGA_LITE}-{version('vl-convert-python')}.js.kept"
    return {"assets/vendor/vega/vega-embed.js": kept.text(place, bundle)}


def bundle() -> str:
    """The live charts' library as one script."""
    import vl_convert

    # as its stub has it, a snippet of one's own is needed
    whole: Any = vl_convert.javascript_bundle
    return str(whole(vl_version=VEGA_LITE))


MACROS: Mapping[str, Callable[..., object]] = {
    "chart": placeholder,
}
