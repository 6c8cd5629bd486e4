"""Forwards that stop, and what can be had of them all the same; and those that need not stop."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.ao import quantization
from torch.utils.flop_counter import FlopCounterMode
from traced_modules import Call

import cnnref
from cnnref.errors import CnnrefError, ForwardError
from cnnref.testing import assert_budget


class Detector(nn.Module):
    """Does all its work, and then asks which boxes are good."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Conv2d(3, 8, 3)
        self.head = nn.Conv2d(8, 4, 1)

    def forward(self, x: Tensor) -> Tensor:
        boxes = self.head(self.body(x)).flatten(2).mT[0]
        return boxes[boxes[:, 0] > 0.5]


def test_an_error_carries_the_rows_until_then() -> None:
    with pytest.raises(CnnrefError) as caught:
        cnnref.trace(Detector(), (3, 64, 64), values="never")
    table: cnnref.Table = caught.value.table  # type: ignore[attr-defined]
    image = torch.zeros(1, 3, 64, 64)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        Detector()(image)
    assert table.macs == counter.get_total_flops() // 2 == 62 * 62 * 8 * 27 + 62 * 62 * 4 * 8
    assert table.parameters == sum(weight.numel() for weight in Detector().parameters())
    # its last row stands for the rest, so that every total says that it is the least
    assert [row.name for row in table.uncounted] == ["stopped"]
    assert table[-1].in_shapes == ((3, 64, 64),)
    assert ">=" in table.to_text("macs")


class Breaks(nn.Module):
    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.first = nn.Linear(4, 4)
        self.error = error

    def forward(self, x: Tensor) -> Tensor:
        self.first(x)
        raise self.error


@pytest.mark.parametrize("error", [KeyError("boxes"), ValueError("no"), NotImplementedError("so")])
def test_what_forward_raises_itself_stays_what_it_is(error: Exception) -> None:
    with pytest.raises(type(error)) as caught:
        cnnref.trace(Breaks(error), (4,))
    assert [row.op for row in caught.value.table] == ["linear", "stopped"]  # type: ignore[attr-defined]


MISFITS = [
    (nn.Conv2d(3, 8, 3), (1, 4, 8, 8), "it takes 3 channels, so that 3 x 8 x 8 would fit"),
    (nn.Conv2d(3, 8, 7), (1, 3, 4, 4), "so that a larger input would fit"),
    (nn.ConvTranspose2d(3, 8, 3), (1, 4, 8, 8), "it takes 3 channels"),
    (nn.Linear(3, 8), (1, 4), "it takes 3 features on its last axis"),
]


@pytest.mark.parametrize(("module", "shape", "advice"), MISFITS)
def test_one_clause_catches_all_that_a_trace_refuses(
    module: nn.Module, shape: tuple[int, ...], advice: str
) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        cnnref.trace(module, inputs=torch.zeros(shape))
    assert isinstance(caught.value, CnnrefError)
    assert advice in caught.value.__notes__[0]
    if type(caught.value) is ForwardError:
        assert isinstance(caught.value, RuntimeError)
        assert type(caught.value.__cause__) is RuntimeError


PROGRAM = """
import torch.nn as nn
class Head(nn.Module):
    def forward(self, x): return x[x > 0]
def build(): return nn.Sequential(nn.Conv2d(3, 8, 3), Head())
"""


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cnnref", "trace", "net.py:build", "--input", "3,8,8", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_the_command_line_says_where_and_how_to_see_the_rest(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(PROGRAM, encoding="utf-8")
    refused = run(tmp_path, "--values", "never")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.endswith(
        "; cnnref.trace was in 1 (Head, which got 8 x 6 x 6). --partial shows the 2 rows until "
        "then.\n"
    )
    shown = run(tmp_path, "--values", "never", "--partial", "--format", "json")
    assert shown.returncode == 0
    assert '"complete": false' in shown.stdout
    assert '"1.stopped"' in shown.stdout
    assert "cnnref.trace was in 1 (Head, which got 8 x 6 x 6)" in shown.stderr


DOUBT = (
    "cnnref: Sequential was run once on made-up inputs, as forward asks for values (nonzero in 1 "
    "(Head)): rows from 1.gt on may depend on them"
)


