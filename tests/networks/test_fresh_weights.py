"""The deepest networks stay finite with fresh weights, in eval mode as in training."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

import cnnref

DEEPEST = ("resnet1202_cifar", "preact_resnet1001_cifar", "preact_resnet200")


def scores(network: nn.Module, size: int) -> Tensor:
    torch.manual_seed(0)
    with torch.no_grad():
        answer: Tensor = network.eval()(torch.randn(1, 3, size, size))
    return answer


def fresh(name: str) -> nn.Module:
    torch.manual_seed(0)
    return cnnref.model(name)


@pytest.mark.parametrize("name", DEEPEST)
def test_fresh_weights_give_finite_scores(name: str) -> None:
    assert scores(fresh(name), 16).abs().max() < 1000


@pytest.mark.parametrize("name", DEEPEST[:2])
def test_with_variances_of_one_the_sums_leave_the_range(name: str) -> None:
    network = fresh(name)
    for part in network.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.get_buffer("running_var").fill_(1)

    assert not scores(network, 32).isfinite().all()
