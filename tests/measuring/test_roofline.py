"""The roofline: what ceilings allow a layer, and what is refused."""

from __future__ import annotations

import json
from math import isnan
from typing import Any

import pytest
import torch
from measured_samples import BEST, HERE

import cnnref
from cnnref.measuring.record import LayerTime, Measurement, Quartiles
from cnnref.measuring.roofline import (
    COLUMNS,
    Allowed,
    Ceilings,
    Roofline,
    moved_bytes,
    roofline,
)

ALEXNET = cnnref.table("alexnet")


def measurement(**changes: Any) -> Measurement:
    layers = tuple(LayerTime(row.name, row.op, row.macs, moved_bytes(row), 1e-3) for row in ALEXNET)
    given = Measurement(
        "alexnet", HERE, "2026-01-01", (3, 224, 224), 1, "float32", "inference", False, False,
        False, Quartiles(0.018, 0.02, 0.022, 9), 1, 2, 3, 4, 5, layers,
    )  # fmt: skip
    return given._replace(**changes)


def test_a_layer_moves_weights_inputs_and_outputs_once() -> None:
    row = ALEXNET["conv2"]
    elements = row.parameters + row.in_shape.elements + row.out_shape.elements
    assert moved_bytes(row) == 4 * elements
    # weights once for the whole batch, maps for each image
    assert moved_bytes(row, "bfloat16", 3) == 2 * (3 * elements - 2 * row.parameters)
    assert moved_bytes(ALEXNET["flatten"]) == 0
    assert moved_bytes(next(row for row in ALEXNET if row.op == "dropout")) == 0


def test_a_lookup_moves_the_rows_that_are_named_and_no_more_than_there_are():
    names, constant = torch.zeros(1, 7, dtype=torch.long), torch.arange(7)
    positions = torch.nn.Embedding(50, 64)
    positions.forward = lambda x: x + torch.nn.functional.embedding(constant, positions.weight)
    for module, given, out in (
        (torch.nn.Embedding(50, 64), names, 7 * 64),
        (torch.nn.EmbeddingBag(50, 64), names, 64),
        (positions, torch.ones(1, 7, 64), 7 * 64),
    ):
        row = next(row for row in cnnref.trace(module, inputs=given) if row.op != "add")
        indices = row.counts.elements_in
        assert moved_bytes(row) == 4 * (7 * 64 + indices + out)
        assert moved_bytes(row, 4, 9) == 4 * (50 * 64 + 9 * (indices + out))


def test_each_layer_is_allowed_the_longer_of_its_two_times() -> None:
    found = {row.name: row for row in roofline(ALEXNET, BEST)}
    conv, full = found["conv2"], found["fc6"]
    assert conv.arithmetic == 2 * conv.macs / 1e10
    assert conv.memory == conv.moved_bytes / 1e9
    assert (conv.allowed, conv.bound) == (conv.arithmetic, "arithmetic")
    assert (full.allowed, full.bound) == (full.memory, "memory")
    assert found["flatten"].bound == "free"
    assert BEST.ridge == 10


def test_json_is_all_that_is_known_of_each_layer() -> None:
    net = cnnref.Net((3, 8, 8), name="small")
    net.linear(net.flatten(net.conv(net.input, 4, kernel=1, name="conv")), 2, name="fc")
    found = roofline(net.table(), BEST, batch_size=2)
    conv, flat, fc = (
        {"name": "conv", "op": "conv", "macs": 2 * 64 * 12, "moved_bytes": 4 * (2 * 64 * 7 + 16)},
        {"name": "flatten1", "op": "flatten", "macs": 0, "moved_bytes": 0},
        {"name": "fc", "op": "linear", "macs": 2 * 512, "moved_bytes": 4 * (2 * 258 + 514)},
    )
    layers = [
        {**row, "arithmetic": arithmetic, "memory": memory, "seconds": None,
         "allowed": memory, "bound": bound}
        for row, arithmetic, memory, bound in (
            (conv, 3.072e-7, 3.648e-6, "memory"),
            (flat, 0.0, 0.0, "free"),
            (fc, 2.048e-7, 4.12e-6, "memory"),
        )
    ]  # fmt: skip
    assert json.loads(found.to_json()) == {
        "name": "small", "batch_size": 2, "ceilings": BEST._asdict(),
        "allowed": pytest.approx(7.768e-6), "measured": None,
        "layers": [pytest.approx(row) for row in layers],
    }  # fmt: skip


def test_a_batch_moves_a_fully_connected_layer_to_the_right() -> None:
    one, many = roofline(ALEXNET, BEST), roofline(ALEXNET, BEST, batch_size=64)
    names = [row.name for row in one]
    place = names.index("fc6")
    assert (one[place].bound, many[place].bound) == ("memory", "arithmetic")
    assert many[place].macs == 64 * one[place].macs
    assert many.share("memory") < one.share("memory")


