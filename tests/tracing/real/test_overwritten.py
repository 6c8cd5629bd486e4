"""What forward writes feature maps into is known no more: who asks for it gets what a run has."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import cnnref


def one_of_several(net: Again, x: Tensor) -> Tensor:
    sums = [torch.zeros(4), torch.zeros(4)]
    torch._foreach_add_(sums, [x.mean(0), x.mean(0) * 0 + 3])
    return sums[1]


def copied(net: Again, x: Tensor) -> Tensor:
    copies = [torch.zeros(4), torch.zeros(4)]
    torch.ops.aten._foreach_copy_.default(copies, [x[0], x[0] * 0 + 3])
    return copies[1]


def statistics(net: Again, x: Tensor) -> Tensor:
    mean, variance = torch.zeros(4), torch.ones(4)
    F.batch_norm(x, mean, variance, training=True)
    return 2 + (mean != 0).float()


def statistics_by_operator(net: Again, x: Tensor) -> Tensor:
    mean, variance = torch.zeros(4), torch.ones(4)
    torch.ops.aten._native_batch_norm_legit.default(x, None, None, mean, variance, True, 1.0, 1e-5)
    return 2 + (mean != 0).float()


def running_mean(net: Again, x: Tensor) -> Tensor:
    net.norm(x)
    assert net.norm.running_mean is not None
    return 2 + (net.norm.running_mean != 0).float()


class Again(nn.Module):
    """A layer that runs as often as a tensor says."""

    def __init__(self, times: Callable[[Again, Tensor], Tensor]) -> None:
        super().__init__()
        self.layer, self.norm, self.times = nn.Linear(4, 4), nn.BatchNorm1d(4), times

    def forward(self, x: Tensor) -> Tensor:
        for _ in range(int(self.times(self, x)[0])):
            x = self.layer(x)
        return x


@pytest.mark.parametrize("times", [one_of_several, copied, statistics, statistics_by_operator])
def test_a_layer_runs_as_often_as_what_was_written_says(times: Callable[..., Tensor]) -> None:
    table = cnnref.trace(Again(times), inputs=torch.ones(2, 4))
    assert table.ran.by == "inputs"
    assert table.macs == 3 * 2 * 4 * 4


def test_running_statistics_are_known_no_more_after_a_step_of_training() -> None:
    table = cnnref.trace(Again(running_mean), inputs=torch.ones(2, 4), mode="training")
    assert table.ran.by == "inputs"
    assert table.forward.macs == 3 * 2 * 4 * 4


def test_statistics_that_nothing_is_written_to_are_known() -> None:
    module = Again(running_mean).eval()
    assert module.norm.running_mean is not None
    module.norm.running_mean += 1
    table = cnnref.trace(module, inputs=torch.ones(2, 4), values="never")
    assert table.macs == 3 * 2 * 4 * 4
