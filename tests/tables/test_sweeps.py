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


def test_settings_are_numbers_where_all_are_and_else_text():
    def scaled(width=1, act="relu"):
        net = cnnref.Net((3, 8, 8))
        net.conv(net.input, int(8 * width), 3, padding=1)
        return net

    found = cnnref.sweep(scaled, width=[1, 2]).to_frame(columns="macs")
    assert [kind.kind for kind in found.dtypes] == ["i", "i"]
    found = cnnref.sweep(scaled, width=[0.5, 2]).to_frame(columns="macs")
    assert [kind.kind for kind in found.dtypes] == ["f", "i"]
    found = cnnref.sweep(scaled, width=[1, 2], act=["relu", None]).to_frame(columns="macs")
    assert [kind.kind for kind in found.dtypes][1] not in "if"
    assert found.iloc[:, 0].tolist() == [1, 1, 2, 2]