def test_the_whole_is_the_sum_of_its_layers() -> None:
    found = roofline(ALEXNET, BEST)
    assert found.allowed == sum(row.allowed for row in found)
    assert found.measured is None
    assert found.share("memory") + found.share("arithmetic") == pytest.approx(1)
    assert len(found) == len(ALEXNET)
    assert found[1:3] == (found[1], found[2])


def test_measured_times_stand_beside_the_allowed_ones() -> None:
    found = roofline(measurement(), BEST)
    assert found.measured == pytest.approx(1e-3 * len(ALEXNET))
    assert [row.allowed for row in found] == [row.allowed for row in roofline(ALEXNET, BEST)]
    text = str(found)
    assert "Allowed: the longer of arithmetic and memory" in text
    assert "flatten" not in text
    frame = found.to_frame(columns="layer,factor")
    assert list(frame.columns) == ["Layer", "times"]
    row = next(row for row in found if row.name == "conv1")
    assert frame["times"].iloc[0] == pytest.approx(1e-3 / row.allowed)


def test_each_column_is_of_what_was_counted_and_measured() -> None:
    found = roofline(measurement(), BEST)
    frame = found.to_frame(columns="layer,measured_ms,share,gflops,allowed_ms,factor")
    shown = {name: cells for name, *cells in frame.itertuples(index=False)}
    assert list(shown) == [row.name for row in found if row.moved_bytes]
    for row in (row for row in found if row.moved_bytes):
        milliseconds, share, gflops, allowed, factor = shown[row.name]
        assert milliseconds / 1e3 == pytest.approx(row.seconds)
        assert share / 100 * found.measured == pytest.approx(row.seconds)
        assert bool(row.macs) == (not isnan(gflops))
        assert not row.macs or gflops * 1e9 * row.seconds == pytest.approx(2 * row.macs)
        assert allowed / 1e3 == pytest.approx(row.allowed)
        assert factor * row.allowed == pytest.approx(row.seconds)
    total = found.to_text(columns="layer,measured_ms,share,allowed_ms,factor").splitlines()[-3]
    assert total.split() == [
        "total",
        f"{1e3 * found.measured:.3f}",
        "100.0",
        f"{1e3 * found.allowed:.3f}",
        f"{found.measured / found.allowed:.1f}",
    ]


def test_decimals_stand_under_one_another_and_what_a_cache_holds_is_said() -> None:
    columns = "measured_ms,allowed_ms,share,factor,gflops"
    lines = roofline(measurement(), BEST).to_text(columns=columns).splitlines()
    rows = [line.split() for line in lines if line and line[0] == " " and line.strip()[0].isdigit()]
    assert {tuple(len(cell.partition(".")[2]) for cell in row) for row in rows} == {
        (3, 3, 1, 1, 1),
        (3, 3, 1, 1),
    }
    slow, fast = Ceilings("float32", 1e10, 1e3), Ceilings("float32", 1e18, 1e18)
    moving = sum(1 for layer in measurement().layers if layer.moved_bytes)
    said = f"{moving} layers were faster than a large copy: what moves there is in a cache already"
    assert said in str(roofline(measurement(), slow))
    assert "cache" not in str(roofline(measurement(), fast))
    alone = measurement(layers=[row for row in measurement().layers if row.name == "conv1"])
    assert "1 layer was faster than a large copy" in str(roofline(alone, slow))
    both = measurement(layers=[row for row in measurement().layers if row.name in ("fc6", "conv1")])
    assert "2 layers were faster than a large copy" in str(roofline(both, slow))


def test_what_took_no_time_has_no_rate_and_is_no_part_of_it() -> None:
    layers = [row._replace(seconds=0.0) for row in measurement().layers]
    found = roofline(measurement(layers=layers), BEST)
    frame = found.to_frame(columns="measured_ms,share,gflops,factor")
    assert frame["ms"].tolist() == [0.0] * len(frame)
    assert frame.iloc[:, 1:].isna().all(axis=None)
    # but what moves nothing was not faster than a copy
    assert f"{len(frame)} layers were faster than a large copy" in str(found)


def test_the_notes_say_of_what_the_ceilings_are() -> None:
    best = Ceilings("float32", 2.5e12, 1.25e11)
    found = roofline(ALEXNET, best, batch_size=4)
    text = " ".join(found.to_text(columns="bound").split())
    assert "alexnet, batch 4; ceilings 2,500 GFLOP/s (2 for a MAC) in float32 and 125.0 GB/s." in (
        text
    )
    assert f"memory; {100 * found.share('arithmetic'):.0f} % of it is bound by arithmetic." in text
    assert " in TF32 and " in " ".join(str(roofline(ALEXNET, best._replace(tf32=True))).split())
    assert repr(found) == (
        f"<Roofline alexnet: {len(ALEXNET)} layers, {1e3 * found.allowed:.3g} ms allowed>"
    )


