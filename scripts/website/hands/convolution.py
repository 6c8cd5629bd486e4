"""A convolution under the reader's hands: numbers in cells, a window that moves, and its sum.

The same script draws it here and in the browser, so a page without scripts has the frames of it
beside each other. The rules of sizes, weights and work reach the script as the package states
them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cnnref.counting.formulas import SIZE, letters
from cnnref.errors import CnnrefError, UnknownNameError
from website.facts import lookup
from website.formulas import formula
from website.markup import Html, element
from website.places import DOCS
from website.theme.math import engine

__all__ = ["FIELDS", "MACROS", "State", "asked", "convolution", "of_row", "rules", "state"]

SCRIPT = DOCS / "assets" / "javascripts" / "convolution.js"
NAME = "cnnrefConvolution"
State = Mapping[str, int | bool | str]
# what a reader can change: what it is called, and its values
FIELDS: Mapping[str, tuple[str, Sequence[int]]] = {
    "W": ("input W", range(1, 10)),
    "K": ("kernel K", range(1, 6)),
    "S": ("stride S", range(1, 5)),
    "P": ("padding P", range(3)),
    "D": ("dilation", range(1, 4)),
    "G": ("groups G", (1, 2, 4)),
    "L": ("layers", range(1, 4)),
}
# the sizes on both sides of a map that is too large to draw, of which the last corner is shown
AROUND = 4
USUAL: State = {"op": "conv", "W": 7, "K": 3, "S": 1, "P": 0, "D": 1, "G": 1, "C": 1, "F": 1,
                "L": 1, "ceil": False}  # fmt: skip
OPS = {"conv": "conv", "max_pool": "max"}
COUNTS = {"weights": "weights", "macs": "MACs"}


def convolution(
    title: str, fields: str, counts: str = "", row: str = "", **sizes: int | bool | str
) -> Html:
    """A convolution, or a pooling with op="max", that a reader moves and changes.

    fields: what can be changed, keys of FIELDS, and "ceil", with spaces between them.
    counts: "weights", "macs" or both: what is worked out besides the size.
    row: a row ("table/row") that lends its window and the size of its input.
    sizes: what it begins with, where that is not the row's or USUAL.

    Raises:
        UnknownNameError: a size or a field has a name that is none.
        CnnrefError: the window does not fit, or the row has none.
    """
    begun, stated = state({**(of_row(row) if row else {}), **sizes}), rules(counts)
    frames = key_frames(begun)
    data = json.dumps({"state": begun, "rules": stated}, ensure_ascii=False)
    return element(
        "figure",
        element("figcaption", title),
        element("dl", *map(_worked, asked("formulas", begun, stated)), data_part="formula"),
        element("div", _maps(title, begun, frames[0]), _controls(fields, begun), class_="stage"),
        element("p", asked("sumLine", begun, frames[0]), class_="sum", data_part="sum"),
        element("p", role="status", class_="visually-hidden", data_part="said"),
        element("div", *(_frame(begun, at) for at in frames[1:]), class_="frames"),
        class_="convolution",
        data_convolution=data,
        data_search_exclude=True,
    )


def state(sizes: Mapping[str, int | bool | str]) -> dict[str, Any]:
    """All that a convolution is made of, from what is said of it.

    Raises:
        UnknownNameError: a size has a name that is none.
        CnnrefError: the window does not fit.
    """
    for name in sizes.keys() - USUAL.keys():
        raise UnknownNameError("size", name, USUAL)
    found = {**USUAL, **sizes}
    if fault := asked("sizes", found).get("fault"):
        raise CnnrefError(f"{fault}, in a convolution of {dict(sizes)}.")
    return found


def of_row(path: str) -> dict[str, int | bool | str]:
    """The window of a row, and the size of its input along one axis.

    Raises:
        CnnrefError: it is no convolution or max pooling with a square window.
    """
    key, _, name = path.partition("/")
    layer = lookup(key)[name]
    window = layer.window
    if layer.op not in OPS or window is None or len({*window.kernel}) != 1:
        raise CnnrefError(f"{path} has no window over a map that could be drawn.")
    axes = (layer.in_shape[-1:], window.kernel, window.stride, window.padding, window.dilation)
    sizes = dict(zip("WKSPD", (axis[0] for axis in axes), strict=True))
    return {"op": OPS[layer.op], **sizes, "ceil": window.ceil_mode}


def rules(counts: str = "") -> dict[str, Any]:
    """The package's rules as the script reads them: letters and places for numbers."""
    listed = {}
    for count in counts.split():
        if count not in COUNTS:
            raise UnknownNameError("count", count, COUNTS)
        ((*groups,),) = letters("conv", count)
        listed[COUNTS[count]] = [letter for group in groups for letter in group]
    grown = formula("field").replace("r +", "{r} +").replace("K", "{K}").replace(r"\, j", " × {j}")
    return {"size": SIZE, "field": grown.replace("-", "−"), "counts": listed}


