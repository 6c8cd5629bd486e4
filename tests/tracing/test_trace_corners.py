"""trace at its corners: what a module may do in forward, and what must not be left behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnnref.tracing.trace import trace


class Counting(nn.Module):
    """Counts its own calls in a buffer, as many training scripts do."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        return F.relu(x)


class Noisy(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x + torch.rand(1, 3, 4, 4)


class Transposing(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return F.relu(F.relu(x.flatten(1)).mT)


class Joining(nn.Module):
    """Adds a learned map, as positional embeddings do."""

    def __init__(self) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(1, 3, 4, 4))

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x) + self.bias


class Catching(nn.Module):
    """Tries a part that fails, and goes on without it."""

    def __init__(self) -> None:
        super().__init__()
        self.large = nn.Conv2d(3, 3, 9)
        self.small = nn.Conv2d(3, 3, 3)

    def forward(self, x: Tensor) -> Tensor:
        try:
            return F.relu(self.large(x))
        except RuntimeError:
            return F.relu(self.small(x))


class Outer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = Catching()

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.body(x))


class Flat(nn.Module):
    """Flattens the batch away, too."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(48, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(x.view(-1))


def test_a_buffer_that_forward_rebinds_is_the_old_one_again() -> None:
    module = Counting()
    calls = module.calls
    trace(module, (3, 4, 4))
    assert module.calls is calls
    assert calls.item() == 0


def test_random_numbers_in_forward_leave_the_generator_alone() -> None:
    torch.manual_seed(3)
    before = torch.get_rng_state()
    (row,) = trace(Noisy(), (3, 4, 4))
    assert (row.op, row.inputs, row.in_shapes) == ("add", (-1,), ((3, 4, 4), (3, 4, 4)))
    assert torch.equal(torch.get_rng_state(), before)


def test_a_transposed_map_keeps_its_producer() -> None:
    table = trace(Transposing(), (3, 4, 4))
    last = table[len(table) - 1]
    assert last.op == "relu"
    assert last.inputs != (-1,)


def test_a_learned_map_is_not_the_networks_input() -> None:
    module = Joining()
    table = trace(module, (3, 4, 4))
    (row,) = [row for row in table if row.op == "add"]
    assert -1 not in row.inputs


def test_a_module_that_runs_twice_has_its_parameters_once() -> None:
    shared = nn.Conv2d(3, 3, 3, padding=1)
    module = nn.Sequential(shared, nn.ReLU(), shared)
    table = trace(module, (3, 8, 8))
    assert table.macs == 2 * 3 * 8 * 8 * 27
    assert table.parameters == sum(weight.numel() for weight in module.parameters())


def test_a_part_that_fails_and_is_caught_misplaces_no_row() -> None:
    names = [row.name for row in trace(Outer(), (3, 8, 8))]
    assert names[0] == "body.small"
    assert not [name for name in names if "large" in name]
    assert names[2] == "relu"


def test_a_tensor_may_stand_for_a_tuple_of_one() -> None:
    one = torch.zeros(1, 3, 8, 8)
    assert trace(nn.Conv2d(3, 4, 3), inputs=one) == trace(nn.Conv2d(3, 4, 3), inputs=(one,))


@pytest.mark.parametrize(
    ("module", "options", "macs"),
    [
        (Flat(), {"input_shape": (3, 4, 4)}, 48 * 10),
        (nn.Conv2d(3, 4, 3), {"inputs": (torch.zeros(3, 8, 8),)}, 4 * 6 * 6 * 27),
    ],
    ids=["flattened batch", "no batch"],
)
def test_a_layer_without_a_batch_axis_is_counted(module, options, macs) -> None:
    assert trace(module, **options).macs == macs


def test_a_batch_counts_as_so_many_images_and_is_shown() -> None:
    one, four = (trace(nn.Conv2d(3, 4, 3), inputs=(torch.zeros(n, 3, 8, 8),)) for n in (1, 4))
    assert (one.input_shape, four.input_shape) == ((3, 8, 8), (4, 3, 8, 8))
    assert (one[0].out_shape, four[0].out_shape) == ((4, 6, 6), (4, 4, 6, 6))
    assert four.macs == 4 * one.macs
    assert four.parameters == one.parameters


def test_hooks_of_the_user_run_and_stay() -> None:
    seen = []
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())
    handle = module[0].register_forward_hook(lambda *_: seen.append("own"))
    everywhere = nn.modules.module.register_module_forward_hook(lambda *_: seen.append("global"))
    try:
        trace(module, (3, 8, 8))
        assert seen.count("own") == 1
        assert seen.count("global") == 3
        module(torch.zeros(1, 3, 8, 8))
        assert seen.count("own") == 2
    finally:
        handle.remove()
        everywhere.remove()


NEEDS_PROC = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="the peak is read from /proc"
)
MEMORY = """
import sys, torch, cnnref

