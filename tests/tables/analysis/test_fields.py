"""Receptive fields against gradients, and what no rule knows."""

import random
from collections import Counter
from functools import cache

import pytest
import torch
import torch.nn.functional as F

import cnnref
from cnnref import CnnrefError, Net
from cnnref.tables.analysis import (
    peak_activation_bytes,
    receptive_fields,
    training_activation_bytes,
)


class Twin:
    """A spec and its torch computation at once; every weight is one, so nothing cancels."""

    def __init__(self, size):
        self.net = Net((1, *size))
        self.pixels = torch.zeros(1, 1, *size, dtype=torch.float64, requires_grad=True)
        self.input = self.net.input, self.pixels

    def conv(self, pair, kernel, stride, padding, dilation):
        x, value = pair
        weight = torch.ones(1, x.shape.channels, *kernel, dtype=torch.float64)
        x = self.net.conv(x, 1, kernel, stride=stride, padding=padding, dilation=dilation)
        return x, F.conv2d(value, weight, None, stride, padding, dilation)

    def pool(self, pair, kernel, stride, ceil_mode):
        x, value = pair
        x = self.net.avg_pool(x, kernel, stride=stride, ceil_mode=ceil_mode)
        return x, F.avg_pool2d(value, kernel, stride, ceil_mode=ceil_mode)

    def subsample(self, pair, step):
        x, value = pair
        return self.net.subsample(x, step), value[:, :, :: step[0], :: step[1]]

    def join(self, op, a, b):
        if op == "add":
            return self.net.add(a[0], b[0]), a[1] + b[1]
        return self.net.concat(a[0], b[0]), torch.cat([a[1], b[1]], 1)

    def seen(self, value, row, column):
        """First and last pixel along each axis that an output depends on."""
        (gradient,) = torch.autograd.grad(value[0, 0, row, column], self.pixels, retain_graph=True)
        hit = gradient[0, 0].nonzero()
        return hit.min(0).values.tolist(), hit.max(0).values.tolist()


@cache
def grow(seed):
    """A random stack with branches, and its end."""
    dice = random.Random(seed)
    twin = Twin((dice.randint(170, 190), dice.randint(170, 190)))
    end = twin.input

    def window(x, strides):
        kernel = dice.randint(1, 4), dice.randint(1, 4)
        dilation = dice.randint(1, 2), dice.randint(1, 2)
        return twin.conv(x, kernel, strides, (dice.randint(0, 2), dice.randint(0, 2)), dilation)

    for _ in range(3):
        strides = dice.choice([(1, 1), (1, 1), (2, 1), (2, 2), (1, 3)])
        kind = dice.choice(["conv", "pool", "subsample", "branch", "branch", "branch"])
        if kind == "pool":
            end = twin.pool(end, (2, 3), strides, dice.random() < 0.5)
        elif kind == "subsample":
            end = twin.subsample(end, strides)
        else:
            start, end = end, window(end, strides)
            if kind == "branch":
                other = window(window(start, (1, 1)), strides)
                if other[0].shape.size != end[0].shape.size:
                    # 3 x 3 with padding 1 keeps the size, so the same window fits again
                    same = twin.net.table()[end[0].producer].window
                    other = twin.conv(start, (3, 3), (1, 1), (1, 1), (1, 1))
                    other = twin.conv(other, *same[:4])
                # one channel after a concat, so that the gradient of channel 0 sees both
                joined = twin.join(dice.choice(["add", "concat"]), end, other)
                end = twin.conv(joined, (1, 1), (1, 1), (0, 0), (1, 1))
    return twin, end


@pytest.mark.parametrize("seed", range(20))
def test_the_receptive_field_is_the_support_of_the_gradient(seed):
    twin, (x, value) = grow(seed)
    table = twin.net.table()
    field, jump = receptive_fields(table)[x.producer]
    row, column = value.shape[2] // 2, value.shape[3] // 2
    first, last = twin.seen(value, row, column)
    assert tuple(b - a + 1 for a, b in zip(first, last, strict=True)) == field
    after, _ = twin.seen(value, row + 1, column + 1)
    assert tuple(b - a for a, b in zip(first, after, strict=True)) == jump


def test_the_random_stacks_have_what_they_promise():
    tables = [grow(seed)[0].net.table() for seed in range(120)]
    ops = Counter(op for table in tables for op in {layer.op for layer in table})
    assert min(ops[op] for op in ("add", "concat", "avg_pool", "slice", "conv")) >= 5


