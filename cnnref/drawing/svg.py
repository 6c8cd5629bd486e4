"""A scene as an SVG element, the same bytes at every run.

Colours are the page's custom properties, so one drawing serves light and dark; a drawing that
leaves the page takes the light ones with it.
"""

from __future__ import annotations

from itertools import pairwise

from cnnref.counting.markup import Html, escaped
from cnnref.counting.units import visible
from cnnref.drawing.scene import Arrow, Box, Outline, Point, Scene, Text, faint_size

__all__ = ["standalone", "to_svg"]

FONT = "IBM Plex Sans, system-ui, sans-serif"
INK, SECOND, PAPER, RULE = "--ink", "--ink-2", "--paper", "--rule-strong"
STROKES = {
    "conv": "--chart-1",
    "pool": "--chart-2",
    "linear": "--chart-3",
    "join": INK,
    "other": "--chart-6",
    "end": RULE,
}
TINTED = ("conv", "pool", "linear", "other")
# what the site's light scheme has; a test holds them together
LIGHT = {
    INK: "#22262d",
    SECOND: "#565b64",
    PAPER: "#fbf8f1",
    RULE: "#8d8471",
    "--chart-1": "#2a62ae",
    "--chart-2": "#b3457f",
    "--chart-3": "#2b7d62",
    "--chart-6": "#6b7078",
}
# and its dark one
DARK = {
    INK: "#dcd9d0",
    SECOND: "#a5a8ab",
    PAPER: "#15181d",
    RULE: "#838b97",
    "--chart-1": "#6fa4ea",
    "--chart-2": "#e58ab8",
    "--chart-3": "#5bbf9a",
    "--chart-6": "#9aa1ab",
}
# by the colours that stand in the elements, since not every program knows custom properties
STYLE = (
    "<style>@media screen and (prefers-color-scheme:dark){"
    + "".join(
        f'.cnnref{at}[{paint}="{LIGHT[name]}"]{{{paint}:{colour}}}'
        for name, colour in DARK.items()
        for paint in ("fill", "stroke")
        for at in ("", " ")
    )
    + "}</style>"
)


def to_svg(scene: Scene, title: str, description: str) -> str:
    """The scene as one element, with its text alternative."""
    width, height = _number(scene.width), _number(scene.height)
    lines = "".join(map(_line, scene.arrows))
    heads = "".join(_head(arrow, scene.head) for arrow in scene.arrows)
    return "".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{width}" '
            f'height="{height}" viewBox="0 0 {width} {height}" font-family="{FONT}" '
            f'font-size="{_number(scene.size)}" text-anchor="middle" fill="var({INK})">'
            f"<title>{_said(title)}</title><desc>{_said(description)}</desc>",
            *map(_outline, scene.outlines),
            f'<g fill="none" stroke="var({SECOND})" stroke-width="1.2">{lines}</g>',
            f'<path fill="var({SECOND})" d="{heads}"/>' if heads else "",
            *(_label(arrow, scene.size) for arrow in scene.arrows),
            *(_box(box, scene.size) for box in scene.boxes),
            *(_text(text, scene.size) for text in scene.texts),
            "</svg>",
        )
    )


def standalone(svg: str) -> str:
    """A drawing as a file of its own: its colours are put in, on paper.

    Every program shows the light ones. What knows style sheets shows the dark ones where the
    reader's system is dark, never in print, and lets the drawing shrink with its place.
    """
    end = svg.index("<desc>")
    paper = f'<rect width="100%" height="100%" fill="var({PAPER})"/>'
    svg = svg[:end] + STYLE + paper + svg[end:]
    for name, colour in LIGHT.items():
        svg = svg.replace(f"var({name})", colour)
    root = '<svg class="cnnref" style="max-width:100%;height:auto" '
    return svg.replace("<svg ", root) + "\n"


def _outline(outline: Outline) -> str:
    path = "".join(map(_ring, outline.rings))
    if outline.kind == "ink":
        return f'<path d="{path}" fill="var({INK})"/>'
    stroke = STROKES[outline.kind]
    fill = f'fill="var({stroke})" fill-opacity=".13"' if outline.kind in TINTED else 'fill="none"'
    return f'<path d="{path}" {fill} stroke="var({stroke})" stroke-linejoin="round"/>'


