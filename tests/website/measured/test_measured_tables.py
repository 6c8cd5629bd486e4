"""What tables print of a record is what the record says, in the units of their heads."""

from __future__ import annotations

from typing import Any

import pytest
from bs4 import BeautifulSoup
from measured_samples import BEST, HERE, made, measurement

import cnnref
from cnnref.measuring.record import Measurement, Quartiles
from studies.machines.record import LeftOut
from website.measured import network_tables, tables
from website.measured.predict import measured
from website.measured.shown import LABELS, Shown, analytic_peak

NEAR = 6e-3  # of three digits


def read(html: str) -> dict[str, dict[str, Any]]:
    """A table's lines by the name that each begins with: a cell's exact value, or its text."""
    page = BeautifulSoup(html, "html.parser")
    heads = [head.get_text() for head in page.select("thead th")]
    lines: dict[str, dict[str, Any]] = {}
    for number, row in enumerate(page.select("tbody tr, tfoot tr")):
        name, *cells = row.select("th, td")
        values = [
            float(str(cell.data["value"])) if cell.data else cell.get_text() for cell in cells
        ]
        key = name.get_text() if name.get_text() not in lines else f"{name.get_text()} {number}"
        lines[key] = dict(zip(heads[1:], values, strict=True))
    return lines


def near(value: float) -> Any:
    return pytest.approx(value, rel=NEAR)


def timed(name: str, seconds: float, **changes: Any) -> Measurement:
    time = Quartiles(0.8 * seconds, seconds, 1.3 * seconds, 7)
    return measurement(name, **{"peak_bytes": 3 * 10**8, **changes})._replace(time=time)


def shown(*found: Measurement, **changes: Any) -> Shown:
    return Shown(made(*found, **changes), here=False)


def test_a_networks_line_has_its_times_rates_and_roof() -> None:
    one = timed("alexnet_2012", 0.04)
    (line,) = read(tables.networks_table(shown(one))).values()
    (point,) = measured(made(one))
    assert point.roof is not None
    assert line["MACs (M)"] == point.book.macs
    assert line["ms"] == near(40)
    assert line["quartiles"] == "32.0 to 52.0"
    assert line["images/s"] == near(25)
    assert line[tables.RATE] == near(2 * point.book.macs / 0.04 / 1e9)
    assert line["ms allowed"] == near(1e3 * point.roof.allowed)
    assert line["times"] == near(0.04 / point.roof.allowed)
    bound = sum(row.allowed for row in point.roof if row.bound == "memory") / point.roof.allowed
    assert float(line["bound by memory (%)"]) == pytest.approx(100 * bound, abs=0.51)


def test_ceilings_are_in_billions_and_meet_where_one_holds_the_other() -> None:
    other = BEST._replace(tf32=True, flops_per_second=8e10)
    lines = list(read(tables.ceilings_table([shown(ceilings=(BEST, other))])).values())
    for line, best, factors in zip(lines, (BEST, other), ("float32", "TF32"), strict=True):
        assert line["factors in"] == factors
        assert line[tables.RATE] == near(best.flops_per_second / 1e9)
        assert line["GB/s"] == near(best.bytes_per_second / 1e9)
        assert line["FLOPs per byte"] == near(best.flops_per_second / best.bytes_per_second)


def test_a_machine_says_what_it_is_made_of_and_nothing_that_no_machine_has() -> None:
    card = HERE._replace(device="cuda", name="Card", driver="555", memory_bytes=3 * 2**30)
    plain = shown()
    lines = read(tables.machines_table([plain]))
    assert "card" not in lines
    assert "driver" not in lines
    both = read(tables.machines_table([plain, Shown(made()._replace(machine=card), here=False)]))
    values = {name: list(cells.values()) for name, cells in both.items()}
    assert next(iter(both["threads used"].values())) == f"{HERE.threads} of {HERE.cores}"
    # two machines of one title have one column in what is read here, the last
    assert values["card"][-1] == "Card"
    assert values["driver"][-1] == "555"
    assert values["memory"][-1] == "3 GiB"
    bare = HERE._replace(memory_bytes=0)
    assert "memory" not in read(
        tables.machines_table([Shown(made()._replace(machine=bare), here=False)])
    )


def test_memory_is_held_against_the_table_at_the_largest_batch_of_both_modes() -> None:
    found = [
        timed("vgg16", 1.0, batch=batch, mode=mode, held_bytes=5 * 2**20)
        for mode, batch in (("inference", 2), ("inference", 4), ("inference", 8),
                            ("training", 2), ("training", 4))
    ]  # fmt: skip
    lines = list(read(tables.memory_table(shown(*found))).values())
    assert [(line["mode"], line["batch"]) for line in lines] == [
        ("inference", "4"), ("training", "4"),
    ]  # fmt: skip
    for line, one in zip(lines, (found[1], found[4]), strict=True):
        paper = analytic_peak(one)
        assert line["MiB at the peak"] == near(3 * 10**8 / 2**20)
        assert line["MiB by the table"] == near(paper / 2**20)
        assert line["times"] == near(3 * 10**8 / paper)
        assert line["MiB held before"] == near(5)
    alone = read(tables.memory_table(shown(timed("vgg16", 1.0))))
    assert [line["mode"] for line in alone.values()] == ["inference"]
    assert read(tables.memory_table(shown(timed("vgg16", 1.0, peak_bytes=None)))) == {}