def test_a_join_whose_windows_share_no_centre_sees_more_than_either():
    twin = Twin((12, 12))
    left = twin.conv(twin.input, (2, 2), (2, 2), (0, 0), (1, 1))
    right = twin.conv(twin.input, (2, 2), (2, 2), (1, 1), (1, 1))
    right = twin.conv(right, (2, 2), (1, 1), (0, 0), (1, 1))
    x, value = twin.join("add", left, right)
    fields = [row.field for row in receptive_fields(twin.net.table())]
    assert fields == [(2, 2), (2, 2), (4, 4), (4, 4)]
    twin = Twin((13, 13))
    left = twin.conv(twin.input, (3, 3), (2, 2), (0, 0), (1, 1))
    right = twin.conv(twin.input, (3, 3), (2, 2), (1, 1), (1, 1))
    right = twin.conv(right, (2, 2), (1, 1), (0, 0), (1, 1))
    x, value = twin.join("add", left, right)
    assert receptive_fields(twin.net.table())[x.producer].field == (5, 5)
    assert twin.seen(value, 2, 2) == ([3, 3], [7, 7])


@pytest.mark.parametrize(
    ("name", "row", "field"),
    [
        ("alexnet", "pool5", 195),
        ("vgg16", "pool5", 212),
        ("resnet50_v1", "conv5_3.relu3", 483),
        ("resnet101_v1", "conv5_3.relu3", 1027),
        ("resnet152_v1", "conv5_3.relu3", 1507),
        ("inception_v3", "Mixed_7c.concat", 1311),
        ("inception_v4", "Mixed_7d.concat", 2071),
        ("inception_resnet_v2", "Conv2d_7b_1x1.relu", 3039),
    ],
)
def test_the_fields_are_those_that_araujo_et_al_publish(name, row, field):
    table = cnnref.table(name)
    found = table.receptive_fields()[list(table).index(table[row])]
    assert found.field == (field, field)
    assert found.jump == (32, 32)


def test_a_vector_and_an_adaptive_pooling_see_the_whole_map():
    net = Net((1, 9, 12))
    x = net.conv(net.input, 2, 3, stride=(1, 2), padding=1)  # 9 x 6, jump (1, 2)
    net.adaptive_avg_pool(x, 1)
    net.adaptive_avg_pool(x, (4, 6))
    net.linear(net.relu(net.flatten(x)), 5)
    whole = (11, 13), (9, 12)
    uneven = (5, 3), (3, 2)  # rows: windows of 3 of 9, their starts 2 or 3 apart
    assert receptive_fields(net.table()) == (((3, 3), (1, 2)), whole, uneven, whole, whole, whole)
    net = Net((7,))
    net.linear(net.input, 3)
    assert receptive_fields(net.table()) == (((1, 1), (1, 1)),)


def test_a_map_that_is_broadcast_shows_the_whole_but_keeps_the_jump():
    class Excite(torch.nn.Module):
        def forward(self, x):
            y = F.pad(F.max_pool2d(x, 2), (1, 1, 2, 2))
            return y * torch.sigmoid(F.adaptive_avg_pool2d(y, 1))

    table = cnnref.trace(Excite(), (1, 8, 8))
    assert [row.op for row in table] == [
        "max_pool", "pad", "adaptive_avg_pool", "sigmoid", "multiply",
    ]  # fmt: skip
    assert receptive_fields(table)[-1] == ((16, 12), (2, 2))


class Joined(torch.nn.Module):
    """What a function makes of an image and of a window on it."""

    def __init__(self, function):
        super().__init__()
        self.function = function
        self.window = torch.nn.Conv2d(4, 1, 3, bias=False)
        torch.nn.init.ones_(self.window.weight)

    def forward(self, x):
        return self.function(self, x)


def phases(module, x):
    """The four phases of an image, as YOLOv5 stacks them."""
    parts = [x[..., ::2, ::2], x[..., 1::2, ::2], x[:, :, ::2, 1::2], x[..., 1::2, 1::2]]
    return module.window(torch.cat(parts, 1))


def standardised(module, x):
    """The window with its mean taken away, as in a convolution of standardised weights."""
    weight = module.window.weight
    return F.conv2d(torch.cat([x] * 4, 1), weight - 2 * weight.mean((1, 2, 3), keepdim=True))


