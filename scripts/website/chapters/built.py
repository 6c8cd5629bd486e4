"""What the page built.md prints: the floors as a drawing, and the files that a journey passes.

Run as a program with the name of a journey, it goes on it and prints the files whose functions
were called, in the order in which they first were.
"""

from __future__ import annotations

import ast
import contextlib
import inspect
import io
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Any

from checks.floors import HOUSE, SITE
from cnnref.drawing import NARROW, WIDE, Drawing
from cnnref.drawing.scene import Box, Line, Scene, Text
from cnnref.errors import CnnrefError, UnknownNameError
from website.charts.drawings import figure
from website.kept import noted
from website.kept.reads import Reads, below, noticed, noting
from website.markup import Html, code, definitions, joined
from website.places import PACKAGE, ROOT, SCRIPTS

__all__ = ["JOURNEYS", "MACROS", "floor_plan", "journey", "passed", "path", "recorded"]

# of the drawing, in pixels: the height of a box and of a floor, a gap, a letter, a box's margin
BOX, STEP, GAP, LETTER, MARGIN = 24, 34, 8, 6.4, 18
SMALL = 11.5
# the files of each journey
PASSED = Reads("journeys")
# functions have this flag, the bodies of classes and modules do not
OPTIMIZED = inspect.CO_OPTIMIZED


def path(name: str) -> Html:
    """The path of a file or folder of the checkout, as it is typed.

    Raises:
        CnnrefError: there is no such file.
    """
    if not (ROOT / name).exists():
        raise CnnrefError(f"{name}: the checkout has no such file; has it moved?")
    return code(name)


def floor_plan() -> str:
    """The rooms, each on its floor: what a room imports stands below it."""
    scenes = [_scene(width) for width in (WIDE, NARROW)]
    floors = "; ".join(", ".join(sorted(rooms)) for rooms in (*SITE, *HOUSE))
    drawing = Drawing("The floor plan", f"From the top to the bottom: {floors}.", *scenes)
    caption = (
        "A box is a room: a folder, or a file by itself. A file imports from its own room and "
        "from the floors below, from nothing beside it and from nothing above."
    )
    return figure([drawing], caption)


def _scene(width: float) -> Scene:
    boxes: list[Box] = []
    texts: list[Text] = []
    y = 0.0
    for title, floors, kind in (("scripts/", SITE, "pool"), ("cnnref/", HOUSE, "conv")):
        y += STEP
        texts.append(Text(title, 0, y - GAP, strong=True))
        for rooms in floors:
            lines = list(_lines(sorted(rooms), width))
            for line in lines:
                boxes += _placed(line, width, y, kind)
                y += BOX + GAP / 2
            y += STEP - BOX - GAP / 2
    return Scene(tuple(boxes), (), tuple(texts), width, y, SMALL)


def _lines(rooms: Sequence[str], width: float) -> Iterator[list[str]]:
    """The rooms of a floor, as many in a line as there is space for."""
    line: list[str] = []
    for room in rooms:
        if line and sum(map(_width, [*line, room])) + GAP * len(line) > width:
            yield line
            line = []
        line.append(room)
    yield line


def _placed(rooms: Sequence[str], width: float, y: float, kind: str) -> Iterator[Box]:
    x = (width - sum(map(_width, rooms)) - GAP * (len(rooms) - 1)) / 2
    for room in rooms:
        yield Box(kind, (), (Line(room),), room, x, y, _width(room), BOX)
        x += _width(room) + GAP


def _width(room: str) -> float:
    return len(room) * LETTER + MARGIN


# --- journeys ------------------------------------------------------------------------------------


def _table() -> None:
    from cnnref.__main__ import main

    main(["table", "vgg16"])


def _trace() -> None:
    from torch import nn

    import cnnref

    module = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU())
    print(cnnref.trace(module, (3, 32, 32)).macs)


def _sentence() -> None:
    from website.inline import number

    print(number("vgg16/total/macs", "G", 1))


# what a reader can ask for -> what does it
JOURNEYS: Mapping[str, Callable[[], None]] = {
    "table": _table,
    "trace": _trace,
    "sentence": _sentence,
}


def journey(name: str) -> str:
    """The files that a journey passes, in order, each with the first sentence of its docstring.

    Raises:
        UnknownNameError: there is no such journey.
    """
    entries = ((code(file), _said(ROOT / file)) for file in recorded(name))
    return definitions(entries, class_="record journey")


def _said(file: Path) -> Html:
    """A file's sentence on itself; what stands between grave accents is code."""
    text = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    parts = text.split("\n\n")[0].replace("\n", " ").split("`")
    return joined(code(part) if place % 2 else part for place, part in enumerate(parts))


@cache
def recorded(name: str) -> tuple[str, ...]:
    """The files whose functions a journey calls, in a process of its own that has kept nothing.

    Raises:
        UnknownNameError: there is no such journey.
    """
    if name not in JOURNEYS:
        raise UnknownNameError("journey", name, JOURNEYS)
    found = PASSED.find(name)
    if found is None:
        found, read = _gone(name)
        PASSED.keep(name, read, found)
    return tuple(found)


def _gone(name: str) -> tuple[list[str], tuple[str, ...]]:
    command = [sys.executable, "-m", "website.chapters.built", name]
    notes = noting("journeys")
    paths = {"PYTHONPATH": os.pathsep.join(map(str, (SCRIPTS, ROOT))), noted.NOTES: str(notes)}
    environment = os.environ | paths
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return json.loads(ran.stdout), below(noticed(notes), SCRIPTS, PACKAGE)


def passed(run: Callable[[], object], root: Path = ROOT) -> list[str]:
    """The files below a folder whose functions are called while something runs, in that order.

    What modules do while they are loaded is no part of it.
    """
    found: dict[str, None] = {}
    loading: list[FrameType] = []

    def watch(frame: FrameType, event: str, _: Any) -> None:
        own = frame.f_code
        if event not in ("call", "return"):
            return
        if own.co_name == "<module>":
            (loading.append if event == "call" else loading.remove)(frame)
        elif event == "call" and not loading and own.co_flags & OPTIMIZED:
            file = Path(own.co_filename)
            if file.is_relative_to(root) and ".venv" not in file.parts:
                found.setdefault(file.relative_to(root).as_posix())

    threading.setprofile(watch)
    sys.setprofile(watch)
    try:
        run()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    return list(found)


def main(name: str) -> None:
    """Go on one journey, and print the files."""
    # the command line sends what is printed after it to standard error
    printed = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    with contextlib.redirect_stdout(io.StringIO()):
        files = passed(JOURNEYS[name])
    # this program is no part of the way, nor is what set its environment up
    aside = {_name(Path(__file__)), *map(_name, SCRIPTS.glob("*.py"))}
    print(json.dumps([file for file in files if file not in aside]), file=printed, flush=True)


def _name(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


MACROS: Mapping[str, Callable[..., object]] = {
    "floor_plan": floor_plan,
    "journey": journey,
    "path": path,
}


if __name__ == "__main__":
    noted.note()
    main(sys.argv[1])
