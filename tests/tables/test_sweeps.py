"""What the points of a sweep count."""

from __future__ import annotations

import torch
from torch import nn

import cnnref


def test_a_sweep_multiplies_one_image_and_a_trace_of_a_batch_does_not():
    class Adapted(nn.Module):
        """The product of two weights does not depend on the batch."""

        def __init__(self):
            super().__init__()
            self.weight, self.b, self.a = (
                nn.Parameter(torch.ones(size)) for size in ((8, 8), (8, 2), (2, 8))
            )

        def forward(self, x):
            return nn.functional.linear(x, self.weight + self.b @ self.a)

    (point,) = cnnref.sweep(Adapted(), (8,), batch_size=[8])
    assert point.table.macs == 8 * 2 * 8 + 8 * 8
    row = cnnref.sweep(Adapted(), (8,), batch_size=[8]).to_frame(columns="macs")
    assert row["MACs"].tolist() == [8 * point.table.macs] == [1536]
    assert cnnref.trace(Adapted(), inputs=torch.ones(8, 8)).macs == 8 * 2 * 8 + 8 * 8 * 8 == 640
