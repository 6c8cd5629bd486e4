"""Where some rows are not counted, every total says that it is the least, in every view."""

from __future__ import annotations

import csv
import json
from io import StringIO

import pytest
import torch
from torch import Tensor, nn
from unknown_operator import mystery

import cnnref
from cnnref.tables.table import Table
from cnnref.testing import assert_budget


class Spectral(nn.Module):
    """A convolution, and an operator that no rule counts."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.mix = nn.Linear(6, 5)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.mix(mystery(self.conv(x).to(torch.complex64)).real)
        return y


@pytest.fixture(scope="module")
def table() -> Table:
    with pytest.warns(cnnref.UncountedWarning):
        return cnnref.trace(Spectral(), (3, 8, 8))


MACS = 4 * 36 * 27 + 4 * 6 * 6 * 5
NOTE = "No rule counts mystery (1 row), marked ?; totals with >= leave them out."


def test_a_table(table: Table) -> None:
    assert [row.op for row in table.uncounted] == ["mystery"]
    assert repr(table) == "<Table Spectral: 4 rows, 1 of them uncounted, input 3 x 8 x 8>"
    text = table.to_text()
    assert f">= {MACS:,}" in text
    assert NOTE in text
    # the parameters are all there, and so are the bytes
    total = total_of(table, "layer,parameters,macs,bytes,peak")
    assert total == ["147", ">=", f"{MACS:,}", "2,208", "1,344"]
    shares = total_of(table, "layer,parameters_share,macs_share,intensity")
    assert shares == ["100.0", "100.0", "?"]


def total_of(table: Table, columns: str) -> list[str]:
    lines = table.to_text("macs", columns).splitlines()
    (total,) = [line.split()[1:] for line in lines if line.startswith("Total")]
    return total


def test_groups(table: Table) -> None:
    groups = table.group("op")
    assert repr(groups) == (
        "<Groups of Spectral by op: conv, to, mystery, linear, some rows uncounted>"
    )
    assert f">= {MACS:,}" in groups.to_text()
    assert NOTE in groups.to_text()
    rows = list(csv.DictReader(StringIO(groups.to_csv())))
    assert {row["op"]: (row["MACs"], row["uncounted"]) for row in rows} == {
        "conv": ("3888", "0"),
        "mystery": ("", "1"),
        "to": ("0", "0"),
        "linear": ("720", "0"),
    }
    whole = table.group(depth=1)
    assert json.loads(whole.to_json())["complete"] is False
    assert "uncounted" not in table.part([0]).group("op").to_csv()


def test_a_part_and_the_whole(table: Table) -> None:
    lines = table.top(1).to_text().splitlines()
    (shown,) = [line.split() for line in lines if line.startswith("Shown")]
    (every,) = [line.split() for line in lines if line.startswith("All")]
    assert shown[-1] == "3,888"
    assert every[-2:] == [">=", f"{MACS:,}"]


def test_collapsed_rows(table: Table) -> None:
    found = table.collapse()
    assert repr(found) == "<Repeats Spectral: 4 rows for 4, some uncounted>"
    assert f">= {MACS:,}" in found.to_text()
    assert json.loads(found.to_json())["uncounted"] == [table.uncounted[0].name]


def test_a_comparison(table: Table) -> None:
    found = cnnref.compare(table, cnnref.trace(nn.Conv2d(3, 4, 3), (3, 8, 8)))
    assert not found.complete
    text = found.to_text()
    assert f"MACs: >= {MACS:,} in the first, 3,888 in the second." in text
    assert "No rule counts mystery of the first; its MACs leave them out." in text
    assert "of what is counted" in text
    assert json.loads(found.to_json())["complete"] is False
    same = cnnref.compare(cnnref.table("alexnet"), cnnref.table("vgg11"))
    assert same.complete
    assert "of what is counted" not in same.to_text()


@pytest.mark.filterwarnings("ignore::cnnref.UncountedWarning")
def test_a_sweep() -> None:
    found = cnnref.sweep(Spectral(), batch_size=[1, 2], input_shape=(3, 8, 8))
    assert repr(found).endswith("over batch_size, some rows uncounted>")
    text = found.to_text("macs", "parameters,operations,peak,intensity")
    assert f">= {MACS:,}" in text
    assert f">= {2 * MACS:,}" in text
    assert "Some rows are not counted; totals with >= leave them out." in text
    (first, _) = [line.split() for line in text.splitlines() if ">=" in line][:2]
    assert first == ["1", "147", ">=", f"{MACS:,}", "1,344", "?"]
    rows = list(csv.DictReader(StringIO(found.to_csv())))
    assert [row["uncounted"] for row in rows] == ["1", "1"]
    assert [one["complete"] for one in json.loads(found.to_json())["points"]] == [False, False]
    assert "uncounted" not in cnnref.sweep("alexnet", batch_size=[1, 2]).to_csv()


@pytest.mark.filterwarnings("ignore::cnnref.UncountedWarning")
def test_a_budget() -> None:
    with pytest.raises(AssertionError) as error:
        assert_budget(Spectral(), macs="1G", input_shape=(3, 8, 8))
    assert str(error.value) == (
        "Spectral: may cost more than is counted: no rule counts mystery in mystery"
    )
    allowed = {"input_shape": (3, 8, 8), "allow_uncounted": True}
    assert assert_budget(Spectral(), macs="1G", **allowed).macs == MACS
    with pytest.raises(AssertionError) as error:
        assert_budget(Spectral(), macs="4k", parameters=100, **allowed)
    assert str(error.value).splitlines() == [
        "Spectral: macs: at least 4.61 kMACs exceed the budget of 4.00 kMACs by 608 MACs (15.2%); "
        "most in conv (84.4%), mix (15.6%)",
        "Spectral: parameters: 147 parameters exceed the budget of 100 parameters by 47 parameters "
        "(47.0%); most in conv (76.2%), mix (23.8%)",
    ]


def test_a_budget_that_is_kept_says_at_least_too(table: Table) -> None:
    from cnnref.tables.budget import Budget

    (macs, parameters) = Budget({"macs": "10k", "parameters": 200}).verdicts(table)
    assert str(macs) == "macs: at least 4.61 kMACs of 10.00 kMACs (46.1%)"
    assert str(parameters) == "parameters: 147 parameters of 200 parameters (73.5%)"


def test_a_doubt_names_the_row_from_which_on_values_decided():
    class Chooses(nn.Module):
        def __init__(self):
            super().__init__()
            self.one, self.two = nn.Linear(4, 4), nn.Linear(4, 2)

        def forward(self, x):
            x = self.one(x)
            return self.two(x) if x.sum() > -1e9 else x

    with pytest.warns(cnnref.DataWarning):
        table = cnnref.trace(Chooses(), (4,))
    assert table.ran.row < len(table)
    assert f"rows from {table[table.ran.row].name} on may depend on them" in table.doubt


def test_the_sums_of_groups_are_in_the_units_of_their_columns():
    groups = cnnref.table("alexnet").group("op")
    frame = groups.to_frame(columns="operations_m,macs")
    millions, macs = (frame.iloc[:, place] for place in (-2, -1))
    assert [1e6 * value for value in millions] == [pytest.approx(value) for value in macs]