@pytest.mark.slow
def test_the_command_line_runs_what_asks_for_values(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(PROGRAM, encoding="utf-8")
    shown = run(tmp_path)
    assert (shown.returncode, shown.stderr) == (0, f"{DOUBT.replace('1.gt', '1.index')}.\n")
    assert "run once on made-up inputs" in " ".join(shown.stdout.split())
    told = json.loads(run(tmp_path, "--format", "json").stdout)
    ran = {"by": "made-up inputs", "asked": "nonzero in 1 (Head)", "row": 2, "backward": None}
    assert told["ran"] == ran
    assert cnnref.Table.from_json(json.dumps(told)).ran.by == "made-up inputs"
    limited = run(tmp_path, "--quiet", "--max-macs", "1G")
    assert limited.returncode == 1
    assert "--values always takes them" in limited.stderr
    assert run(tmp_path, "--quiet", "--max-macs", "1G", "--values", "always").returncode == 0
    assert run(tmp_path, "--strict").returncode == 2


def test_a_budget_refuses_what_depends_on_made_up_inputs() -> None:
    with pytest.raises(AssertionError, match="was run once on made-up inputs"):
        assert_budget(Detector(), macs="1G", input_shape=(3, 64, 64))
    image = torch.zeros(1, 3, 64, 64)
    assert assert_budget(Detector(), macs="1G", inputs=image).ran.by == "inputs"
    how = {"input_shape": (3, 64, 64), "values": "always"}
    assert assert_budget(Detector(), macs="1G", **how).ran.depends  # type: ignore[arg-type]


def test_a_sweep_runs_what_asks_for_values() -> None:
    with pytest.warns(cnnref.DataWarning):
        points = cnnref.sweep(Detector, input_size=[32, 64])
    assert [point.table.ran.by for point in points] == ["made-up inputs"] * 2
    with pytest.raises(CnnrefError, match="Detector"):
        cnnref.sweep(Detector, input_size=[32, 64], values="never")


class Force(nn.Module):
    """The gradient of an energy to the places of its atoms."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden = nn.Linear(8, 8)
        self.energy = nn.Linear(8, 1)

    def forward(self, x: Tensor) -> Tensor:
        with torch.enable_grad():
            x = x.requires_grad_(True)
            energy = self.energy(torch.nn.functional.silu(self.hidden(x))).sum()
            return torch.autograd.grad(energy, x)[0]


def test_a_forward_that_differentiates_is_counted() -> None:
    module, image = Force(), torch.zeros(4, 8)
    table = cnnref.trace(module, inputs=image, strict=True)
    # each product of forward, and as much for its gradient to the input
    assert table.macs == 2 * (4 * 8 * 8 + 4 * 8)
    steps = torch.func.grad(lambda x: module.energy(module.hidden(x).sigmoid()).sum())
    assert table.macs == cnnref.trace(Call(steps), inputs=image).macs
    assert not image.requires_grad
    assert all(weight.grad is None for weight in module.parameters())


def quantised(prepare: Any, qconfig: Any, train: bool) -> nn.Module:
    parts = quantization.QuantStub(), nn.Conv2d(3, 4, 3), nn.ReLU(), quantization.DeQuantStub()
    net = nn.Sequential(*parts).train(train)
    net.qconfig = qconfig  # type: ignore[assignment]
    prepared: nn.Module = prepare(net)
    return prepared


@pytest.mark.parametrize("train", [False, True])
def test_observers_hand_on_what_they_see(train: bool) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        prepare = quantization.prepare_qat if train else quantization.prepare
        default = (
            quantization.get_default_qat_qconfig if train else quantization.get_default_qconfig
        )
        net = quantised(prepare, default("fbgemm"), train)
    before = copy.deepcopy(net.state_dict())
    assert cnnref.trace(net, (3, 8, 8), strict=True).macs == 36 * 4 * 27
    assert all(torch.equal(before[name], value) for name, value in net.state_dict().items())


def test_an_exported_program_is_its_module_and_a_function_is_none() -> None:
    net, x = nn.Sequential(nn.Linear(8, 8)), torch.zeros(4, 8)
    assert cnnref.trace(torch.export.export(net, (x,)), inputs=x).macs == 4 * 8 * 8  # type: ignore[arg-type]

    def forward(x: Tensor) -> Any:
        return net(x)

    with pytest.raises(CnnrefError) as caught:
        cnnref.trace(forward, inputs=x)  # type: ignore[arg-type]
    assert str(caught.value) == (
        "trace needs a torch.nn.Module, but got the function forward: make a class of it that "
        "holds the modules that it calls and has it as its forward."
    )


def test_frozen_and_trainable_parameters_are_told_apart() -> None:
    net = nn.Sequential(nn.Linear(8, 8), nn.LayerNorm(8), nn.Linear(8, 2))
    net[0].requires_grad_(False)
    net[2].bias.requires_grad_(False)
    table = cnnref.trace(net, inputs=torch.zeros(1, 8))
    weights = list(net.parameters())
    frozen = sum(weight.numel() for weight in weights if not weight.requires_grad)
    assert (table.frozen_parameters, table.trainable_parameters) == (frozen, 16 + 16)
    assert table.frozen_parameters + table.trainable_parameters == table.parameters
    frame = table.to_frame("macs", ["layer", "trainable", "frozen"])
    assert frame.to_numpy().tolist() == [["0", 0, 72], ["1", 16, 0], ["2", 16, 2]]
    assert cnnref.table("alexnet").frozen_parameters == 0