def asked(function: str, *arguments: object) -> Any:
    """What a function of the page's script answers."""
    given = ", ".join(json.dumps(argument) for argument in arguments)
    if not engine().eval(f"typeof globalThis.{NAME} === 'object'"):
        engine().eval(SCRIPT.read_text(encoding="utf-8"))
    return json.loads(engine().eval(f"JSON.stringify({NAME}.{function}({given}))"))


def key_frames(begun: State) -> list[Any]:
    """The first place of the window, the next one, and the last."""
    start = asked("first", begun)
    return [start, asked("next", begun, start), asked("next", begun, start, -1)]


def _worked(line: tuple[str, str]) -> Html:
    return element("div", element("dt", line[0]), element("dd", line[1]))


def _maps(title: str, begun: State, at: object) -> Html:
    label = f"{title}. The arrow keys move the window, the space bar plays."
    drawn = Html(asked("maps", begun, at))
    return element("div", drawn, role="group", class_="maps", data_part="maps", aria_label=label)


def _frame(begun: State, at: object) -> Html:
    drawn = Html(asked("maps", begun, at, False))
    return element("div", drawn, element("p", asked("sumLine", begun, at)))


def _controls(fields: str, begun: State) -> Html:
    changed = (
        _rounding(begun) if name == "ceil" else _slider(name, begun) for name in fields.split()
    )
    buttons = {"back": "Back", "step": "Step", "play": "Play"}
    pressed = (
        element("button", text, type="button", data_part=part) for part, text in buttons.items()
    )
    reset = element("button", "Reset", type="reset")
    return element("form", element("div", *pressed, reset, class_="buttons"), *changed)


def _slider(name: str, begun: State) -> Html:
    if name not in FIELDS:
        raise UnknownNameError("field", name, FIELDS)
    called, usual = FIELDS[name]
    value = int(begun[name])
    values = usual if value in usual else range(value - AROUND, value + AROUND + 1)
    steps: dict[str, object] = {"min": values[0], "max": values[-1], "value": value}
    if not isinstance(values, range):
        places = {"min": 0, "max": len(values) - 1, "value": values.index(value)}
        steps = {**places, "data_values": " ".join(map(str, values)), "aria_valuetext": value}
    shown = element("output", str(value), data_shows=name)
    slider = element("input", type="range", name=name, autocomplete="off", **steps)
    return element("label", element("span", called), slider, shown)


def _rounding(begun: State) -> Html:
    options = (
        element("label", _way(value, begun), f"rounded {said}")
        for value, said in (("floor", "down"), ("ceil", "up"))
    )
    return element("fieldset", element("legend", "The output size is"), *options)


def _way(value: str, begun: State) -> Html:
    chosen = (value == "ceil") == begun["ceil"]
    return element("input", type="radio", name="ceil", value=value, checked=chosen or None)


MACROS: Mapping[str, Callable[..., object]] = {"convolution": convolution}
