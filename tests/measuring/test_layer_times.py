"""The times of the layers: of how many passes, and of which calls; and which of them goes wrong."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from measured_samples import FAST, Small, how
from torch import Tensor, nn
from torch.nn import functional

import cnnref
from cnnref.measuring import calls
from cnnref.measuring.subject import placed

SEQUENCE = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 2))


class Passes:
    """Passes that take no time but on a clock of their own, and layers that take what is said."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, each: float, layers: Any) -> None:
        self.now, self.number, self.each, self.layers = 0.0, 0, each, layers
        seen = calls.traced(SEQUENCE, (4,), None)
        assert seen is not None
        self.seen = seen
        monkeypatch.setattr(calls, "time", SimpleNamespace(perf_counter=lambda: self.now))
        monkeypatch.setattr(calls, "_clocked", self.clocked)

    def clocked(self, *_: object) -> Any:
        self.number += 1
        self.now += self.each
        times = self.layers(self.number)
        return SimpleNamespace(functions=list(self.seen.functions), seconds=lambda: times)

    def ran(self, seconds: float) -> list[float] | None:
        return calls.ran(placed("it", SEQUENCE, (4,), None, how()), self.seen, seconds)


@pytest.mark.parametrize(
    ("each", "seconds", "passes"),
    [
        (1.0, 9.0, 9), (1.0, 9.5, 10), (1.0, 0.5, 4),
        (0.0, 1.0, 100), (0.1, 99, 100),
    ],
)  # fmt: skip
def test_layers_are_timed_for_as_long_as_they_may(
    each: float, seconds: float, passes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = Passes(monkeypatch, each, lambda _: [1.0, 2.0, 3.0])
    assert found.ran(seconds) == [1.0, 2.0, 3.0]
    assert found.number == passes


def test_a_layers_time_is_the_median_without_the_pass_that_warms_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = Passes(monkeypatch, 1.0, lambda number: [float(number), 10.0 * number, 90.0])
    assert found.ran(3.0) == [3.0, 30.0, 90.0]
    found = Passes(monkeypatch, 1.0, lambda number: [99.0 if number == 1 else 1.0] * 3)
    assert found.ran(3.0) == [1.0, 1.0, 1.0]


def test_a_call_of_several_rows_gives_its_time_to_that_of_the_most_macs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = Passes(monkeypatch, 1.0, lambda _: [1.0, 2.0, 4.0])
    found.seen = found.seen._replace(rows=((0, 0), (0, 2), (2, 3)))
    assert found.ran(1.0) == [2.0, 0.0, 4.0]
    found.seen = found.seen._replace(rows=((0, 3), (3, 3), (3, 3)))
    assert found.ran(1.0) == [1.0, 0.0, 0.0]


def test_calls_that_make_no_row_take_nothing_and_hand_on_nothing() -> None:
    module = nn.Sequential(nn.Flatten(), nn.Linear(12, 2))
    found = calls.traced(module, (3, 2, 2), None)
    assert found is not None
    clock = calls._clocked(placed("it", module, (3, 2, 2), None, how(batch_size=5)), found)
    made = [first < end for first, end in found.rows]
    assert [seconds > 0 for seconds in clock.seconds()] == made
    assert sum(clock.bytes) == 4 * 5 * (12 * made[0] + 2)


class Words(nn.Module):
    """Calls with arguments by their names, some of which matter."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(4, 3, 3, 3))

    def forward(self, x: Tensor) -> Tensor:
        x = functional.conv2d(input=x, weight=self.weight, stride=2, padding=1)
        return torch.mean(x, dim=(2, 3), keepdim=True)


def test_arguments_by_name_reach_what_is_timed_and_what_is_watched() -> None:
    table = cnnref.trace(Words(), (3, 8, 8))
    found = cnnref.measure(Words(), (3, 8, 8), 2, **FAST)
    assert (found.macs, found.parameters) == (table.macs, table.parameters)
    assert found.output_bytes == 4 * sum(row.counts.elements_out for row in table)
    assert [layer.name for layer in found.layers] == [row.name for row in table]
    given = torch.full((1, 3, 8, 8), float("nan"))
    with pytest.raises(cnnref.CnnrefError, match=f"not finite, {table[0].name} is the first layer"):
        cnnref.measure(Words(), inputs=given, device="cpu")


def attention() -> tuple[nn.Module, Tensor]:
    torch.manual_seed(0)
    return nn.MultiheadAttention(8, 2, batch_first=True), torch.randn(1, 4, 8)


def test_inside_attention_the_first_row_that_is_not_finite_is_named() -> None:
    module, x = attention()
    seen = calls.traced(module, (), (x, x, x))
    assert seen is not None
    good = placed("it", module, (), (x, x, x), how())
    assert calls.first_not_finite(good, seen) == ""
    assert calls.failing(good, seen, "inference") == ""
    with torch.no_grad():
        module.out_proj.weight.fill_(float("inf"))
    bad = placed("it", module, (), (x, x, x), how())
    named = calls.first_not_finite(bad, seen)
    assert named == "out_proj"


class Masked(nn.Module):
    """Attention under a mask that is given by its name."""

    def __init__(self) -> None:
        super().__init__()
        self.inside, _ = attention()

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        return self.inside(x, x, x, attn_mask=mask)[0]


def test_what_attention_is_given_by_name_reaches_its_inside() -> None:
    x, module = torch.ones(1, 4, 8), Masked()
    seen = calls.traced(module, (), (x, torch.zeros(4, 4)))
    assert seen is not None
    for number, named in ((0.0, ""), (float("-inf"), "inside.unsqueeze#2")):
        subject = placed("it", module, (), (x, torch.full((4, 4), number)), how())
        assert calls.first_not_finite(subject, seen) == named
        assert calls.failing(subject, seen, "inference") == ""
        assert calls.output_bytes(subject, seen) is not None


class Calls(nn.Module):
    """Calls one function after another, which may be others at each run."""

    def __init__(self, *functions: Any) -> None:
        super().__init__()
        self.functions = functions

    def forward(self, x: Tensor) -> Tensor:
        for function in self.functions:
            x = function(x)
        return x


def none_of_numbers(x: Tensor) -> Tensor:
    return torch.log(x.abs() * -1 - 1)


@pytest.mark.parametrize(
    ("functions", "named"),
    [
        ((torch.relu, torch.sigmoid), ""),
        ((torch.relu, none_of_numbers, torch.sigmoid), "sigmoid"),
        # what the trace did not see has no name
        ((torch.relu, torch.sigmoid, none_of_numbers), ""),
        ((torch.relu, torch.sigmoid, none_of_numbers, torch.relu), ""),
        ((none_of_numbers, torch.relu, torch.sigmoid), "relu"),
        ((none_of_numbers, torch.sigmoid), ""),
        ((), ""),
    ],
)
def test_of_calls_that_the_trace_did_not_see_none_is_named(
    functions: tuple[Any, ...], named: str
) -> None:
    module = Calls(torch.relu, torch.sigmoid)
    seen = calls.traced(module, (4,), None)
    assert seen is not None
    module.functions = functions
    subject = placed("it", module, (4,), None, how())
    assert calls.first_not_finite(subject, seen) == named
    assert calls.failing(subject, seen, "inference") == ""
    # times and bytes are of the calls that were traced alone
    assert (calls.ran(subject, seen, 0.0) is None) == (functions != (torch.relu, torch.sigmoid))
    assert calls.output_bytes(subject, seen) == (
        2 * 4 * 4 if functions == (torch.relu, torch.sigmoid) else None
    )


def test_what_makes_no_row_is_not_named_by_the_next() -> None:
    def added(x: Tensor) -> Tensor:
        endless = torch.full((4,), float("inf"))
        return torch.sigmoid(x) + endless

    def unused(x: Tensor) -> Tensor:
        endless = torch.full((4,), float("inf"))
        return torch.relu(x) if endless.ndim else x

    for function, named in ((added, "add"), (unused, "")):
        module = Calls(function)
        seen = calls.traced(module, (4,), None)
        assert seen is not None
        assert any(first == end for first, end in seen.rows)
        assert calls.first_not_finite(placed("it", module, (4,), None, how()), seen) == named


@pytest.mark.parametrize("place", [0, 1, 2])
def test_the_row_whose_call_fails_is_named(place: int) -> None:
    def fails(x: Tensor) -> Tensor:
        return torch.relu(x.to(torch.complex64))

    module = Calls(torch.relu, torch.relu, torch.relu)
    seen = calls.traced(module, (4,), None)
    assert seen is not None
    module.functions = tuple(fails if number == place else torch.relu for number in range(3))
    subject = placed("it", module, (4,), None, how())
    assert calls.failing(subject, seen, "inference") == seen.table[place].name


def test_a_measurement_prints_nothing_and_is_of_one_image_unless_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = cnnref.measure(Small(), (3, 8, 8), **FAST)
    assert capsys.readouterr() == ("", "")
    assert found.setting == "inference, batch 1, float32"
    assert found.compile_seconds == 0
    assert found.layers
