"""Multiplies that touch padding: against a count one by one, and against torch's own sums."""

import random
from itertools import product

import pytest

import cnnref
from cnnref.counting.layer import Layer, taps_inside
from cnnref.counting.shapes import Shape, Window


def one_by_one(layer):
    """Look at every output, every tap and every channel."""
    (high, wide), (down, right), (top, left), (dy, dx), groups, _ = layer.window
    height, width = layer.in_shape.size
    padded = 0
    for y, x in product(*map(range, layer.out_shape.size)):
        for i, j in product(range(high), range(wide)):
            row, column = y * down - top + i * dy, x * right - left + j * dx
            padded += not (0 <= row < height and 0 <= column < width)
    return padded * layer.out_shape.channels * (layer.in_shape.channels // groups)


def random_conv(chance):
    """One row of a net with an odd convolution, or None where it does not fit."""
    groups = chance.choice((1, 1, 2))
    kernel = (chance.randint(1, 5), chance.randint(1, 5))
    net = cnnref.Net((2 * groups, chance.randint(1, 9), chance.randint(1, 9)))
    try:
        net.conv(
            net.input,
            2 * groups,
            kernel,
            stride=(chance.randint(1, 4), chance.randint(1, 4)),
            padding=(chance.randint(0, 6), chance.randint(0, 6)),
            dilation=(chance.randint(1, 3), chance.randint(1, 3)),
            groups=groups,
        )
    except cnnref.ShapeError:
        return None
    return net.table()[0]


def test_padding_is_what_counting_one_by_one_finds():
    chance = random.Random(5)
    tried = [layer for layer in (random_conv(chance) for _ in range(400)) if layer is not None]
    assert len(tried) > 250
    for layer in tried:
        assert layer.padding_macs == one_by_one(layer), layer.window
    shares = [layer.padding_macs / layer.macs for layer in tried]
    assert min(shares) == 0
    assert max(shares) == 1  # windows that lie on padding alone


def test_torch_sums_ones_over_the_same_taps():
    torch = pytest.importorskip("torch")
    chance = random.Random(6)
    for layer in filter(None, (random_conv(chance) for _ in range(60))):
        kernel, stride, padding, dilation, groups, _ = layer.window
        ones = torch.ones(1, *layer.in_shape, dtype=torch.float64)
        depth = layer.in_shape.channels // groups
        weight = torch.ones(layer.out_shape.channels, depth, *kernel, dtype=torch.float64)
        done = torch.nn.functional.conv2d(ones, weight, None, stride, padding, dilation, groups)
        assert layer.macs - int(done.sum()) == layer.padding_macs


def test_several_images_have_so_many_times_as_much():
    torch = pytest.importorskip("torch")
    for rank, kind in enumerate((torch.nn.Conv1d, torch.nn.Conv2d, torch.nn.Conv3d), 1):
        one, four = (
            cnnref.trace(kind(2, 3, 3, padding=1), inputs=torch.ones(images, 2, *[5] * rank))
            for images in (1, 4)
        )
        assert four.padding_macs == 4 * one.padding_macs > 0


def test_of_a_network_it_is_the_sum_of_its_convolutions():
    table = cnnref.table("vgg16")
    # a 3x3 with padding 1 on a map of n loses one tap at each end of each axis
    expected = sum(
        row.macs - row.macs * (3 * row.out_shape[1] - 2) ** 2 // (3 * row.out_shape[1]) ** 2
        for row in table
        if row.op == "conv"
    )
    assert table.padding_macs == expected
    assert table[:1].padding_macs == table[0].padding_macs
    assert table["fc6"].padding_macs == table["pool1"].padding_macs == 0
    without = cnnref.table("alexnet_2012")["conv1"]
    assert without.window.padding == (0, 0)
    assert without.padding_macs == 0


def test_a_wrong_count_would_be_seen():
    window = Window((3, 3), (1, 1), (1, 1))
    shape = Shape((1, 4, 4))
    counts = cnnref.Counts(macs=144)
    layer = Layer("c", "conv", "", "", (-1,), (shape,), shape, window, counts)
    assert layer.padding_macs == one_by_one(layer) == 44
    assert one_by_one(layer._replace(window=window._replace(padding=(0, 1)))) != 44
    assert taps_inside(4, out=4, kernel=3, padding=1) == 10
