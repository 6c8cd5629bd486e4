"""The chapter on what a convolution does: its maps, its weights and its code against PyTorch."""

from __future__ import annotations

import re

import pytest
import torch
from lessons import lesson
from torch import nn
from torch.nn import functional as F

from cnnref.drawing import NARROW, WIDE
from cnnref.drawing.scene import faults
from website.chapters.windows import convolution


def convolved(image: convolution.Map, kernel: convolution.Map) -> list[list[int]]:
    x, weight = (torch.tensor(given).double()[None, None] for given in (image, kernel))
    return F.conv2d(x, weight)[0, 0].int().tolist()


@pytest.mark.parametrize("name", convolution.KERNELS)
def test_the_maps_are_what_pytorch_computes(name: str) -> None:
    kernel = convolution.KERNELS[name]
    assert convolution.slid(convolution.SQUARE, kernel) == convolved(convolution.SQUARE, kernel)


def test_a_kernel_finds_the_edges_of_its_direction_alone() -> None:
    made = convolution.slid(convolution.SQUARE, convolution.UPRIGHT)
    turned = convolution.slid(convolution.SQUARE, convolution.LEVEL)
    assert turned == [list(row) for row in zip(*made, strict=True)]
    # in the middle line the edges alone, dark to bright and bright to dark
    assert made[2] == [3, 3, 0, 0, -3, -3]
    assert [row[2] for row in made] == [0] * 6


def test_when_the_image_moves_the_map_moves_along() -> None:
    moved = [[0, *row[:-1]] for row in convolution.SQUARE]
    made = convolution.slid(convolution.SQUARE, convolution.UPRIGHT)
    later = convolution.slid(moved, convolution.UPRIGHT)
    assert [row[1:] for row in later] == [row[:-1] for row in made]


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_the_drawing_has_every_number_and_nothing_on_another(width: float) -> None:
    scene = convolution._edges(width)
    assert list(faults(scene)) == []
    assert scene.width <= width
    for name, kernel in convolution.KERNELS.items():
        values = [b.words.rpartition(": ")[2] for b in scene.boxes if f"map of {name}" in b.words]
        made = convolution.slid(convolution.SQUARE, kernel)
        assert [int(value) for value in values] == [value for row in made for value in row]


def test_weights_are_those_of_layers_that_share_less() -> None:
    conv = nn.Conv2d(3, 64, 11, stride=4, padding=2, device="meta")
    read, made = (3, 227, 227), conv(torch.empty(1, 3, 227, 227, device="meta")).shape[1:]
    whole = nn.Linear(torch.Size(read).numel(), made.numel(), bias=False, device="meta")
    own = made[1] * made[2] * conv.weight.numel()
    found = re.findall(r'value="(\d+)"', convolution.sharing())
    assert [*map(int, found)] == [whole.weight.numel(), own, conv.weight.numel()]
    assert f'value="{own}"' in convolution.unshared()


@pytest.mark.parametrize("kernel", convolution.KERNEL_SIDES)
def test_borders_are_those_of_real_layers(kernel: int) -> None:
    x = torch.empty(1, 1, 224, 224, device="meta")
    bare = nn.Sequential(*(nn.Conv2d(1, 1, kernel) for _ in range(10))).to("meta")
    cells = [cell.content for cell in convolution._border(kernel).cells[1:]]
    side, padding = map(int, cells)
    assert bare(x).shape[-1] == side
    assert nn.Conv2d(1, 1, kernel, padding=padding, device="meta")(x).shape == x.shape
    assert convolution.side_after(224, kernel, 10) == f'<data value="{side}">{side}</data>'


def test_a_value_that_stays_in_its_pair_makes_no_difference_to_the_largest() -> None:
    line = torch.tensor([convolution.VALUES]).double()
    moved = line.roll(1)
    assert line[0, -1] == 0
    page = re.sub(r"<[^>]+>", " ", convolution.pooled())
    for values in (line, moved):
        for pool in (F.max_pool1d, F.avg_pool1d):
            shown = [f"{value:.1f}" for value in pool(values[None], 2)[0, 0].tolist()]
            whole = [value.removesuffix(".0") for value in shown]
            said = whole if pool is F.max_pool1d else shown
            assert "\u2002".join(said) in page


def test_the_lesson_computes_what_pytorchs_layer_does() -> None:
    torch.manual_seed(0)
    conv, x = nn.Conv2d(3, 4, 3), torch.randn(3, 6, 7)
    with torch.no_grad():
        made = lesson("convolution").convolve(x, conv.weight, conv.bias)
        assert torch.allclose(made, conv(x), atol=1e-6)


def test_the_answers_to_the_exercise_on_kernels_hold() -> None:
    image = convolution.SQUARE
    inner = [list(row[1:-1]) for row in image[1:-1]]
    stays: convolution.Map = ((0, 0, 0), (0, 1, 0), (0, 0, 0))
    moves: convolution.Map = ((0, 0, 0), (0, 0, 1), (0, 0, 0))
    assert convolution.slid(image, stays) == inner
    assert convolution.slid(image, moves) == [list(row[2:]) for row in image[1:-1]]
