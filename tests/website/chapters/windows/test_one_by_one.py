"""The chapter on 1x1 convolutions: its numbers and its code against PyTorch's own."""

from __future__ import annotations

import re
from types import ModuleType

import pytest
import torch
from lessons import lesson
from torch import nn
from torch.nn import functional as F

from website.chapters.windows import one_by_one
from website.facts import lookup


@pytest.fixture(scope="module")
def code() -> ModuleType:
    return lesson("one_by_one")


def test_the_filter_by_hand_is_what_pytorch_computes() -> None:
    x = torch.tensor(one_by_one.MAPS, dtype=torch.float64).reshape(1, 2, 2, 2)
    weight = torch.tensor(one_by_one.WEIGHTS, dtype=torch.float64).reshape(1, 2, 1, 1)
    out = F.conv2d(x, weight, torch.tensor([float(one_by_one.BIAS)]).double())
    cells = re.findall(r"<td>(-?\d+)", one_by_one.mixed())
    assert [int(value) for value in cells[-4:]] == out.flatten().tolist()


def test_the_averages_are_equal_and_the_maps_are_not() -> None:
    means = {sum(values) / len(values) for values in one_by_one.MOVED}
    assert means == {2.0}
    assert len(set(one_by_one.MOVED)) == len(one_by_one.MOVED)


def test_the_lesson_computes_what_pytorchs_layers_do(code: ModuleType) -> None:
    torch.manual_seed(0)
    conv, linear = nn.Conv2d(5, 4, 1), nn.Linear(4, 3)
    x = torch.randn(2, 5, 6, 7)
    mixed = code.mix(x, conv.weight[:, :, 0, 0], conv.bias)
    assert torch.allclose(mixed, conv(x), atol=1e-6)
    pooled = F.adaptive_avg_pool2d(mixed, 1).flatten(1)
    assert torch.allclose(code.head(mixed, linear.weight, linear.bias), linear(pooled), atol=1e-6)


def test_heads_are_those_of_real_layers() -> None:
    page = re.sub(r"<[^>]+>", " ", one_by_one.heads([224, 256]))
    flat = [sum(w.numel() for w in nn.Linear(512 * n * n, 4096, device="meta").parameters())
            for n in (7, 8)]  # fmt: skip
    mean = sum(w.numel() for w in nn.Linear(512, 1000).parameters())
    assert [f"{value:,}" in page for value in (*flat, mean)] == [True] * 3
    assert page.count(f"{mean:,}") == 2


def test_shares_count_windows_of_one_position() -> None:
    convs = [layer for layer in lookup("squeezenet1_0") if layer.op == "conv"]
    small = [layer for layer in convs if one_by_one.pointwise(layer)]
    # two in each of eight fire modules, and the last layer
    assert (len(small), len(convs)) == (17, 26)
    assert "17 of 26" in one_by_one.by_window(["squeezenet1_0"])


def test_the_drawing_marks_what_is_read() -> None:
    scene = one_by_one._scene(700, 4)
    marked = [box for box in scene.boxes if box.kind == "conv"]
    windows = [window for read in one_by_one.READS.values() for window in read if window]
    assert [round(box.width / one_by_one.CELL) for box in marked] == windows
