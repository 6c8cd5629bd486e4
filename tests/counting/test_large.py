"""Numbers larger than any machine holds are exact in every format, or refused in a sentence."""

import csv
import io
import json
import math
from itertools import product

import numpy as np
import pytest

import cnnref
from cnnref.counting import arithmetic
from cnnref.counting.arithmetic import taps_inside
from cnnref.errors import CnnrefError, quoted
from cnnref.net import Net
from cnnref.tables.budget import amount
from cnnref.tables.columns import COLUMNS
from cnnref.testing import assert_budget

LARGEST = 2**63 - 1
MACS = 27 * 4 * LARGEST**2


def large(filters=4, kernel=3, padding=1, size=LARGEST):
    net = Net((3, size, size), name="large")
    net.conv(net.input, filters, kernel, padding=padding, name="conv")
    return net.table()


def test_a_frame_has_what_no_int64_holds():
    frame = large().to_frame(columns=["layer", "macs", "parameters"])
    assert frame["MACs"].tolist() == [MACS]
    assert frame["MACs"].dtype == object
    assert frame["parameters"].dtype == "Int64"


def test_every_format_has_all_digits():
    table = large()
    assert next(csv.DictReader(io.StringIO(table.to_csv())))["MACs"] == str(MACS)
    assert json.loads(table.to_json())["rows"][0]["counts"]["macs"] == MACS
    shown = [getattr(table, f"to_{name}")() for name in ("text", "html", "markdown", "latex")]
    assert all(f"{MACS:,}" in text for text in (*shown, table["conv"].explain()))


@pytest.mark.parametrize("key", COLUMNS)
def test_every_column_can_be_had_of_it(key):
    table = large()
    assert len(table.to_frame(columns=["layer", key])) == 1
    for text in (table.to_csv(columns=[key]), table.to_text(columns=["layer", key])):
        assert "inf" not in text
        assert "nan" not in text


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: large(size=2**63), "must be less than 2**63, but is 9223372036854775808."),
        (lambda: large(10**5000), "must be less than 2**63, but is a whole number of 16610 bits."),
        (lambda: large(-(10**5000)), "whole number, but is a whole number of 16610 bits."),
        (lambda: large(kernel=10**5000), "must be less than 2**63"),
        (lambda: large(kernel=(3, 2**63)), "must be less than 2**63"),
        (lambda: large(padding=2**63), "must be less than 2**63"),
        (lambda: _with_eps(10**400), "eps must be a finite number, but is a whole number of 1329"),
        (lambda: amount("macs", math.inf), "30M or 1500k, or +2% of a baseline, but is inf"),
        (lambda: amount("macs", math.nan), "but is nan."),
        (lambda: amount("macs", 10**5000), "but is a whole number of 16610 bits."),
        (lambda: amount("macs", True), "but is True."),
        (lambda: amount("macs", "9" * 50), "but is '999"),
    ],
)
def test_what_no_tensor_has_and_no_sentence_holds_is_refused(make, said):
    with pytest.raises(CnnrefError) as caught:
        make()
    assert said in str(caught.value)
    assert len(str(caught.value)) < 200


def _with_eps(eps):
    net = Net((3, 8, 8))
    net.batch_norm(net.input, eps=eps)


def test_a_long_number_is_quoted_by_its_length():
    assert quoted(10**40 - 1) == "9" * 40
    assert quoted(10**40) == "a whole number of 133 bits"
    assert quoted(True) == "True"


def test_a_budget_may_be_a_number_of_any_kind():
    assert [amount("macs", one) for one in (5, 5.5, np.int64(5), np.float32(5.5))] == [5] * 4
    with pytest.raises(CnnrefError, match="but is inf"):
        assert_budget(cnnref.table("alexnet"), macs=math.inf)


def test_taps_are_those_of_a_walk_over_all():
    sizes, windows, paddings = (1, 2, 5, 8), (1, 2, 3, 7), (0, 1, 4)
    for size, kernel, stride, padding, dilation, out in product(
        sizes, windows, (1, 2, 3, 5), paddings, (1, 2, 3), (1, 2, 4, 9)
    ):
        places = (o * stride - padding + k * dilation for o in range(out) for k in range(kernel))
        walked = sum(0 <= place < size for place in places)
        assert taps_inside(size, out, kernel, stride, padding, dilation) == walked


def test_padding_under_a_huge_window_is_counted_in_few_steps(monkeypatch):
    calls = []
    floors = arithmetic._floors
    monkeypatch.setattr(arithmetic, "_floors", lambda *given: calls.append(given) or floors(*given))
    # one window position less than the padding adds on each axis, and all but 5 of each edge inside
    kernel, size = 10**7 + 1, 10**8
    row = large(kernel=kernel, padding=5, size=size)[0]
    out = size + 10 - kernel + 1
    missed = 2 * sum(range(1, 6))
    assert row.padding_macs == 12 * ((out * kernel) ** 2 - (out * kernel - missed) ** 2)
    assert len(calls) == 4
