"""Measuring: what comes back is true of the network, and the process is as it was."""

from __future__ import annotations

import inspect
import os
import random
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from measured_samples import FAST, Small, how, module_state
from torch import Tensor, nn
from torch.utils.benchmark import Timer

import cnnref
from cnnref.cli.commands import OPTIONS
from cnnref.measuring import calls, isolation, memory
from cnnref.measuring.isolation import as_it_was, timed
from cnnref.measuring.machine import free_bytes
from cnnref.measuring.record import Measurement
from cnnref.measuring.subject import image_shape
from studies.peers.disturbed import interrupted

# ---- what comes back ----


def test_what_is_exact_is_what_the_spec_says() -> None:
    table = cnnref.table("resnet20_cifar")
    found = cnnref.measure("resnet20_cifar", batch_size=3, **FAST)
    assert (found.macs, found.parameters) == (table.macs, table.parameters)
    assert found.output_bytes == 4 * sum(row.counts.elements_out for row in table)
    assert (found.input_shape, found.batch_size) == ((3, 32, 32), 3)
    assert [layer.name for layer in found.layers] == [row.name for row in table]
    assert [layer.macs for layer in found.layers] == [3 * row.macs for row in table]
    assert all(layer.seconds > 0 for layer in found.layers if layer.macs)


def test_the_layers_take_no_longer_than_the_call_that_times_them() -> None:
    started = time.perf_counter()
    found = cnnref.measure(Small(), (3, 8, 8), **FAST)
    assert 0 < sum(layer.seconds for layer in found.layers) < time.perf_counter() - started


def test_a_head_that_does_not_run_has_no_part_in_the_parameters() -> None:
    found = cnnref.measure("inception_v3", (3, 75, 75), layers=False, **FAST)
    assert found.parameters == cnnref.table("inception_v3", input_size=75).parameters
    assert found.parameters < sum(
        part.numel() for part in cnnref.model("inception_v3").parameters()
    )


def test_a_measurement_knows_its_rates() -> None:
    found = cnnref.measure(Small(), (3, 8, 8), 2, **FAST)
    assert found.network == "Small"
    assert found.images_per_second == pytest.approx(2 / found.time.median)
    assert found.flops_per_second == pytest.approx(2 * found.macs * 2 / found.time.median)
    assert found.time.lower <= found.time.median <= found.time.upper
    assert found.macs == cnnref.trace(Small(), (3, 8, 8)).macs
    lines = str(found).splitlines()
    assert lines[0] == "Small, input 3 x 8 x 8, inference, batch 2, float32"
    words = [line.split()[0] for line in lines[1:] if line[2] != " "]
    # a busy machine adds a line that says so, and goes on below it
    assert [word for word in words if word != "but"] == [
        "on", "time", "throughput", "achieved", "held", "peak",
    ]  # fmt: skip


def test_a_measurement_survives_json() -> None:
    import json

    found = cnnref.measure(Small(), (3, 8, 8), **FAST)
    again = Measurement.from_dict(json.loads(json.dumps(found.to_dict())), found.machine)
    assert again.to_dict() == found.to_dict()
    assert again.layers[0][:4] == found.layers[0][:4]
    assert again.machine == found.machine


@pytest.mark.parametrize("options", [
    {"mode": "training"}, {"dtype": "bfloat16"}, {"channels_last": True}, {"threads": 1},
    {"dtype": torch.float64},
])  # fmt: skip
def test_every_way_to_run_counts_the_same(options: dict[str, Any]) -> None:
    found = cnnref.measure(Small(), (3, 8, 8), 2, **FAST, **options)
    table = cnnref.trace(Small(), (3, 8, 8))
    assert (found.macs, found.parameters) == (table.macs, table.parameters)
    assert bool(found.layers) == (found.mode == "inference")
    size = {"bfloat16": 2, "float64": 8}.get(found.dtype, 4)
    assert found.output_bytes == size * sum(row.counts.elements_out for row in table)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of torch's own, as it compiles
def test_torch_compile_is_an_option() -> None:
    module, said, started = nn.Sequential(nn.Linear(8, 4), nn.ReLU()), [], time.perf_counter()
    found = cnnref.measure(module, (8,), compile=True, progress=said.append, **FAST)
    assert (found.compiled, found.layers, found.macs) == (True, (), 32)
    assert 0 < found.compile_seconds < time.perf_counter() - started
    assert found.setting == "inference, batch 1, float32, compiled"
    assert said == ["building", "running once", "compiling", "timing", "watching memory"]


