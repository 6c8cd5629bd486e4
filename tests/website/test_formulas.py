"""The formulas of the pages, worked out as they are set, against what the package counts."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import pytest

from cnnref.counting import explain
from cnnref.counting.arithmetic import output_size, receptive_field
from cnnref.counting.formulas import RULES
from cnnref.counting.layer import Layer
from cnnref.errors import CnnrefError, ShapeError
from cnnref.net import Net
from website.formulas import FORMULAS, filled, formula, value, worked_out
from website.inline import rule
from website.places import DOCS

Case = tuple[dict[str, int | Fraction], int]


def layers() -> Iterator[Layer]:
    """One row of each kind on many maps; sizes have few factors in common."""
    for channels, size, filters, kernel, stride in itertools.product(
        (6, 10), ((5, 7), (8, 8)), (4, 14), (1, 3), (1, 2)
    ):
        for groups, bias, padding in itertools.product((1, 2), (True, False), (0, kernel // 2)):
            net = Net((channels, *size))
            x = net.conv(net.input, filters, kernel, stride=stride, padding=padding,
                         groups=groups, bias=bias)  # fmt: skip
            net.max_pool(x, 2, stride=stride)
            net.batch_norm(x)
            net.linear(net.flatten(x), 11, bias=bias)
            yield from net.table()


def sizes(row: Layer) -> dict[str, int | Fraction]:
    """What the letters of a rule stand for."""
    found: dict[str, int | Fraction] = {
        "C": row.in_shape[0],
        "G": row.window.groups if row.window else 1,
    }
    found |= {"C_{in}": row.in_shape[-1 if row.op == "linear" else 0], "C_{out}": row.out_shape[0]}
    if row.window:
        found["K"] = row.window.kernel[0]
    for letters, shape in ((("H", "W"), row.in_shape), (("H'", "W'"), row.out_shape)):
        found |= dict(zip(letters, shape[1:], strict=False))
    return found


def counted(op: str, count: str) -> Iterator[Case]:
    for row in layers():
        if row.op == op and (number := _count(row, count)):
            yield sizes(row), number


def _count(row: Layer, count: str) -> int:
    # of a layer without biases the formula leaves them out
    if count == "parameters":
        return row.parameters if row.counts.biases else 0
    return row.count(count)


SHOWN = [
    (op, count)
    for op in ("conv", "linear", "batch_norm", "max_pool", "flatten")
    for count in (
        "macs",
        "weights",
        "biases",
        "parameters",
        "bias_adds",
        "window_taps",
        "elements_out",
    )
    if any(True for _ in counted(op, count))
]


def cases_of_size() -> Iterator[Case]:
    for size, kernel, stride, padding in itertools.product(
        range(1, 30), (1, 2, 5), (1, 2, 3), (0, 1, 2)
    ):
        try:
            out = output_size(size, kernel, stride, padding)
        except ShapeError:
            continue
        yield {"W": size, "K": kernel, "S": stride, "P": padding}, out


def built(stack: Callable[..., None], **given: int) -> int:
    net = Net((given["C"], 6, 5))
    stack(net, **given)
    return net.table().macs


def test_what_a_page_shows_of_a_rule_is_what_the_rule_counts() -> None:
    assert len(SHOWN) == 19
    for op, count in SHOWN:
        cases = [*counted(op, count)]
        assert len(cases) > 100
        for given, number in cases:
            assert value(rule(op, count), given) == number, (op, count, given)


def test_without_the_letter_of_the_groups_it_holds_for_one_group() -> None:
    for count in ("macs", "weights", "parameters"):
        text = rule("conv", count, groups=False)
        assert "G" not in text
        assert all(
            value(text, given) == number
            for given, number in counted("conv", count)
            if given["G"] == 1
        )


def test_the_size_of_an_output_is_that_of_its_rule() -> None:
    cases = [*cases_of_size()]
    assert len(cases) > 600
    assert all(value(rule("conv", "size"), given) == number for given, number in cases)


def conv_macs(c: int, f: int, k: int = 1, groups: int = 1, size: tuple[int, int] = (6, 5)) -> int:
    net = Net((c, *size))
    net.conv(net.input, f, k, padding=k // 2, groups=groups, bias=False)
    return net.table().macs


def derived() -> dict[str, Callable[..., int | Fraction]]:
    """Each formula that a page derives: the same, counted by the package."""

    def separable(c: int, f: int, k: int) -> int:
        return conv_macs(c, c, k, groups=c) + conv_macs(c, f)

    def weights(*shapes: tuple[int, ...]) -> int:
        return sum(
            conv_macs(*shape, size=(1, 1)) if shape[2] == 1 else _weights(*shape)
            for shape in shapes
        )

    return {
        "squeeze and excite": lambda c, r: weights((c, c // r, 1), (c // r, c, 1)),
        "squeeze": lambda c, r: weights((c, c // r, 1)),
        "separable of full": lambda c, f, k: Fraction(separable(c, f, k), conv_macs(c, f, k)),
        "separable": lambda c, f, k: Fraction(separable(c, f, k), conv_macs(c, f, k)),
        "inverted": lambda c, t, k: (
            conv_macs(c, t * c) + conv_macs(t * c, t * c, k, t * c) + conv_macs(t * c, c)
        ),
        "convnext": lambda c, t, k: weights((c, c, k, c), (c, t * c, 1), (t * c, c, 1)),
        "two equal": lambda c, k: 2 * weights((c, c, k)),
        "pointwise parameters": lambda c, f: weights((c, f, 1)) + f,
        "pointwise": lambda c, f: conv_macs(c, f),
        "positions": lambda c, f: conv_macs(c, f, 3),
        "direct": lambda c, f, k: conv_macs(c, f, k) // 30,
        "reduced": lambda c, f, k, m: (conv_macs(c, m) + conv_macs(m, f, k)) // 30,
        "field": lambda r, j, k: receptive_field(r, j, k)[0],
    }


def _weights(c: int, f: int, k: int, groups: int = 1) -> int:
    net = Net((c, 9, 9))
    net.conv(net.input, f, k, groups=groups, bias=False)
    return net.table()[0].counts.weights


LETTERS = {"c": "C", "f": "F", "k": "K", "m": "R"}
GRID = {
    "C": (4, 12),
    "F": (6, 10),
    "K": (1, 3, 5),
    "t": (2, 3),
    "r": (2, 4),
    "R": (2, 3),
    "j": (1, 4),
}


def cases(name: str) -> Iterator[Case]:
    counts = derived()[name]
    names = counts.__code__.co_varnames[: counts.__code__.co_argcount]
    letters = [LETTERS.get(name, name) for name in names]
    for chosen in itertools.product(*(GRID[letter] for letter in letters)):
        given = dict(zip(letters, chosen, strict=True))
        more: dict[str, int | Fraction] = {
            "H": 6,
            "W": 5,
            "H'": 6,
            "W'": 5,
            "C_{in}": given.get("C", 1),
        }
        more |= {
            "C_{out}": given.get("F", 1),
            r"\text{weights}": 9 * given.get("C", 1) * given.get("F", 1),
        }
        yield {**more, **given}, counts(*chosen)


@pytest.mark.parametrize("name", sorted({*FORMULAS} - {"break-even"}))
def test_what_a_page_derives_is_what_the_package_counts(name: str) -> None:
    found = [*cases(name)]
    assert len(found) >= 4
    assert all(value(formula(name), given) == number for given, number in found)


def test_a_reduction_saves_below_the_break_even_and_not_from_it_on() -> None:
    for c, f, k in itertools.product(GRID["C"], GRID["F"], (3, 5)):
        given = {"C": c, "F": f, "K": k}
        edge, direct = worked_out("break-even", given), worked_out("direct", given)
        for between in range(1, 20):
            reduced = worked_out("reduced", {**given, "R": between})
            assert (reduced < direct) == (between < edge)


def written(page: Path) -> list[str]:
    """The formulas of a notebook's text."""
    text = "".join(line[2:] for line in page.read_text().splitlines(True) if line.startswith("# "))
    return re.findall(r"\$\$\s*(.+?)\s*\$\$", text, re.DOTALL)


