"""Charts of measured times hold what the record says, in the units of their axes."""

from __future__ import annotations

from typing import Any

import pytest
from measured_samples import made, measurement

import cnnref
from cnnref.drawing.bars import to_spec
from cnnref.measuring.record import Quartiles
from website.charts.comparison import AXES as COSTS
from website.measured import charts
from website.measured.shown import LABELS, Shown, ways

MACS_A_SECOND = 1e11
MIB = 2**20


def machine() -> Shown:
    """One on which an image takes what its MACs do, and a quarter more or less."""
    found = []
    for name in LABELS:
        for mode, batch in (("inference", 1), ("inference", 8), ("training", 8)):
            one = measurement(name, batch, mode=mode, peak_bytes=batch * 10**7)
            time = batch * cnnref.table(name).macs / MACS_A_SECOND
            layers = one.layers if mode == "inference" else ()
            quartiles = Quartiles(0.75 * time, time, 1.25 * time, 5)
            found.append(one._replace(time=quartiles, layers=layers))
    return Shown(made(*found), here=False)


MACHINE = machine()
WAY = next(way for way in ways([MACHINE]) if way.batch_size == 8)


def near(number: float) -> Any:
    return pytest.approx(number, rel=1e-3)


def inside(spec: dict[str, Any], key: str, values: list[float]) -> None:
    """An axis ends near its outermost values, beyond them."""
    low, high = spec["encoding"][key]["scale"]["domain"]
    assert 0.5 * min(values) < low < min(values)
    assert max(values) < high < 2 * max(values)
    assert all(low <= tick <= high for tick in spec["encoding"][key]["axis"]["values"])


@pytest.mark.parametrize("axis", charts.AXES)
def test_a_point_stands_at_its_cost_and_at_the_time_of_one_image(axis: str) -> None:
    spec = to_spec(charts.time_points(WAY, axis))
    line, points, names = spec["layer"]
    rows = {row["network"]: row for row in points["data"]["values"]}
    assert set(rows) == {one.name for one in WAY.points}
    for one in WAY.points:
        row, table = rows[one.name], cnnref.table(one.name)
        took = 1e3 * table.macs / MACS_A_SECOND
        assert row["y"] == near(took)
        low, high = map(float, row["quartiles"].removesuffix(" ms").replace(",", "").split(" to "))
        assert (low, high) == (near(0.75 * took), near(1.25 * took))
        assert row["macs"] == table.macs
        # two FLOPs for a MAC, in giga
        assert row["rate"] == near(2 * MACS_A_SECOND / 1e9)
        if axis in COSTS:
            assert row["x"] == near(COSTS[axis].of(table) / COSTS[axis].unit)
        else:
            assert one.roof is not None
            assert row["x"] == near(1e3 * one.roof.allowed / 8)
    assert {row["network"] for row in names["data"]["values"]} == {
        name for name in rows if LABELS.get(name)
    }
    for key in ("x", "y"):
        inside(points, key, [row[key] for row in rows.values()])
    begin, end = line["data"]["values"]
    assert begin["x"] < end["x"]
    assert begin["y"] / begin["x"] == pytest.approx(end["y"] / end["x"])
    domain = {key: line["encoding"][key]["scale"]["domain"] for key in ("x", "y")}
    for one, at in ((begin, 0), (end, 1)):
        assert any(one[key] == pytest.approx(domain[key][at]) for key in ("x", "y"))
        assert all(domain[k][0] * 0.999 <= one[k] <= domain[k][1] * 1.001 for k in ("x", "y"))
    # as many networks above it as below
    above = [row for row in rows.values() if row["y"] * begin["x"] > row["x"] * begin["y"] * 1.001]
    below = [row for row in rows.values() if row["y"] * begin["x"] < row["x"] * begin["y"] * 0.999]
    assert len(above) == len(below)


def test_throughput_is_the_images_of_a_batch_in_its_time() -> None:
    spec = to_spec(charts.throughput_lines(MACHINE, ["resnet50", "vgg16"]))
    assert [(row["network"], row["x"]) for row in spec["data"]["values"]] == [
        (name, batch) for name in ("resnet50", "vgg16") for batch in (1, 8)
    ]
    for row in spec["data"]["values"]:
        macs = cnnref.table(row["network"]).macs
        assert row["y"] == near(MACS_A_SECOND / macs)
        assert row["ms"] == near(1e3 * row["x"] * macs / MACS_A_SECOND)
    inside(spec, "y", [row["y"] for row in spec["data"]["values"]])
    assert spec["encoding"]["x"]["scale"]["domain"] == spec["encoding"]["x"]["axis"]["values"]


def test_memory_is_what_was_held_at_the_peak_beside_what_the_rows_come_to() -> None:
    spec = to_spec(charts.memory_points(MACHINE, 8))
    rows = spec["layer"][0].get("data", spec.get("data"))["values"]
    assert {row["mode"] for row in rows} == {"inference", "training"}
    assert len(rows) == 2 * len({row["network"] for row in rows}) > 10
    for row in rows:
        assert row["exact"] == 8 * 10**7
        assert row["mib"] == near(row["exact"] / MIB)
    by_mode = {(row["network"], row["mode"]): row["paper"] for row in rows}
    assert all(by_mode[name, "inference"] < by_mode[name, "training"] for name, _ in by_mode)
    # in training all maps are held, and a gradient for each weight
    vgg = cnnref.table("vgg16")
    held = 4 * vgg.parameters + 8 * vgg.training_activation_bytes("float32")
    assert by_mode[LABELS["vgg16"], "training"] == near(held / MIB)