def _ring(ring: tuple[Point, ...]) -> str:
    """A closed path; what runs along an axis names one number alone."""
    parts = ["M{} {}".format(*map(_number, ring[0]))]
    for (a, b), (x, y) in pairwise(ring):
        level = f"H{_number(x)}" if b == y else f"L{_number(x)} {_number(y)}"
        parts.append(f"V{_number(y)}" if a == x else level)
    return "".join(parts) + "Z"


def _box(box: Box, size: float) -> str:
    stroke = STROKES[box.kind]
    x, y, width, height = map(_number, (box.x, box.y, box.width, box.height))
    square = box.width == box.height and box.kind == "join"
    radius = _number(box.height / 2 if square else 12 if box.kind == "end" else 4)
    fill = f'fill="var({stroke})" fill-opacity=".13"' if box.kind in TINTED else 'fill="none"'
    return (
        f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="{radius}" {fill} '
        f'stroke="var({stroke})"{_dash(box.kind == "end")}/>{_lines(box, size)}'
    )


def _lines(box: Box, size: float) -> str:
    sizes = [faint_size(size) if line.faint else size for line in box.lines]
    x, middle = box.middle
    top = middle - sum(1.3 * size for size in sizes) / 2
    parts = []
    for line, own in zip(box.lines, sizes, strict=True):
        y = top + 0.98 * own
        top += 1.3 * own
        style = f' fill="var({SECOND})" font-size="{_number(own)}"' if line.faint else ""
        parts.append(f'<text x="{_number(x)}" y="{_number(y)}"{style}>{_said(line.text)}</text>')
    return "".join(parts)


def _line(arrow: Arrow) -> str:
    path = "M" + "L".join(f"{_number(x)} {_number(y)}" for x, y in arrow.points)
    return f'<path d="{path}"{_dash(arrow.dashed)}/>'


def _head(arrow: Arrow, half: float) -> str:
    """The triangle at the end of a line that runs along an axis."""
    (a, b), (x, y) = arrow.points[-2:]
    length = max(abs(x - a), abs(y - b)) or 1
    dx, dy = (x - a) / length, (y - b) / length
    back = (x - 1.6 * half * dx, y - 1.6 * half * dy)
    corners = (
        (x, y),
        (back[0] - half * dy, back[1] + half * dx),
        (back[0] + half * dy, back[1] - half * dx),
    )
    return "M" + "L".join(f"{_number(x)} {_number(y)}" for x, y in corners) + "Z"


def _label(arrow: Arrow, size: float) -> str:
    """A text on the first stretch of an arrow, on a gap in the line."""
    if not arrow.label:
        return ""
    (x, y), (_, y2) = arrow.points[:2]
    small, middle = faint_size(size), (y + y2) / 2
    return (
        f'<rect x="{_number(x - 4)}" y="{_number(middle - 0.75 * small)}" width="8" '
        f'height="{_number(1.5 * small)}" fill="var({PAPER})"/><text x="{_number(x)}" '
        f'y="{_number(middle + 0.35 * small)}" fill="var({SECOND})" '
        f'font-size="{_number(small)}">{_said(arrow.label)}</text>'
    )


def _text(text: Text, size: float) -> str:
    style = f' fill="var({SECOND})" font-size="{_number(faint_size(size))}"' if text.faint else ""
    style += ' font-weight="600"' if text.strong else ""
    style += f' text-anchor="{text.anchor}"' if text.anchor != "middle" else ""
    if text.halo:
        style += f' paint-order="stroke" stroke="var({PAPER})" stroke-width="4"'
    x, y = _number(text.x), _number(text.y)
    return f'<text x="{x}" y="{y}"{style}>{_said(text.text)}</text>'


def _said(text: str) -> Html:
    """Text in the element, on one line; XML has no place for most control characters."""
    return escaped(text if isinstance(text, Html) else visible(text))


def _dash(dashed: bool) -> str:
    return ' stroke-dasharray="4 3"' if dashed else ""


def _number(value: float) -> str:
    """At most one decimal, and no trailing zero."""
    return f"{round(value, 1):g}" if value < 1e5 else str(round(value))
