"""The convolution on the pages computes what the package counts and what torch computes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

import pytest
import torch
from torch.nn import functional

from cnnref.counting.arithmetic import conv, output_size, pool, receptive_field
from cnnref.counting.explain import output_size as worked
from cnnref.counting.explain import symbolic
from cnnref.counting.layer import Layer
from cnnref.counting.shapes import Shape, Window
from cnnref.errors import CnnrefError, ShapeError, UnknownNameError
from website.hands import convolution
from website.hands.convolution import USUAL, asked, rules, state
from website.theme import math

SIZES = [
    dict(zip("WKSPD", sizes, strict=True))
    for sizes in product(range(1, 10), range(1, 6), range(1, 5), range(3), range(1, 4))
]


@pytest.fixture(scope="module", autouse=True)
def engine() -> Iterator[None]:
    yield
    math.close()


def every(function: str, states: list[dict[str, Any]], *more: object) -> list[Any]:
    """What a function of the script answers for each of some states."""
    asked("sizes", states[0])
    given = "".join(f", {json.dumps(one)}" for one in more)
    call = f"{json.dumps(states)}.map(s => {convolution.NAME}.{function}(s{given}))"
    found: list[Any] = json.loads(math.engine().eval(f"JSON.stringify({call})"))
    return found


def counted(s: Mapping[str, Any]) -> dict[str, Any]:
    """The sizes of one layer by the package, or its sentence why there are none."""
    try:
        if s["op"] == "max":
            pool(Shape((1, s["W"], s["W"])), window(s))
        size = output_size(s["W"], s["K"], s["S"], s["P"], s["D"], s["ceil"])
    except ShapeError as error:
        return {"fault": str(error)}
    return {"found": [s["W"], size]}


def window(s: Mapping[str, Any]) -> Window:
    kernel, stride, padding, dilation = ((s[name], s[name]) for name in "KSPD")
    return Window(kernel, stride, padding, dilation, s["G"], s["ceil"])


def layer(s: Mapping[str, Any]) -> Layer:
    """The row of one window on one channel."""
    work = pool if s["op"] == "max" else None
    shape = Shape((s["C"], s["W"], s["W"]))
    done = work(shape, window(s)) if work else conv(shape, s["F"], window(s))
    op = "max_pool" if work else "conv"
    inputs = ((-1,), (shape,))
    return Layer("window", op, "", "", *inputs, done.out_shape, window(s), done.counts)


@pytest.mark.parametrize(("op", "ceil"), [("conv", False), ("max", False), ("max", True)])
def test_sizes_and_refusals_are_the_packages(op: str, *, ceil: bool) -> None:
    states = [{**USUAL, **sizes, "op": op, "ceil": ceil} for sizes in SIZES]
    assert every("sizes", states) == [counted(one) for one in states]


@pytest.mark.parametrize("ceil", [False, True])
def test_the_line_of_a_size_is_the_packages(*, ceil: bool) -> None:
    op = "max" if ceil else "conv"
    states = [{**USUAL, **sizes, "op": op, "ceil": ceil} for sizes in SIZES]
    states = [one for one in states if "found" in counted(one)]
    size = rules()["size"]
    assert len(states) > 400
    for one in states:
        assert asked("sizeLine", one, size, one["W"]) == worked(layer(one))


def test_what_is_worked_out_besides_is_what_the_package_counts() -> None:
    stated = rules("weights macs")
    assert " × ".join(stated["counts"]["weights"]) == symbolic("conv", "weights", "×").strip("()")
    for channels, filters, groups, kernel in product((1, 2, 4), (2, 4), (1, 2), (1, 3)):
        if channels % groups:
            continue
        one = state({"C": channels, "F": filters, "G": groups, "K": kernel, "P": 1, "S": 2})
        lines = dict(asked("formulas", one, stated))
        row = layer(one)
        assert lines["weights"].endswith(f" = {row.counts.weights:,}")
        assert lines["MACs"].endswith(f" = {row.counts.macs:,}")


def test_what_a_stack_sees_is_what_the_package_says() -> None:
    for kernel, stride, dilation, layers in product((1, 3, 5), (1, 2), (1, 2), (1, 2, 3)):
        one = {**USUAL, "K": kernel, "S": stride, "D": dilation, "L": layers}
        seen = [(1, 1)]
        for _ in range(layers):
            seen.append(receptive_field(*seen[-1], kernel, stride, dilation))
        assert [(f["r"], f["j"]) for f in asked("fields", one)] == seen
    lines = dict(asked("formulas", state({"W": 9, "L": 2}), rules()))
    assert lines["an output sees"] == "1 + (3 − 1) × 1 = 3, then 3 + (3 − 1) × 1 = 5"


CASES = [
    {"W": 7, "K": 3, "S": 2, "P": 1},
    {"W": 9, "K": 3, "D": 3, "P": 2},
    {"W": 5, "K": 3, "P": 1, "C": 4, "F": 4, "G": 2},
    {"W": 4, "K": 3, "C": 4, "F": 4, "G": 4},
    {"W": 4, "K": 1, "C": 4, "F": 2},
    {"W": 9, "K": 3, "L": 2, "P": 1},
    {"op": "max", "W": 8, "K": 3, "S": 2},
    {"op": "max", "W": 8, "K": 3, "S": 2, "ceil": True},
    {"op": "max", "W": 9, "K": 2, "S": 2, "P": 1, "D": 2},
    {"op": "max", "W": 110, "K": 3, "S": 2, "ceil": True},
]


def grid(one: Mapping[str, Any], layer: int, channels: int, size: int) -> torch.Tensor:
    """All values of a map, as the script has them."""
    sizes = asked("sizes", one)["found"]
    given = f"{json.dumps(one)}, {sizes}, {layer}"
    places = f"[...Array({size}).keys()]"
    value = f"{convolution.NAME}.valueAt({given}, c, y, x)"
    planes = (
        f"[...Array({channels}).keys()].map(c => {places}.map(y => {places}.map(x => {value})))"
    )
    found = math.engine().eval(f"JSON.stringify({planes})")
    return torch.tensor(json.loads(found), dtype=torch.float64)[None]


def kernels(one: Mapping[str, Any], layer: int) -> torch.Tensor:
    sizes = asked("sizes", one)["found"]
    taps = [
        [[by for _, by in channel] for channel in asked("terms", one, sizes, layer, f, 0, 0)]
        for f in range(int(one["F"]))
    ]
    flat = torch.tensor(taps, dtype=torch.float64)
    return flat.reshape(*flat.shape[:2], one["K"], one["K"])


@pytest.mark.parametrize("sizes", CASES, ids=str)
def test_every_output_is_what_torch_computes(sizes: dict[str, Any]) -> None:
    one = state(sizes)
    found = asked("sizes", one)["found"]
    x = grid(one, 0, one["C"], found[0])
    assert x.unique().tolist() == [0, 1, 2, 3]
    for number in range(1, one["L"] + 1):
        if one["op"] == "max":
            x = functional.max_pool2d(x, one["K"], one["S"], one["P"], one["D"], one["ceil"])
        else:
            given = (one["S"], one["P"], one["D"], one["G"])
            x = functional.conv2d(x, kernels(one, number), None, *given)
        assert torch.equal(x, grid(one, number, one["F"], found[number]))


@pytest.mark.parametrize("sizes", CASES, ids=str)
def test_the_sum_comes_to_the_number_in_the_cell(sizes: dict[str, Any]) -> None:
    one = state(sizes)
    at = asked("first", one)
    for _ in range(5):
        line = asked("sumLine", one, at)
        value = asked("said", one, at).rpartition(": ")[2]
        body, _, result = line.replace("−", "-").rpartition(" is " if one["op"] == "max" else " = ")
        assert result == value
        made = body.removeprefix("the largest of").replace("·", "*")
        assert eval(f"max([{made}])" if one["op"] == "max" else made) == int(value)
        at = asked("next", one, at)


def test_what_floor_leaves_over_is_read_when_it_is_rounded_up() -> None:
    down, up = (
        state({"op": "max", "W": 110, "K": 3, "S": 2, "ceil": ceil}) for ceil in (False, True)
    )
    assert (asked("unread", down), asked("unread", up)) == (1, 0)
    found = [asked("sizes", one)["found"] for one in (down, up)]
    assert found == [[110, 54], [110, 55]]


def test_the_window_goes_over_every_output_and_back() -> None:
    one = state({"W": 4, "K": 3, "P": 1, "C": 2, "F": 2})
    start = at = asked("first", one)
    seen = set()
    for _ in range(2 * 4 * 4):
        seen.add(tuple(at.values()))
        assert asked("next", one, asked("next", one, at), -1) == at
        at = asked("next", one, at)
    assert at == start
    assert len(seen) == 2 * 4 * 4


def test_a_row_lends_its_window() -> None:
    lent = convolution.of_row("zfnet/pool1")
    assert lent == {"op": "max", "W": 110, "K": 3, "S": 2, "P": 0, "D": 1, "ceil": True}
    html = convolution.convolution("pool1", "W K S ceil", row="zfnet/pool1", ceil=False)
    assert "⌊(110 − 3 + 2 × 0) / 2⌋ + 1 = 54" in html
    assert 'min="106" max="114" value="110"' in html


def test_a_page_shows_the_frames_without_scripts() -> None:
    html = convolution.convolution("A window", "W K G ceil", W=6, K=3, C=4, F=4)
    assert html.count("<svg") == 3 + 2 * 2
    assert html.count('type="range"') == 3
    assert 'data-values="1 2 4"' in html
    assert 'value="floor" checked' in html
    assert "None" not in html


@pytest.mark.parametrize(
    ("fields", "counts", "sizes", "said"),
    [
        ("Q", "", {}, "Unknown field 'Q': known are "),
        ("W", "taps", {}, "Unknown count 'taps': known are "),
        ("W", "", {"N": 1}, "Unknown size 'N': known are "),
        ("W", "", {"W": 2}, "^a window of 3 does not fit 2 with padding 0, in a convolution of {"),
        ("W", "", {"row": "zfnet/fc6"}, "^zfnet/fc6 has no window over a map"),
    ],
)
def test_what_a_page_asks_wrongly_is_refused(
    fields: str, counts: str, sizes: dict[str, Any], said: str
) -> None:
    with pytest.raises((UnknownNameError, CnnrefError), match=said):
        convolution.convolution("A window", fields, counts, **sizes)


OPTIONS: dict[str, list[int]] = {
    "W": [*range(1, 10)],
    "S": [1, 2, 3],
    "G": [1, 2, 4],
    "ceil": [0, 1],
}


def test_a_link_carries_a_state_and_brings_it_back() -> None:
    own = state({"W": 6, "K": 3, "C": 4, "F": 4})
    assert asked("link", own, asked("first", own), own) == ""
    for wide, stride, groups, ceil in product((3, 9), (1, 3), (1, 4), (False, True)):
        one = {**own, "W": wide, "S": stride, "G": groups, "ceil": ceil}
        at = asked("next", one, asked("first", one), -1)
        back = asked("parse", asked("link", one, at, own), own, OPTIONS)
        assert back == {"s": one, "at": at, "fault": ""}
    # a window that does not fit is a state, too
    none = {**own, "W": 1}
    assert (
        asked("parse", asked("link", none, {"f": 0, "y": 0, "x": 0}, own), own, OPTIONS)["s"]
        == none
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("W=12", "W = “12”, and known are 1, 2, 3, 4, 5, 6, 7, 8, 9"),
        ("W=", "W = “”"),
        ("S=1e0", "S = “1e0”"),
        ("K=5", "“K”, and what can be changed is W, S, G, ceil"),
        ("__proto__=1", "“__proto__”"),
        ("W", "W = “”"),
        ("ceil=true", "ceil = “true”, and known are 0, 1"),
        ("at=0.4.0", "the place “0.4.0”, where no output is on view"),
        ("at=9.0.0", "the place “9.0.0”"),
        ("at=0.0", "the place “0.0”"),
        ("at=x", "the place “x”"),
        ("W=%zz&at=0.0.0", "W = “%zz”"),
        ("at=", "the place “”"),
        ("at=..", "the place “..”"),
        ("at=0.0.0.0", "the place “0.0.0.0”"),
        ("at=0x0.0.0", "the place “0x0.0.0”"),
        ("W=4=5", "W = “4=5”"),
        ("W=4&S=1&W=4", "“W” twice"),
        ("x" * 9999, f"“{'x' * 60}…”, and what"),
        ("W=" + "4" * 9999, f"W = “{'4' * 58}…”, and known"),
    ],
)
def test_a_broken_link_is_the_pages_own_state_and_says_why(text: str, said: str) -> None:
    own = state({"W": 6, "K": 3, "C": 4, "F": 4})
    found = asked("parse", text, own, OPTIONS)
    assert (found["s"], found["at"]) == (own, asked("first", own))
    assert found["fault"].startswith(f"the link asks for {said}")
