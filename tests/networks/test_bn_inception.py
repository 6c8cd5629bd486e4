"""BN-Inception: what its paper prints follows from 96 filters, and not from the printed 128."""

from __future__ import annotations

import re

import pytest

import cnnref
from cnnref.specs import bn_inception
from cnnref.tables.table import Table
from website.citations import agrees, computed, confirm

# Figure 5, column "output size": height and width, maps; 3c and 4e print the size they read
PRINTED = {
    "3a": (28, 256),
    "3b": (28, 320),
    "3c": (28, 576),
    "4a": (14, 576),
    "4b": (14, 576),
    "4c": (14, 576),
    "4d": (14, 576),
    "4e": (14, 1024),
    "5a": (7, 1024),
    "5b": (7, 1024),
}
AS_PRINTED = ("4c", "4d")


@pytest.fixture
def with_128(monkeypatch: pytest.MonkeyPatch) -> None:
    """The projections of 4c and 4d as Figure 5 prints them."""
    rows = tuple(
        (name, (*branches[:3], re.sub(r"\d+$", "128", branches[3])))
        if name in AS_PRINTED
        else (name, branches)
        for name, branches in bn_inception.FIGURE_5
    )
    monkeypatch.setattr(bn_inception, "FIGURE_5", rows)


def outputs(table: Table) -> dict[str, tuple[int, int]]:
    return {
        row.name.removeprefix("inception_").removesuffix(".concat"): (
            row.in_shape.size[0] * (2 if row.block[-2:] in ("3c", "4e") else 1),
            row.out_shape.channels,
        )
        for row in table
        if row.op == "concat"
    }


def test_every_printed_output_follows_from_the_filters() -> None:
    assert outputs(cnnref.table("bn_inception")) == PRINTED


@pytest.mark.usefixtures("with_128")
def test_the_printed_filters_contradict_the_printed_outputs() -> None:
    found = outputs(cnnref.table("bn_inception"))
    assert {name: maps for name, (_, maps) in found.items() if maps != PRINTED[name][1]} == {
        "4c": 608,
        "4d": 608,
        "4e": 1056,
    }


def test_the_parameters_that_the_paper_states_are_those_with_the_head() -> None:
    figure = next(f for f in cnnref.published("bn_inception") if f.quantity == "params")
    assert str(figure.value) == "13.6"
    assert agrees("13.6", "M", cnnref.table("bn_inception_aux").parameters)
    assert not agrees("13.6", "M", computed(figure))
    assert "11.19 million" in confirm(figure).reason
    assert agrees("11.19", "M", computed(figure))


@pytest.mark.usefixtures("with_128")
def test_with_128_filters_they_would_be_more() -> None:
    assert agrees("13.7", "M", cnnref.table("bn_inception_aux").parameters)


def test_the_cost_that_a_later_paper_states_is_that_of_a_plain_first_convolution() -> None:
    figure = next(f for f in cnnref.published("bn_inception") if f.quantity == "macs")
    table, plain = cnnref.table("bn_inception"), cnnref.Net((3, 224, 224))
    plain.conv(plain.input, 64, 7, stride=2, padding=3, bias=False)
    halves = table["conv1_depthwise"].macs + table["conv1"].macs
    other = table.macs - halves + plain.table().macs
    assert agrees("1.93", "G", table.macs)
    assert agrees("2.02", "G", other)
    assert agrees(str(figure.value), "G", other)
    assert not agrees(str(figure.value), "G", table.macs)
