"""What a measurement says of itself: whether its times are to be relied on, as a frame, as JSON."""

from __future__ import annotations

import json
import sys

import pytest
from measured_samples import HERE, measurement

from cnnref.errors import MissingExtraError
from cnnref.measuring.record import Machine, Measurement, Quartiles


@pytest.mark.parametrize(
    ("time", "why"),
    [
        (Quartiles(0.0195, 0.02, 0.0205, 9), ""),
        (Quartiles(0.0191, 0.02, 0.021, 5), ""),
        (Quartiles(9.5, 10.0, 10.5, 9), ""),
        (
            Quartiles(9.4, 10.0, 10.5, 9),
            "the quartiles are 11% of the median apart: measure again on an idle machine",
        ),
        (
            Quartiles(0.018, 0.02, 0.0224, 9),
            "the quartiles are 22% of the median apart: measure again on an idle machine",
        ),
        (Quartiles(0.02, 0.02, 0.02, 4), "only 4 runs fitted into the time: give more seconds"),
        (Quartiles(0.02, 0.02, 0.02, 1), "only 1 run fitted into the time: give more seconds"),
    ],
)
def test_a_time_of_few_runs_or_of_runs_far_apart_is_doubted(time: Quartiles, why: str) -> None:
    found = measurement(time=time)
    assert found.doubt == why
    told = " ".join(str(found).split())
    assert (f" but {why}" in told) == bool(why)


def test_the_machine_stands_on_one_line() -> None:
    assert "\n  on          Chip, 1 thread, torch 2.13.0\n" in str(measurement())
    card = HERE._replace(device="cuda", name="Card")
    assert card.short == "Card, torch 2.13.0"


def test_no_line_is_wider_than_a_terminal() -> None:
    long = HERE._replace(name="A Processor of Many Cores with a Long Name @ 2.90GHz", threads=64)
    noisy = Quartiles(0.1, 0.2, 0.9, 9)
    lines = str(measurement(machine=long, mode="training", time=noisy)).splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[1:3] == [
        "  on          A Processor of Many Cores with a Long Name @ 2.90GHz, 64 threads,",
        " " * 14 + "torch 2.13.0",
    ]
    assert lines[-2:] == [
        "  but         the quartiles are 400% of the median apart: measure again on an",
        " " * 14 + "idle machine",
    ]


def test_json_is_read_back_and_a_frame_has_a_row_for_each_layer() -> None:
    found = measurement(time=Quartiles(0.25, 0.5, 0.75, 9))
    plain = json.loads(found.to_json())
    assert Measurement.from_dict(plain, Machine(**plain.pop("machine"))) == found
    frame = found.to_frame()
    assert list(frame.columns) == ["name", "op", "macs", "moved_bytes", "seconds"]
    assert [tuple(row) for row in frame.itertuples(index=False)] == list(found.layers)


def test_a_notebook_shows_the_lines_and_the_layers_where_there_are_any() -> None:
    found = measurement()
    shown = found._repr_html_()
    assert shown.startswith(f"<pre>{found}</pre>")
    assert f"<summary>{len(found.layers)} layers</summary>" in shown
    for one in found.layers:
        seconds = f"{1e3 * one.seconds:,.3f}"
        assert f"<td>{one.name}</td><td>{one.op}</td><td>{seconds}</td><td>{one.macs:,}" in shown
    bare = measurement(layers=())
    assert bare._repr_html_() == f"<pre>{bare}</pre>"


def test_all_is_told_in_units_that_people_read() -> None:
    found = measurement(
        batch=4, time=Quartiles(0.0125, 0.0160, 0.0170, 12), macs=1_500_000_000,
        held_bytes=3 * 2**20, peak_bytes=5 * 2**19,
    )  # fmt: skip
    assert found.images_per_second == 250
    assert found.flops_per_second == 2 * 1.5e9 * 250
    assert str(found).splitlines() == [
        "resnet20_cifar, input 3 x 32 x 32, inference, batch 4, float32",
        "  on          Chip, 1 thread, torch 2.13.0",
        "  time        16.00 ms a batch (quartiles 12.50 and 17.00, 12 runs)",
        "  throughput  250.0 images/s",
        "  achieved    750.0 GFLOP/s (2 for a MAC) on 1,500.0 M MACs an image",
        "  held        3.0 MiB of weights and inputs",
        "  peak        2.5 MiB above them",
        "  but         the quartiles are 28% of the median apart: measure again on an",
        "              idle machine",
    ]
    assert repr(found) == (
        "<Measurement resnet20_cifar: inference, batch 4, float32, 16.00 ms a batch>"
    )


def test_what_was_not_so_is_not_told() -> None:
    told = str(measurement(mode="training", peak_bytes=None))
    assert "an image, the backward pass not counted" in " ".join(told.split())
    assert "above them" not in told
    assert "compiled" not in told
    every = measurement(
        tf32=True, channels_last=True, compiled=True, compile_seconds=12.34, peak_bytes=0
    )
    assert every.setting == "inference, batch 1, TF32, channels last, compiled"
    assert str(every).splitlines()[-1] == "  compiled    in 12.3 s"
    assert "0.0 MiB above them" in str(every)


def test_json_keeps_as_many_digits_as_a_time_is_worth() -> None:
    layer = measurement().layers[0]._replace(seconds=0.000123456789)
    time = Quartiles(0.0123456789, 0.0234567891, 0.0345678912, 1234567)
    plain = measurement(layers=(layer,), time=time, compile_seconds=12.345).to_dict()
    assert plain["time"] == {
        "lower": 0.0123457, "median": 0.0234568, "upper": 0.0345679, "runs": 1234567,
    }  # fmt: skip
    assert plain["layers"] == [[*layer[:-1], 0.0001235]]
    assert plain["compile_seconds"] == 12.3
    assert measurement().to_dict()["compile_seconds"] == 0


def test_times_of_nothing_are_not_apart() -> None:
    assert Quartiles(0.0, 0.0, 0.0, 5).spread == 0


def test_without_pandas_the_frame_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingExtraError, match=r"^Measurement\.to_frame needs pandas, "):
        measurement().to_frame()