def test_inputs_may_be_given_by_name_and_of_whole_numbers() -> None:
    class Words(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.table, self.last = nn.Embedding(10, 4), nn.Linear(4, 2)

        def forward(self, ids: Tensor, scale: Tensor) -> dict[str, Tensor]:
            return {"out": self.last(self.table(ids)) * scale}

    ids, scale = torch.zeros(5, 7, dtype=torch.long), torch.ones(1)
    found = cnnref.measure(Words(), inputs={"ids": ids, "scale": scale}, **FAST)
    assert (found.batch_size, found.input_shape) == (5, (7,))
    assert found.macs == 7 * 4 * 2
    # the rows are of the whole batch, as the inputs are
    assert sum(layer.macs for layer in found.layers) == 5 * found.macs


def test_a_path_that_depends_on_values_is_measured_without_layers() -> None:
    class Chooses(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one = nn.Linear(4, 4)

        def forward(self, x: Tensor) -> Tensor:
            return self.one(x) if x.sum() > -1e9 else x

    found = cnnref.measure(Chooses(), (4,), **FAST)
    assert (found.macs, found.layers, found.output_bytes) == (16, (), None)


def test_a_module_that_calls_otherwise_than_it_was_traced_has_no_layer_times() -> None:
    class Counts(nn.Module):
        calls = 0

        def __init__(self) -> None:
            super().__init__()
            self.one = nn.Linear(4, 4)

        def forward(self, x: Tensor) -> Tensor:
            Counts.calls += 1
            return self.one(x) if Counts.calls == 1 else torch.relu(self.one(x))

    assert cnnref.measure(Counts(), (4,), **FAST).layers == ()


def test_attention_that_is_looked_into_keeps_its_times() -> None:
    found = cnnref.measure(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), (5, 8), **FAST)
    assert found.layers
    assert sum(layer.seconds > 0 for layer in found.layers) > 3


def test_the_image_is_the_networks_own_and_else_the_usual_one() -> None:
    assert image_shape("inception_v3", None) == (3, 299, 299)
    assert image_shape("resnet20_cifar", None) == (3, 32, 32)
    assert image_shape(Small(), None) == (3, 224, 224)


def test_the_command_line_says_how_long_repeating_may_take_unless_told() -> None:
    seconds = inspect.signature(cnnref.measure).parameters["seconds"].default
    assert OPTIONS["--seconds"]["help"].endswith(f"; default: {seconds:g}")


# ---- the process as it was ----

FLAGS = torch.backends.flags_frozen.__globals__


def state() -> tuple[Any, ...]:
    return (
        torch.get_num_threads(),
        torch.is_grad_enabled(),
        torch.is_inference_mode_enabled(),
        torch.backends.cudnn.benchmark,
        torch.backends.cudnn.deterministic,
        torch.backends.cuda.matmul.fp32_precision,
        torch.backends.cudnn.conv.fp32_precision,
        torch.get_default_dtype(),
        torch.get_default_device(),
        torch.get_rng_state().tolist(),
        random.getstate(),
    )


class Fails(Small):
    """Raises what it is told to from its third call on."""

    calls, error = 0, RuntimeError("no third time")

    def forward(self, x: Tensor) -> Tensor:
        Fails.calls += 1
        if Fails.calls >= 3:
            raise Fails.error
        return super().forward(x)


@pytest.mark.parametrize("mode", ["inference", "training"])
@pytest.mark.parametrize("error", [None, RuntimeError("no third time"), KeyboardInterrupt()])
def test_process_and_module_are_left_as_they_were(
    mode: str, error: BaseException | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    # which torch's own test suite forbids whoever imports it
    monkeypatch.setitem(FLAGS, "__allow_nonbracketed_mutation_flag", True)
    monkeypatch.setattr(torch.backends.cudnn, "deterministic", True)
    module = Small() if error is None else Fails()
    Fails.calls = 0
    if error is not None:
        Fails.error = error
    module.train()
    module.norm.eval()
    module.register_forward_hook(lambda *_: None)
    before, parts = state(), module_state(module)
    if error is None:
        cnnref.measure(module, (3, 8, 8), 2, mode=mode, threads=1, **FAST)
    else:
        with pytest.raises(type(error)):
            cnnref.measure(module, (3, 8, 8), 2, mode=mode, threads=1, **FAST)
        # an error is looked for once more, for the name of its layer
        assert Fails.calls == 3 + isinstance(error, RuntimeError)
    assert state() == before
    assert module_state(module) == parts


# an interrupt where an object goes is told, and comes again
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("mode", ["inference", "training"])
def test_an_interrupt_at_any_moment_changes_nothing_and_arrives(mode: str) -> None:
    def measured(module: nn.Module, image: Tensor) -> Any:
        size = tuple(image.shape[1:])
        return cnnref.measure(module, size, mode=mode, threads=1, device="cpu", seconds=0.02)

    threads = torch.get_num_threads()
    found = interrupted(measured, 25)
    assert (found.get("others", 0), found["changed"], found["what"]) == (0, 0, {})
    assert found["interrupted"] > 0
    assert torch.get_num_threads() == threads


def test_what_is_not_set_back_would_be_seen() -> None:
    before = state()
    torch.rand(1)
    assert state() != before


def test_inside_a_measurement_the_settings_hold() -> None:
    before = torch.get_num_threads()
    with as_it_was(how(threads=1)):
        assert torch.get_num_threads() == 1
        assert torch.backends.cudnn.benchmark
    assert torch.get_num_threads() == before


@pytest.mark.parametrize("level", [None, "3"])
def test_the_profilers_log_level_is_left_as_it_was(
    monkeypatch: pytest.MonkeyPatch, level: str | None
) -> None:
    monkeypatch.delenv(memory.LOG, raising=False)
    if level:
        monkeypatch.setenv(memory.LOG, level)
    memory.peak_bytes(lambda: None, torch.device("cpu"))
    assert os.environ.get(memory.LOG) == level


# ---- memory ----


def test_the_allocators_peak_is_what_the_rows_come_to_where_nothing_works_beside_them() -> None:
    """Pools and sums need no workspace, so both ways must agree to the byte."""

    class Plain(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            half = torch.nn.functional.avg_pool2d(x, 2)
            other = half * 2
            half = half + other  # and the first half is gone
            return torch.cat([half, other], 1)

    found = cnnref.measure(Plain(), (3, 16, 16), 2, **FAST)
    table = cnnref.trace(Plain(), (3, 16, 16))
    bare = cnnref.Table(table, name="bare", input_shape=cnnref.Shape((0,)))
    assert found.peak_bytes == 2 * bare.peak_activation_bytes(4)
    assert found.held_bytes == 2 * 4 * 3 * 16 * 16


def test_convolutions_take_no_less_than_their_maps() -> None:
    found = cnnref.measure("resnet20_cifar", batch_size=2, **FAST)
    table = cnnref.table("resnet20_cifar")
    bare = cnnref.Table(table, name="bare", input_shape=cnnref.Shape((0,)))
    assert found.peak_bytes >= 2 * bare.peak_activation_bytes(4)


def test_training_holds_the_gradients_and_what_the_backward_pass_reads() -> None:
    inference = cnnref.measure(Small(), (3, 32, 32), 4, **FAST)
    training = cnnref.measure(Small(), (3, 32, 32), 4, mode="training", **FAST)
    weights = 4 * training.parameters
    assert training.peak_bytes > inference.peak_bytes + weights
    assert training.held_bytes == inference.held_bytes


def test_shared_memory_is_held_once() -> None:
    weight = torch.zeros(10)
    assert memory.held_bytes([weight, [weight, weight[2:]], {"a": weight}]) == 40


# ---- time ----


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds of a clock that stands still unless a step moves it."""
    now = [0.0]
    monkeypatch.setattr(isolation, "Timer", partial(Timer, timer=lambda: now[0]))
    return now


def test_a_step_is_repeated_until_it_is_steady_or_the_time_is_up(clock: list[float]) -> None:
    ran: list[int] = []

    def step() -> None:
        ran.append(1)
        clock[0] += 1e-5

    found = timed(step, how(seconds=2.0))
    assert found.runs >= 4
    assert len(ran) > found.runs  # a short step is timed many at once
    assert 0.2 <= clock[0] < 0.6  # of the two seconds that it may take
    assert found[:3] == pytest.approx((1e-5, 1e-5, 1e-5))


def test_the_time_for_repeating_is_bounded(clock: list[float]) -> None:
    steps: list[int] = []

    def uneven() -> None:
        steps.append(1)
        clock[0] += 0.001 + 0.02 * (len(steps) % 2)

    found = timed(uneven, how(seconds=0.2, spread=0.001))
    assert found.runs >= 2
    assert 0.2 <= clock[0] < 0.6
    assert found.spread > 0.001


def test_row_times_go_to_the_row_with_the_most_macs() -> None:
    torch.manual_seed(0)
    module = nn.MultiheadAttention(8, 2, batch_first=True)
    x = torch.randn(1, 4, 8)
    seen = calls.traced(module, (), (x, x, x))
    assert seen is not None
    assert len(seen.rows) == len(seen.functions)
    assert [first for first, _ in seen.rows] == sorted(first for first, _ in seen.rows)
    assert seen.rows[-1][1] == len(seen.table)


# ---- a card, as far as it goes without one ----


class Card:
    """Stands in for torch.cuda: a clock that ticks a millisecond at each mark."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ticks = 0
        self.allocated = [100, 700]
        outer = self

        class Event:
            def __init__(self, *, enable_timing: bool) -> None:
                assert enable_timing

            def record(self) -> None:
                outer.ticks += 1
                self.at = outer.ticks

            def elapsed_time(self, end: Event) -> float:
                return float(end.at - self.at)

        fakes: dict[str, Any] = {
            "Event": Event,
            "synchronize": lambda *_: None,
            "reset_peak_memory_stats": lambda *_: None,
            "memory_allocated": lambda *_: self.allocated[0],
            "max_memory_allocated": lambda *_: self.allocated[1],
            "memory_reserved": lambda *_: self.allocated[0] + 20,
            "mem_get_info": lambda *_: (103, 456),
            "get_device_name": lambda *_: "Card",
            "get_device_properties": lambda *_: type("Properties", (), {"total_memory": 456}),
        }
        for name, fake in fakes.items():
            monkeypatch.setattr(torch.cuda, name, fake)


def test_on_a_card_layers_are_timed_by_its_own_events(monkeypatch: pytest.MonkeyPatch) -> None:
    Card(monkeypatch)
    module = Small().eval()
    seen = calls.traced(module, (3, 8, 8), None)
    assert seen is not None
    clock = calls._Clock(seen, torch.device("cuda", 0))
    image = torch.zeros(1, 3, 8, 8)
    with torch.inference_mode(), clock:
        module(image)
    assert clock.functions == list(seen.functions)
    made = [first < end for first, end in seen.rows]
    assert clock.seconds() == [1e-3 if one else 0.0 for one in made]


def test_on_a_card_memory_is_the_allocators_own(monkeypatch: pytest.MonkeyPatch) -> None:
    Card(monkeypatch)
    card = torch.device("cuda", 0)
    assert memory.peak_bytes(lambda: None, card) == 600
    assert memory.peak_bytes(lambda: None, torch.device("mps")) is None
    assert free_bytes(card) == 123


def test_a_card_is_named_with_its_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    from cnnref.measuring import machine

    Card(monkeypatch)
    monkeypatch.setattr(machine, "_said", lambda *command: "580.95\n" * (command[0][:3] == "nvi"))
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    found = machine.machine(torch.device("cuda", 0), 2)
    assert (found.name, found.driver, found.memory_bytes) == ("Card", "580.95", 456)
    assert str(found).startswith("Card")
    assert f"driver 580.95, torch {found.torch} (CUDA 13.0)" in str(found)


def test_what_a_program_says_that_fails_is_no_drivers_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cnnref.measuring import machine

    Card(monkeypatch)
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\necho NVIDIA-SMI has failed\nexit 9\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setattr(machine, "PROC", tmp_path)
    assert machine.machine(torch.device("cuda", 0), 2).driver == ""


def test_this_machine_has_a_name_and_memory() -> None:
    from cnnref.measuring.machine import machine

    found = machine(torch.device("cpu"), 1)
    assert found.name
    assert found.cores >= 1
    assert found.torch == torch.__version__.partition("+")[0]
    assert "+" not in found.torch
    free = free_bytes(torch.device("cpu"))
    assert free is None or 0 < free <= found.memory_bytes


def test_switches_that_may_only_be_set_in_a_block_are_set_and_put_back(monkeypatch):
    monkeypatch.setitem(FLAGS, "__allow_nonbracketed_mutation_flag", False)
    before = torch.backends.cudnn.benchmark
    found = cnnref.measure(nn.Conv2d(3, 4, 3), (3, 8, 8), **FAST)
    assert found.time.median > 0
    assert torch.backends.cudnn.benchmark is before
    assert torch.backends.flags_frozen()
