"""A small module and made-up measurements that several tests are given."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

import cnnref
from cnnref.measuring.record import LayerTime, Machine, Measurement, Quartiles
from cnnref.measuring.roofline import Ceilings, moved_bytes
from cnnref.measuring.settings import Settings, resolve
from studies.machines.record import LeftOut, Record

# how a measurement is asked for where its times do not matter
FAST = {"device": "cpu", "seconds": 0.02}
# a machine with round numbers: ten FLOPs in the time of one byte
BEST = Ceilings("float32", 1e10, 1e9)
HERE = Machine("cpu", "Chip", "Chip", 2, 1, 2**30, "", "2.13.0", "CPU, AVX2", "3.11", "Linux")


def measurement(name: str = "resnet20_cifar", batch: int = 1, **changes: Any) -> Measurement:
    table = cnnref.table(name)
    layers = tuple(
        LayerTime(row.name, row.op, batch * row.macs, moved_bytes(row, 4, batch), 1e-4)
        for row in table
    )
    given = Measurement(
        name, HERE, "2026-01-01", tuple(table.input_shape), batch, "float32", "inference", False,
        False, False, Quartiles(0.018, 0.02, 0.022, 9), table.parameters, table.macs,
        4 * sum(row.counts.elements_out for row in table), 4, 5, layers,
    )  # fmt: skip
    return given._replace(**changes)


def made(*measurements: Measurement, **changes: Any) -> Record:
    left = LeftOut("vgg19", 256, "training", "float32", False, False, False, "too large")
    given = Record(
        "A Chip (4), 1 thread", "full", "2026-01-01", "abc", HERE, (BEST,),
        measurements or (measurement(), measurement(batch=8, layers=())), (left,),
    )  # fmt: skip
    return given._replace(**changes)


def how(**changes: Any) -> Settings:
    given: dict[str, Any] = {
        "device": "cpu", "dtype": "float32", "mode": "inference", "batch_size": 1,
        "channels_last": False, "tf32": False, "compiled": False, "threads": 1, "seconds": 0.05,
        "spread": 0.05,
    }  # fmt: skip
    return resolve(**given | changes)


class Small(nn.Module):
    """Two convolutions with a norm between them, and calls that are no modules."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 8, 3, padding=1)
        self.norm = nn.BatchNorm2d(8)
        self.second = nn.Conv2d(8, 8, 3, padding=1)
        self.drop = nn.Dropout(0.5)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.norm(self.first(x)))
        return self.drop(x + self.second(x)).mean((2, 3))


def module_state(module: nn.Module) -> list[Any]:
    parts = [
        (part.training, len(part._forward_hooks), sorted(vars(part))) for part in module.modules()
    ]
    held = [*module.named_parameters(), *module.named_buffers()]
    return [parts, [(name, id(one), one.tolist(), one.grad) for name, one in held]]
