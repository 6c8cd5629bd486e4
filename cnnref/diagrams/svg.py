"""A scene as an SVG element, the same bytes at every run.

Colours are the page's custom properties, so one drawing serves light and dark; a drawing that
leaves the page takes the light ones with it.
"""

from __future__ import annotations

from html import escape

from cnnref.diagrams.scene import Arrow, Box, Point, Scene, Text, faint_size

__all__ = ["standalone", "to_svg"]

INK, SECOND, PAPER, RULE = "--ink", "--ink-2", "--paper", "--rule-strong"
STROKES = {
    "conv": "--chart-1",
    "pool": "--chart-2",
    "linear": "--chart-3",
    "join": INK,
    "other": "--chart-6",
    "end": RULE,
}
# what the site's light scheme has; a test holds them together
LIGHT = {
    INK: "#22262d",
    SECOND: "#565b64",
    PAPER: "#fbf8f1",
    RULE: "#8d8471",
    "--chart-1": "#2a62ae",
    "--chart-2": "#c5452a",
    "--chart-3": "#2b7d62",
    "--chart-6": "#6b7078",
}


def to_svg(scene: Scene, title: str, description: str) -> str:
    """The scene as one element, with its text alternative."""
    width, height = _number(scene.width), _number(scene.height)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="system-ui, sans-serif" '
        f'font-size="{_number(scene.size)}"><title>{escape(title)}</title>'
        f"<desc>{escape(description)}</desc>"
    ]
    parts += [_arrow(arrow, scene) for arrow in scene.arrows]
    parts += [_box(box, scene.size) for box in scene.boxes]
    parts += [_text(text, scene.size) for text in scene.texts]
    return "".join((*parts, "</svg>"))


def standalone(svg: str) -> str:
    """A drawing as a file of its own: its colours are put in, on paper."""
    end = svg.index("<desc>")
    svg = f'{svg[:end]}<rect width="100%" height="100%" fill="var({PAPER})"/>{svg[end:]}'
    for name, colour in LIGHT.items():
        svg = svg.replace(f"var({name})", colour)
    return svg + "\n"


def _box(box: Box, size: float) -> str:
    stroke = STROKES[box.kind]
    x, y, width, height = map(_number, (box.x, box.y, box.width, box.height))
    square = box.width == box.height and box.kind == "join"
    radius = _number(box.height / 2 if square else 12 if box.kind == "end" else 4)
    tint = "0" if box.kind in ("end", "join") else ".13"
    text = _lines(box, size)
    return (
        f'<g class="{box.kind}"><rect x="{x}" y="{y}" width="{width}" height="{height}" '
        f'rx="{radius}" fill="var({PAPER})"/><rect x="{x}" y="{y}" width="{width}" '
        f'height="{height}" rx="{radius}" fill="var({stroke})" fill-opacity="{tint}" '
        f'stroke="var({stroke})" stroke-width="1.2"{_dash(box.kind == "end")}/>{text}</g>'
    )


def _lines(box: Box, size: float) -> str:
    sizes = [faint_size(size) if line.faint else size for line in box.lines]
    x, middle = box.middle
    top = middle - sum(1.3 * size for size in sizes) / 2
    parts = []
    for line, own in zip(box.lines, sizes, strict=True):
        y = top + 0.98 * own
        top += 1.3 * own
        colour = SECOND if line.faint else INK
        own_size = f' font-size="{_number(own)}"' if own != size else ""
        parts.append(
            f'<text x="{_number(x)}" y="{_number(y)}" text-anchor="middle" '
            f'fill="var({colour})"{own_size}>{escape(line.text)}</text>'
        )
    return "".join(parts)


def _arrow(arrow: Arrow, scene: Scene) -> str:
    *_, before, tip = arrow.points
    path = "M" + "L".join(f"{_number(x)} {_number(y)}" for x, y in arrow.points)
    head = (
        "M"
        + "L".join(f"{_number(x)} {_number(y)}" for x, y in _head(before, tip, scene.head))
        + "Z"
    )
    return (
        f'<path d="{path}" fill="none" stroke="var({SECOND})" stroke-width="1.2"'
        f'{_dash(arrow.dashed)}/><path d="{head}" fill="var({SECOND})"/>{_label(arrow, scene.size)}'
    )


def _head(before: Point, tip: Point, half: float) -> tuple[Point, Point, Point]:
    """The triangle at the end of a line that runs along an axis."""
    (a, b), (x, y) = before, tip
    length = max(abs(x - a), abs(y - b)) or 1
    dx, dy = (x - a) / length, (y - b) / length
    back = (x - 1.6 * half * dx, y - 1.6 * half * dy)
    return (
        tip,
        (back[0] - half * dy, back[1] + half * dx),
        (back[0] + half * dy, back[1] - half * dx),
    )


def _label(arrow: Arrow, size: float) -> str:
    """A text on the first stretch of an arrow, on a gap in the line."""
    if not arrow.label:
        return ""
    (x, y), (_, y2) = arrow.points[:2]
    small, middle = faint_size(size), (y + y2) / 2
    return (
        f'<rect x="{_number(x - 4)}" y="{_number(middle - 0.75 * small)}" width="8" '
        f'height="{_number(1.5 * small)}" fill="var({PAPER})"/><text x="{_number(x)}" '
        f'y="{_number(middle + 0.35 * small)}" text-anchor="middle" fill="var({SECOND})" '
        f'font-size="{_number(small)}">{escape(arrow.label)}</text>'
    )


def _text(text: Text, size: float) -> str:
    own = faint_size(size) if text.faint else size
    weight = ' font-weight="600"' if text.strong else ""
    halo = f' paint-order="stroke" stroke="var({PAPER})" stroke-width="4"' if text.halo else ""
    return (
        f'<text x="{_number(text.x)}" y="{_number(text.y)}" text-anchor="{text.anchor}" '
        f'fill="var({SECOND if text.faint else INK})" font-size="{_number(own)}"{weight}{halo}>'
        f"{escape(text.text)}</text>"
    )


def _dash(dashed: bool) -> str:
    return ' stroke-dasharray="4 3"' if dashed else ""


def _number(value: float) -> str:
    """At most one decimal, and no trailing zero."""
    return f"{round(value, 1):g}" if value < 1e5 else str(round(value))
