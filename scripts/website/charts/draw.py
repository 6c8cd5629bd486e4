"""Vega-Lite specs to figures: static drawings at build time, the live chart's spec beside them.

A spec in docs/generated/charts/ has neither width nor config: the look is decided here alone, in
colours that are CSS custom properties, so one drawing serves light and dark.
"""

from __future__ import annotations

import hashlib
import html
import json
import re
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from cnnref.files import json_of, write
from website import places
from website.markup import Html, element

__all__ = [
    "kept",
]


CACHE = places.CACHE / "charts"
VEGA_LITE = "6.4"
WIDTHS = {"wide": 680, "narrow": 300}
COMPOSED = ("facet", "repeat", "concat", "hconcat", "vconcat")
IDS = re.compile(r'(\bid="|url\(#|href="#)')
INK, RULE = "currentColor", "var(--chart-rule)"
FONT = "system-ui, sans-serif"
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
# what the library draws of every group of marks and nobody sees
UNSEEN = re.compile(r'<path class="foreground"[^>]*display="none"/>|<path class="background"'
                    r'[^>]*d="M0,0h0v0h0Z"[^>]*/>')  # fmt: skip
# charts that the build makes itself: key -> spec
_made: dict[str, dict[str, Any]] = {}


class ChartError(ValueError):
    """A chart that cannot be drawn."""


def placeholder(key: str, title: str, description: str) -> str:
    """What a page holds until the build puts the drawings in; its words reach the search index."""
    named = {"class_": "chart", "data_chart": key, "data_description": description}
    return element("figure", element("figcaption", title), **named)


# as this file writes it, with anything in its three places
FIGURE = re.compile(placeholder("(.*?)", title="(.*?)", description="(.*?)"), re.DOTALL)


def made(key: str, spec: dict[str, Any], title: str, description: str) -> str:
    """The placeholder of a chart that has no file: its spec is kept until the page is drawn."""
    _made[key] = spec
    return placeholder(key, title, description)


def draw(page: str, folder: Path) -> str:
    """Replace every placeholder in the page by its figure."""
    count = iter(range(1, 1000))

    def drawn(match: re.Match[str]) -> str:
        key, description, title = map(html.unescape, match.groups())
        return figure(folder, key, title, description, next(count))

    return FIGURE.sub(drawn, page)


def figure(folder: Path, key: str, title: str, description: str, number: int) -> Html:
    """One figure with its drawings and its live chart's spec."""
    spec = read_spec(folder, key)
    data = json.dumps(spec | {"config": STYLE}, separators=(",", ":"))
    drawings = {size: svg(spec, width, f"c{number}{size[0]}") for size, width in WIDTHS.items()}
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
    spec = _made.get(key) or _from_file(folder, key)
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
    sized = spec | {"width": width, "autosize": {"type": "fit-x", "contains": "padding"}}
    versions = [VEGA_LITE, version("vl-convert-python")]
    identity = json.dumps([sized, STYLE, versions], sort_keys=True)
    place = CACHE / f"{hashlib.sha256(identity.encode()).hexdigest()[:32]}.svg.kept"
    return IDS.sub(rf"\g<1>{prefix}-", UNSEEN.sub("", kept(place, lambda: convert(sized))))


def convert(spec: dict[str, Any]) -> str:
    """A spec as SVG, on one line."""
    import vl_convert

    text: str = vl_convert.vegalite_to_svg(spec, vl_version=VEGA_LITE, config=STYLE)
    return text.replace("\n", " ")


def assets() -> dict[str, str]:
    """The live charts' library, as one file of the site's own."""
    place = CACHE / f"vega-{VEGA_LITE}-{version('vl-convert-python')}.js.kept"
    return {"assets/vendor/vega/vega-embed.js": kept(place, bundle)}


def bundle() -> str:
    """The live charts' library as one script."""
    import vl_convert

    # as its stub has it, a snippet of one's own is needed
    whole: Any = vl_convert.javascript_bundle
    return str(whole(vl_version=VEGA_LITE))


MACROS: Mapping[str, Callable[..., object]] = {
    "chart": placeholder,
}


def kept(path: Path, make: Callable[[], str]) -> str:
    """A text from the cache, or made and put there."""
    found = path.read_bytes() if path.is_file() else b""
    digest, _, data = found.partition(b"\n")
    if digest == _digest(data):
        return data.decode()
    text = make()
    path.parent.mkdir(parents=True, exist_ok=True)
    write(path, _digest(text.encode()) + b"\n" + text.encode())
    return text


def _digest(data: bytes) -> bytes:
    return hashlib.sha256(data).hexdigest().encode()
