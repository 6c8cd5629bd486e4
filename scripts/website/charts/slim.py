"""A drawing of the charts' library with the fewest elements that look and answer the same.

The library wraps every part of a chart in several groups that say nothing, paints backgrounds
that nobody sees, and draws each grid line by itself: a third of all elements of a page.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree import ElementTree as ET

__all__ = ["slim"]

SPACE = "http://www.w3.org/2000/svg"
GROUP, LINE, PATH = (f"{{{SPACE}}}{name}" for name in ("g", "line", "path"))
# what tells one line from another; all else is their look
ENDS = ("transform", "x2", "y2")
NOWHERE = ("translate(0,0)", None)
# what a group says to others than the eye; the drawing has words of its own
TOLD = {
    "transform",
    "class",
    "role",
    "aria-hidden",
    "aria-label",
    "aria-roledescription",
    "pointer-events",
}
# the groups whose parts answer a reader
MARKS = re.compile(r"role-mark|mark-symbol|mark-rect")

ET.register_namespace("", SPACE)


def slim(svg: str) -> str:
    """The same drawing: groups without a meaning opened, lines of one look in one path."""
    root = ET.fromstring(svg)
    for group in root.iter(GROUP):
        _join_lines(group)
    _open_groups(root)
    return ET.tostring(root, encoding="unicode")


def _open_groups(parent: ET.Element) -> None:
    """Put what is in groups that say nothing in their places, and leave out what is not seen."""
    children: list[ET.Element] = []
    for child in parent:
        _open_groups(child)
        if child.tag == GROUP and _bare(child):
            children += [*child]
        elif not (_unseen(child) or (child.tag == GROUP and not len(child))):
            children.append(child)
    parent[:] = children


def _bare(group: ET.Element) -> bool:
    """Whether a group neither moves nor paints what is in it, and holds no marks to point at."""
    meant = group.attrib.keys() - TOLD or MARKS.search(group.get("class", ""))
    return not meant and group.get("transform") in NOWHERE


def _unseen(element: ET.Element) -> bool:
    plane = element.tag == PATH and element.get("class") in ("background", "foreground")
    return plane and not {"fill", "stroke"} & {
        name for name, value in element.attrib.items() if value not in ("none", "transparent")
    }


def _join_lines(group: ET.Element) -> None:
    """One path for lines of one look that follow each other."""
    lines = group.findall(LINE)
    if len(lines) < 2 or len(lines) != len(group) or len({*map(_look, lines)}) > 1:
        return
    look = {name: value for name, value in lines[0].attrib.items() if name not in ENDS}
    group[:] = [ET.Element(PATH, {"d": "".join(map(_stroke, lines)), **look})]


def _look(line: ET.Element) -> Sequence[tuple[str, str]]:
    return tuple((name, value) for name, value in line.attrib.items() if name not in ENDS)


def _stroke(line: ET.Element) -> str:
    x, y = re.findall(r"-?[\d.]+", line.get("transform", "translate(0,0)"))
    return f"M{x},{y}l{line.get('x2', '0')},{line.get('y2', '0')}"