def test_a_roofline_is_told_in_a_line_with_three_digits_of_its_milliseconds() -> None:
    for seconds, told in ((1.0045e-3, "1"), (0.0123456, "12.3"), (2.0, "2e+03")):
        layer = Allowed("conv", "conv", 1, 1, seconds, 0.0)
        found = Roofline("net", BEST, 1, [layer])
        assert repr(found) == f"<Roofline net: 1 layers, {told} ms allowed>"


def test_words_begin_at_the_left_and_numbers_end_at_the_right() -> None:
    lines = roofline(ALEXNET, BEST).to_text(columns="layer,macs,allowed_ms").splitlines()
    rows = [line for line in lines if line.startswith(("Layer", "conv", "relu", "fc", "total"))]
    assert len(rows) > 10
    assert len({len(line) for line in rows}) == 1


def test_at_the_ridge_arithmetic_is_the_limit() -> None:
    (row, *_) = roofline(ALEXNET, BEST)
    assert row._replace(arithmetic=1.0, memory=1.0).bound == "arithmetic"
    assert row._replace(arithmetic=1.0, memory=1.1).bound == "memory"


def test_any_positive_rate_is_a_ceiling() -> None:
    found = roofline(ALEXNET, Ceilings("float32", 0.5, 0.25))
    assert found.allowed > 1e9
    assert not found.ceilings.tf32


def test_long_names_of_layers_are_folded_for_a_terminal() -> None:
    layers = [
        row._replace(name=f"features.stage.block.inside.{row.name}") for row in measurement().layers
    ]
    text = str(roofline(measurement(layers=layers), BEST))
    assert max(map(len, text.splitlines())) <= 80
    heads = "".join(line.partition(" ")[0] for line in text.splitlines())
    assert all(row.name in heads for row in layers if row.moved_bytes)


def test_a_table_alone_has_no_measured_columns() -> None:
    head = roofline(ALEXNET, BEST).to_csv().splitlines()[0]
    assert head == "Layer,op,MACs,bytes moved,ms allowed,bound by"
    every = roofline(ALEXNET, BEST).to_csv(columns="+gflops").splitlines()[1]
    assert every.endswith(",")  # nothing was measured
    frame = roofline(ALEXNET, BEST).to_frame(columns="measured_ms,share,gflops,factor")
    assert frame.isna().all(axis=None)
    lines = roofline(ALEXNET, BEST).to_text(columns="layer,measured_ms,share,factor").splitlines()
    (total,) = (line for line in lines if line.startswith("total"))
    assert total.split() == ["total"]
    assert set(COLUMNS) >= {"layer", "macs", "bound"}


@pytest.mark.parametrize(
    ("what", "options", "message"),
    [
        (
            ALEXNET, {"ceilings": Ceilings("float32", 0.0, 1e9)},
            "roofline: the ceilings must be positive rates, but are 0.0 FLOP/s and "
            "1000000000.0 byte/s.",
        ),
        (
            ALEXNET, {"ceilings": Ceilings("float32", float("nan"), 1e9)},
            "roofline: flops_per_second must be a finite number, but is nan.",
        ),
        (
            ALEXNET, {"ceilings": Ceilings("float32", 1e12, "1 TB/s")},
            "roofline: bytes_per_second must be a finite number, but is '1 TB/s'.",
        ),
        (
            ALEXNET, {"batch_size": 0},
            "roofline: batch_size must be a positive whole number, but is 0.",
        ),
        (
            measurement(layers=()), {},
            "roofline: the measurement of alexnet has no layers. They are timed in an inference "
            "that is not compiled, with layers=True, where forward calls what its trace shows.",
        ),
        (
            measurement(dtype="bfloat16"), {},
            "roofline: alexnet was measured in bfloat16, the ceilings in float32; take those of "
            "cnnref.ceilings(dtype='bfloat16').",
        ),
        (
            measurement(tf32=True), {},
            "roofline: alexnet was measured in float32, the ceilings in float32; take those of "
            "cnnref.ceilings(dtype='float32', tf32=True).",
        ),
        (
            ALEXNET, {"ceilings": (1e12, 1e9)},
            "roofline needs the Ceilings of a machine, as cnnref.ceilings() measures them, but got "
            "(1000000000000.0, 1000000000.0).",
        ),
        (
            "alexnet", {}, "roofline needs a table or a measurement, but got 'alexnet'.",
        ),
        (
            measurement(), {"batch_size": 2},
            "roofline: alexnet was measured at batch 1, not 2.",
        ),
        (
            ALEXNET, {"ceilings": Ceilings("flot32", 1e9, 1e9)},
            "Unknown dtype 'flot32': did you mean float32?",
        ),
    ],
)  # fmt: skip
def test_what_has_no_roofline_is_refused(what: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(cnnref.CnnrefError) as error:
        roofline(what, **{"ceilings": BEST} | options)
    assert str(error.value) == message


def test_a_column_that_is_not_there_is_named() -> None:
    with pytest.raises(cnnref.UnknownNameError) as error:
        roofline(ALEXNET, BEST).to_text(columns="bounds")
    assert str(error.value) == "Unknown column of layer times 'bounds': did you mean bound?"