SHIFTED = {
    "phases": (phases, (6, 6)),
    "slices": (lambda module, x: x[..., ::2, ::2] + x[..., 1::2, -11::2], (2, 2)),
    "group": (lambda _, x: F.group_norm(x[..., 2:, 3:], 1), (10, 9)),
    "batch": (lambda _, x: F.batch_norm(x[..., 4:], None, None, training=True), (12, 8)),
    "running": (lambda _, x: F.batch_norm(x, torch.zeros(1), torch.ones(1)), (1, 1)),
    "updating": (
        lambda _, x: torch.ops.aten._batch_norm_with_update(x, *torch.ones(4, 1), 0.1, 1e-5)[0],
        (12, 12),
    ),
    "standardised": (standardised, (3, 3)),
    "scaled": (lambda module, x: F.relu(module.window.weight[:, :1, :1, :1]) * x, (1, 1)),
    "fresh": (lambda module, x: F.avg_pool2d(x, 2, 1) + torch.zeros_like(x)[..., 1:, 1:], (2, 2)),
    "shares": (lambda _, x: F.adaptive_avg_pool2d(x, 6) + F.avg_pool2d(x, 2), (2, 2)),
    "pads": (lambda module, x: F.pad(x, (2, 0)) + F.pad(x, (0, 2, 1, -1)), (2, 3)),
}


@pytest.mark.parametrize("name", SHIFTED)
def test_slices_and_pads_are_seen_from_where_they_begin(name):
    function, expected = SHIFTED[name]
    module, shape = Joined(function), (1, 12, 12)
    image = torch.ones(1, *shape, requires_grad=True)
    value = module(image)
    (gradient,) = torch.autograd.grad(value[0, 0, 3, 3], image)
    hit = gradient[0, 0].nonzero()
    assert tuple((hit.max(0).values - hit.min(0).values + 1).tolist()) == expected
    below = torch.export.export(module, (image,)).module()  # its slices are operators
    for table in (cnnref.trace(module, shape), cnnref.trace(below, shape)):
        assert table.receptive_fields()[-1].field == expected


@pytest.mark.parametrize(
    "whole", [lambda x: F.group_norm(x, 1), lambda x: F.adaptive_avg_pool2d(x, 1)]
)
def test_what_sees_the_whole_map_begins_where_the_map_does(whole):
    # a window of three begins one before it
    module = Joined(lambda _, x: F.avg_pool2d(x, 3, 1, 1) + whole(x))
    assert cnnref.trace(module, (1, 12, 12)).receptive_fields()[-1].field == (13, 13)


def test_vectors_of_maps_of_two_sizes_see_no_more_than_the_map():
    module = Joined(lambda _, x: torch.cat([x.flatten(1), F.avg_pool2d(x, 2).flatten(1)], 1))
    assert cnnref.trace(module, (1, 12, 12)).receptive_fields()[-1].field == (12, 12)


def test_what_is_made_without_the_image_sees_nothing_of_it():
    table = cnnref.trace(Joined(standardised), (1, 12, 12))
    seen = {row.op: field.field for row, field in zip(table, table.receptive_fields(), strict=True)}
    assert seen["mean"] == seen["sub"] == (0, 0)
    drawn = cnnref.trace(Joined(lambda _, x: torch.poisson(x)), (1, 12, 12))
    with pytest.raises(CnnrefError, match="positions of its input poisson sees"):
        drawn.receptive_fields()


def test_values_that_leave_and_come_back_are_not_taken_for_nothing():
    module = Joined(lambda _, x: F.relu(torch.tensor((x + x).tolist())))
    table = cnnref.trace(module, inputs=torch.zeros(1, 1, 12, 12))
    with pytest.raises(CnnrefError, match="positions of its input relu sees"):
        table.receptive_fields()


@pytest.mark.parametrize(
    "function",
    [
        lambda _, x: F.conv_transpose2d(x, torch.ones(1, 1, 3, 3), stride=2),
        lambda _, x: torch.cat([x, x], 2),
        lambda _, x: x.logcumsumexp(2),
    ],
)
def test_what_spreads_its_input_or_goes_along_an_axis_has_no_window(function):
    table = cnnref.trace(Joined(function), (1, 8, 8))
    with pytest.raises(CnnrefError, match="no rule says which positions of its input"):
        table.receptive_fields()


def test_what_no_rule_knows_is_refused():
    class Turn(torch.nn.Module):
        def forward(self, x):
            return x.permute(0, 2, 3, 1)

    table = cnnref.trace(Turn(), (1, 8, 8))
    message = r"permute: no rule says which positions of its input permute sees\."
    with pytest.raises(CnnrefError, match=message):
        receptive_fields(table)
    part = cnnref.table("vgg16").group("op")["conv"]
    for function in (peak_activation_bytes, training_activation_bytes):
        with pytest.raises(CnnrefError, match=r"conv1_2: the row that it reads is not in this"):
            function(part)
    for call in (part.peak_activation_bytes, part.arithmetic_intensities):
        with pytest.raises(CnnrefError, match="bytes_per_element must be a positive whole number"):
            call(0)