def test_a_notebook_writes_the_rules_as_the_pages_show_them() -> None:
    known = {rule(op, count, groups=groups) for op, count in SHOWN for groups in (True, False)}
    known |= {f"W' = {rule('conv', 'size')}"}
    found = [tex for page in sorted((DOCS / "notebooks").glob("*.py")) for tex in written(page)]
    assert len(found) > 2
    assert set(found) <= known


def faults(tex: str) -> Iterator[str]:
    """The formula with one thing wrong."""
    swaps = {
        "+": "-",
        "-": "+",
        r"\lfloor": r"\lceil",
        "2": "3",
        "1": "2",
        "C_{in}": "C_{out}",
        "H'": "W",
    }
    for old, new in swaps.items():
        for place in (found.start() for found in re.finditer(re.escape(old), tex)):
            changed = tex[:place] + new + tex[place + len(old) :]
            yield (
                changed.replace(r"\lceil", r"\lceil").replace(r"\rfloor", r"\rceil")
                if "floor" in old
                else changed
            )
    for factor in re.finditer(r" / G|\\times \w\b(?!')|\^2", tex):
        yield tex[: factor.start()] + tex[factor.end() :]


def holds(tex: str, found: list[Case]) -> bool:
    try:
        return all(value(tex, given) == number for given, number in found)
    except (CnnrefError, ZeroDivisionError):
        return False


