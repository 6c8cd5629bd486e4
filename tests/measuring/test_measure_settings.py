"""How a measurement runs and what it says of that: as asked for, else as the reference has it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from measured_samples import Small, how

import cnnref
from cnnref.measuring import isolation, run
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


def test_the_profiler_is_started_once_by_the_thread_that_asks(
    asked: list[Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[threading.Thread] = []
    monkeypatch.setattr(run, "prepare_profiler", lambda: started.append(threading.current_thread()))
    cnnref.measure(Small(), (3, 8, 8), device="cpu")
    assert started == [threading.current_thread()]


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


@pytest.mark.parametrize(("tf32", "precision"), [(True, "tf32"), (False, "ieee")])
def test_where_older_switches_cannot_be_read_the_newer_ones_are_set(
    tf32: bool, precision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read() -> list[str]:
        backends = torch.backends
        return [
            home.fp32_precision
            for home in (backends.cuda.matmul, backends.cudnn.conv, backends.cudnn.rnn)
        ]

    before = read()
    monkeypatch.setattr(isolation, "_readable", lambda _: False)
    with isolation._multiplied(tf32):
        assert read() == [precision] * 3
    assert read() == before


def test_a_switch_that_raises_where_it_is_read_is_not_readable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Home:
        fine = True

        @property
        def mixed(self) -> bool:
            raise RuntimeError("older and newer switches are mixed")

    monkeypatch.setattr(torch, "home", Home(), raising=False)
    assert isolation._readable((("home", "fine"),))
    assert not isolation._readable((("home", "fine"), ("home", "mixed")))


@pytest.mark.parametrize(
    ("device", "said"),
    [
        ("cpu", ["random numbers of []", "run"]),
        (
            "cuda:1",
            ["random numbers of [1]", "tf32 True", "card cuda:1", "run", "cache is emptied"],
        ),
        ("mps", ["random numbers of []", "run", "random numbers as they were"]),
    ],
)
def test_what_a_device_has_is_set_for_it_and_set_back(
    device: str, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[str] = []

    @contextmanager
    def told(what: str) -> Iterator[None]:
        found.append(what)
        yield

    def back(state: str) -> None:
        found.append(f"random numbers {state}")

    monkeypatch.setattr(torch.random, "fork_rng", lambda cards: told(f"random numbers of {cards}"))
    monkeypatch.setattr(isolation, "_multiplied", lambda tf32: told(f"tf32 {tf32}"))
    monkeypatch.setattr(torch.cuda, "device", lambda card: told(f"card {card}"))
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: found.append("cache is emptied"))
    monkeypatch.setattr(torch.mps, "get_rng_state", lambda: "as they were")
    monkeypatch.setattr(torch.mps, "set_rng_state", back)
    settings = how()._replace(device=torch.device(device), tf32=True)
    with isolation.as_it_was(settings):
        found.append("run")
    assert found == said


@pytest.mark.parametrize(
    ("device", "waits"), [("cpu", []), ("cuda:1", ["cuda:1"]), ("mps", ["mps"])]
)
def test_a_device_is_waited_for(
    device: str, waits: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[str] = []
    monkeypatch.setattr(torch.cuda, "synchronize", lambda card: found.append(str(card)))
    monkeypatch.setattr(torch.mps, "synchronize", lambda: found.append("mps"))
    isolation.synchronize(torch.device(device))
    assert found == waits


@pytest.mark.parametrize(("seconds", "least"), [(5.0, 0.2), (0.1, 0.1)])
def test_a_step_is_timed_after_two_that_warm_up(
    seconds: float, least: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    asked: dict[str, Any] = {}

    class Timer:
        def __init__(self, statement: str, **how: Any) -> None:
            self.statement, self.names = statement, how.pop("globals")
            asked.update(how)

        def adaptive_autorange(self, spread: float, **how: float) -> SimpleNamespace:
            asked.update(how, spread=spread, before=len(done))
            exec(self.statement, self.names)
            return SimpleNamespace(times=[1.0, 5.0, 2.0, 4.0, 3.0, 6.0])

    monkeypatch.setattr(isolation, "Timer", Timer)
    monkeypatch.setattr(isolation, "synchronize", lambda _: done.append("wait"))
    found = isolation.timed(lambda: done.append("step"), how(seconds=seconds, spread=0.3))
    assert found == Quartiles(2.25, 3.5, 4.75, 6)
    assert done == 3 * ["step", "wait"]
    assert asked == {
        "num_threads": 1, "spread": 0.3, "before": 4, "min_run_time": least,
        "max_run_time": seconds,
    }  # fmt: skip
