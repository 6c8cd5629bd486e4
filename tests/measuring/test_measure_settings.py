"""How a measurement runs and what it says of that: as asked for, else as the reference has it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
import torch
from measured_samples import Small, how

import cnnref
from cnnref.measuring import run
from cnnref.measuring.calls import Pass
from cnnref.measuring.machine import machine
from cnnref.measuring.record import Measurement, Quartiles
from cnnref.measuring.settings import Settings

CPU = torch.device("cpu")
TAKEN = Quartiles(1.0, 2.0, 3.0, 9)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Settings]:
    """The settings of steps that are timed; each is run once, and takes what is said."""
    found: list[Settings] = []

    def timed(step: Callable[[], None], settings: Settings) -> Quartiles:
        step()
        found.append(settings)
        return TAKEN

    monkeypatch.setattr(run, "timed", timed)
    return found


def today() -> str:
    return datetime.now(UTC).date().isoformat()


def test_what_is_not_asked_for_is_as_the_reference_says(asked: list[Settings]) -> None:
    cnnref.measure(Small(), (3, 8, 8), device="cpu")
    assert asked == [how(threads=torch.get_num_threads(), seconds=10.0, spread=0.05)]


def test_what_is_asked_for_is_done_and_told_from_step_to_step(asked: list[Settings]) -> None:
    said: list[str] = []
    before = today()
    found = cnnref.measure(
        Small(), (3, 8, 8), 2, "cpu", "bfloat16", channels_last=True, mode="training", threads=1,
        seconds=0.5, spread=0.2, progress=said.append,
    )  # fmt: skip
    settings = how(
        dtype="bfloat16", mode="training", batch_size=2, channels_last=True, seconds=0.5, spread=0.2
    )
    assert asked == [settings]
    assert said == ["building", "running once", "timing", "watching memory"]
    assert found == Measurement(
        network="Small",
        machine=machine(CPU, 1),
        date=found.date,
        input_shape=(3, 8, 8),
        batch_size=2,
        dtype="bfloat16",
        mode="training",
        channels_last=True,
        tf32=False,
        compiled=False,
        time=TAKEN,
        parameters=(27 + 1) * 8 + 2 * 8 + (72 + 1) * 8,
        macs=64 * 8 * (27 + 72),
        # of both convolutions, norm, rectifier, sum and dropout; and of the mean
        output_bytes=2 * (6 * 8 * 64 + 8),
        # of weights, two images, and the norm's two statistics with its count of batches
        held_bytes=2 * (824 + 2 * 3 * 64 + 2 * 8) + 8,
        peak_bytes=found.peak_bytes,
    )
    assert before <= found.date <= today()


def test_layers_of_a_batch_are_timed_for_two_seconds_at_most(
    asked: list[Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[float] = []
    said: list[str] = []

    def ran(_: object, seen: Pass, seconds: float) -> list[float]:
        given.append(seconds)
        return [float(number) for number, _ in enumerate(seen.table)]

    monkeypatch.setattr(run, "ran", ran)
    for seconds in (0.5, 10.0):
        found = cnnref.measure(
            Small(), (3, 8, 8), 2, "cpu", "float64", seconds=seconds, progress=said.append
        )
    assert given == [0.5, 2.0]
    steps = ["building", "running once", "timing layers", "timing", "watching memory"]
    assert said == 2 * steps
    maps, first, second = 2 * 8 * 64, 3 * 8 * 9 + 8, 8 * 8 * 9 + 8
    assert [tuple(layer) for layer in found.layers] == [
        ("first", "conv", 27 * maps, 8 * (2 * 3 * 64 + maps + first), 0.0),
        ("norm", "batch_norm", 0, 8 * (2 * maps + 2 * 8), 1.0),
        ("relu", "relu", 0, 8 * 2 * maps, 2.0),
        ("second", "conv", 72 * maps, 8 * (2 * maps + second), 3.0),
        ("add", "add", 0, 8 * 3 * maps, 4.0),
        ("drop", "dropout", 0, 0, 5.0),
        ("mean", "mean", 0, 8 * (maps + 2 * 8), 6.0),
    ]