@pytest.mark.parametrize("name", sorted({*FORMULAS} - {"break-even"}))
def test_a_fault_in_a_derived_formula_would_be_seen(name: str) -> None:
    found = [*cases(name)]
    assert not [tex for tex in faults(formula(name)) if holds(tex, found)]


@pytest.mark.parametrize(("op", "count"), SHOWN)
def test_a_fault_in_the_formula_of_a_rule_would_be_seen(op: str, count: str) -> None:
    found = [*counted(op, count)]
    assert not [tex for tex in faults(rule(op, count)) if holds(tex, found)]


def test_a_fault_in_the_formula_of_a_size_would_be_seen() -> None:
    found = [*cases_of_size()]
    tried = [*faults(rule("conv", "size"))]
    assert len(tried) > 5
    assert not [tex for tex in tried if holds(tex, found)]


@pytest.mark.parametrize("tex", ["a b", "(W", "W ]", r"\sqrt W", "W + ", "W = 2 W", "W)"])
def test_what_is_not_understood_is_refused(tex: str) -> None:
    with pytest.raises(CnnrefError, match=r"not understood|the sides of"):
        value(tex, {"W": 3})


def test_brackets_round_down_or_up_or_not_at_all() -> None:
    for left, right, found in (
        (r"\lfloor", r"\rfloor", 3),
        (r"\lceil", r"\rceil", 4),
        ("(", ")", 3.5),
    ):
        assert value(f"{left} 7 / 2 {right}", {}) == found


def test_numbers_in_place_of_letters_are_the_same_formula() -> None:
    given = {"C": 8, "t": 6, "H": 5, "W": 7, "K": 3}
    for side in formula("inverted").split("="):
        assert value(side, given) == value(filled("inverted", given).split("=")[0], {})


def test_the_line_with_numbers_comes_from_the_rule_and_not_from_the_count() -> None:
    # each size is looked up where the rule says, so that a wrong count falls back to itself
    for row in layers():
        for count in ("macs", "weights", "window_taps"):
            number = row.count(count)
            if number and (row.op, count) in RULES:
                assert explain.value(explain.formula(row, count)) == number
                assert explain.formula(row, count) != ((number,),) or number == prod_of(row, count)
                wrong = row._replace(counts=row.counts._replace(**{count: 7 * number}))
                assert explain.formula(wrong, count) == ((7 * number,),)


def prod_of(row: Layer, count: str) -> int:
    return row.out_shape[0] if count == "weights" and row.op == "batch_norm" else -1