def peak():
    # not getrusage, whose peak a process takes over from the one that started it
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))

cnnref.trace(torch.nn.Conv2d(3, 4, 3), (3, 8, 8))
before = peak()
if sys.argv[1] == "meta":
    with torch.device("meta"):
        module = cnnref.model("vgg19")
else:
    module = torch.nn.Linear(25088, 4096)
rows = cnnref.trace(module, (3, 224, 224) if sys.argv[1] == "meta" else (25088,))
print(peak() - before, rows.parameters)
"""


def grown(where: str) -> tuple[int, int]:
    """KiB that a fresh interpreter grows by, and the parameters that it traced."""
    command = [sys.executable, "-c", MEMORY, where]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    said = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    size, parameters = said.stdout.split()
    return int(size), int(parameters)


@NEEDS_PROC
def test_tracing_on_meta_allocates_no_weights() -> None:
    size, parameters = grown("meta")
    assert parameters == 143667240
    assert size < 128 * 1024  # the weights alone would be 548 MiB


@pytest.mark.slow
@NEEDS_PROC
def test_allocated_weights_would_be_seen() -> None:
    size, _ = grown("cpu")
    assert size > 300 * 1024


# ---- what a scripted module holds in C++ beside its parameters: lists and dicts of tensors ----

SCRIPTED = pytest.mark.filterwarnings(
    "ignore:.torch.jit:DeprecationWarning", "ignore:The TorchScript type system:UserWarning"
)


class Recurrent(nn.Module):
    def __init__(self, kind: type[nn.RNNBase], **options: bool) -> None:
        super().__init__()
        self.part = kind(8, 16, **options)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        return self.part(x)[0]  # type: ignore[no-any-return]


@SCRIPTED
@pytest.mark.parametrize("both", [False, True])
@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU])
def test_scripted_recurrent_layers_count_as_they_do_unscripted(
    kind: type[nn.RNNBase], both: bool
) -> None:
    module, x = Recurrent(kind, bidirectional=both), torch.randn(5, 2, 8)
    gates = 4 if kind is nn.LSTM else 3
    macs = 5 * 2 * gates * 16 * (8 + 16) * (1 + both)
    for one in (module, torch.jit.script(module)):
        table = trace(one, inputs=x)
        assert (table.macs, table.uncounted) == (macs, ())
        assert table.parameters == sum(weight.numel() for weight in module.parameters())


class Writing(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[int] = [1]
        self.states = {"first": torch.ones(3)}

    def forward(self, x: Tensor) -> Tensor:
        self.seen.append(2)
        self.states["second"] = x
        self.states["first"].add_(1)
        return x * self.states["first"]


@SCRIPTED
def test_what_a_scripted_module_writes_to_stays_as_it_is() -> None:
    module = torch.jit.script(Writing())
    assert trace(module, inputs=torch.randn(2, 3))[-1].op == "multiply"
    assert module.seen == [1]
    assert list(module.states) == ["first"]
    assert module.states["first"].tolist() == [1, 1, 1]
    module(torch.randn(2, 3))  # what the test is about: a real run writes to all three
    assert (module.seen, len(module.states)) == ([1, 2], 2)
    assert module.states["first"].tolist() == [2, 2, 2]