def test_ways_are_times_as_fast_as_plain_float32() -> None:
    plain = [timed("vgg16", 1.0), timed("resnet18", 1.0), timed("alexnet_2012", 1.0)]
    fast = timed("vgg16", 0.25)._replace(channels_last=True)
    slow = timed("resnet18", 2.0)._replace(dtype="bfloat16")
    lines = read(tables.ways_table(shown(*plain, fast, slow)))
    named = {LABELS[name]: name for name in ("vgg16", "resnet18") if name in LABELS}
    assert set(lines) == set(named)
    for label, cells in lines.items():
        assert cells == (
            {"channels last": 4, "bfloat16": tables.NONE}
            if named[label] == "vgg16"
            else {"channels last": tables.NONE, "bfloat16": 0.5}
        )


@pytest.mark.parametrize(
    ("title", "setting"),
    {
        "channels last": {"channels_last": True},
        "TF32": {"tf32": True},
        "bfloat16": {"dtype": "bfloat16"},
        "bfloat16, channels last": {"dtype": "bfloat16", "channels_last": True},
        "compiled": {"compiled": True},
    }.items(),
)
def test_each_way_has_a_column_of_its_own(title: str, setting: dict[str, Any]) -> None:
    other = timed("vgg16", 0.25)._replace(**setting)
    lines = read(tables.ways_table(shown(timed("vgg16", 1.0), other)))
    assert lines == {LABELS["vgg16"]: {title: 4}}


def test_predictions_are_made_of_all_networks_and_name_the_worst() -> None:
    names = [*LABELS]
    found = [timed(name, cnnref.table(name).macs / 1e11) for name in names]
    lines = read(tables.predictions_table(shown(*found)))
    exact = next(line for line in lines.values() if "MACs" in line["predicted by"])
    assert exact["networks"] == str(len(names))
    assert (exact["rank correlation"], exact["median factor"]) == ("1.00", "1.00")
    assert exact["largest factor"] == near(1)
    assert all(line["largest factor"] >= 1 for line in lines.values())


def test_what_was_not_measured_is_said_once_for_each_reason() -> None:
    cases = [
        LeftOut(name, 256, "training", "float32", False, False, False, reason)
        for name, reason in (("vgg19", "too large"), ("vgg16", "too large"), ("nin", "too slow"))
    ]
    lines = read(tables.left_out_table(shown(left_out=tuple(cases))))
    assert lines == {
        "vgg19, training, batch 256": {"more like it": "1", "reason": "too large"},
        "nin, training, batch 256": {"more like it": "0", "reason": "too slow"},
    }


@pytest.mark.parametrize("name", ["alexnet", "resnet50"])
def test_layers_add_up_to_their_network(name: str) -> None:
    (one,) = measured(made(measurement(name)))
    assert one.roof is not None
    lines = read(network_tables.layers_table(one.roof))
    rows = {row.name: row for row in one.roof}
    for label, line in lines.items():
        if label in rows:
            row = rows[label]
            assert line["operator"] == row.op.replace("_", " ")
            assert line["KiB moved"] == near(row.moved_bytes / 1024)
            assert line["ms"] == near(1e3 * (row.seconds or 0))
            assert line["ms allowed"] == near(1e3 * row.allowed)
            assert line["share (%)"] == near(100 * (row.seconds or 0) / (one.roof.measured or 1))
            assert line["bound by"] == row.bound
    moving = [row for row in one.roof if row.moved_bytes]
    for head, whole in (
        ("MACs (M)", sum(row.macs for row in moving)),
        ("KiB moved", sum(row.moved_bytes for row in moving) / 1024),
        ("ms", 1e3 * sum(row.seconds or 0 for row in moving)),
        ("ms allowed", 1e3 * sum(row.allowed for row in moving)),
    ):
        assert sum(line[head] for line in lines.values()) == near(whole)
    assert len(lines) <= network_tables.MOST_LAYERS + 1
    assert not any("the other 1 " in label for label in lines)


def test_settings_of_a_network_are_lines_and_its_layers_are_folded() -> None:
    one = timed("alexnet_2012", 0.04, batch=2)
    page = BeautifulSoup(network_tables.network_part([shown(one)], "alexnet_2012"), "html.parser")
    (line,) = read(str(page.table)).values()
    assert line["ms a batch"] == near(40)
    assert line["images/s"] == near(50)
    assert line["MiB at the peak"] == near(3 * 10**8 / 2**20)
    assert line[tables.RATE] == near(2 * 2 * cnnref.table("alexnet_2012").macs / 0.04 / 1e9)
    trained = timed("alexnet_2012", 0.04, mode="training", peak_bytes=None, layers=())
    html = network_tables.network_part([shown(trained)], "alexnet_2012")
    (line,) = read(html).values()
    assert (line[tables.RATE], line["MiB at the peak"]) == (tables.NONE, tables.NONE)
    assert "<details" not in html
