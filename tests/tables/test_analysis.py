"""Receptive fields against gradients, memory against a replay, intensity against the formula."""

import random
import time
from collections import Counter
from functools import cache

import pytest
import torch
import torch.nn.functional as F

import cnnref
from cnnref import CnnrefError, Net, ShapeError, UnknownNameError
from cnnref.tables import analysis
from cnnref.tables.analysis import (
    OPTIMIZERS,
    peak_activation_bytes,
    receptive_fields,
    training_activation_bytes,
)
from cnnref.tables.printable import View
from cnnref.tables.quantities import QUANTITIES

SMALL = [name for name in cnnref.names() if "1202" not in name and "1001" not in name]


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


def test_what_is_made_without_the_image_sees_nothing_of_it():
    table = cnnref.trace(Joined(standardised), (1, 12, 12))
    seen = {row.op: field.field for row, field in zip(table, table.receptive_fields(), strict=True)}
    assert seen["mean"] == seen["sub"] == (0, 0)
    drawn = cnnref.trace(Joined(lambda _, x: torch.poisson(x)), (1, 12, 12))
    with pytest.raises(CnnrefError, match="positions of its input poisson sees"):
        drawn.receptive_fields()


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


def replay(table, *, training=False):
    """Run the table with an allocator that counts references: the peak, and all it ever gave."""
    reads = Counter(source for layer in table for source in layer.inputs)
    references, sizes, home = {}, {}, {}
    used = peak = given = 0
    if reads[-1]:
        home[-1], references["in"], sizes["in"] = "in", reads[-1], table.input_shape.elements
        used = peak = sizes["in"]
    for number, layer in enumerate(table):
        source = home[layer.inputs[0]]
        shares = layer.op in {"flatten", "slice", "chunk", "permute"} or (
            layer.op == "dropout" and not training
        )
        if shares or (layer.op == "relu" and references[source] == 1):
            home[number] = source
        else:
            home[number] = number
            references[number], sizes[number] = 0, layer.out_shape.elements
            used, given = used + sizes[number], given + sizes[number]
        references[home[number]] += reads[number] or 1  # the caller holds what nobody reads
        peak = max(peak, used)
        for read in layer.inputs:
            references[home[read]] -= 1
        for read in {home[read] for read in layer.inputs}:
            used -= 0 if references[read] else sizes[read]
    return 4 * peak, 4 * given


@pytest.mark.parametrize("name", SMALL)
def test_memory_is_that_of_an_allocator_with_reference_counts(name):
    table = cnnref.table(name)
    assert table.peak_activation_bytes() == replay(table)[0]
    assert table.training_activation_bytes() == replay(table, training=True)[1]
    assert table.peak_activation_bytes(2) * 2 == table.peak_activation_bytes()


def tangle(seed):
    """A random net of every kind of sharing, with old maps read again."""
    dice = random.Random(seed)
    net = Net((2, 4, 4))
    maps = [net.input]
    for _ in range(dice.randint(1, 14)):
        x, y = dice.choice(maps[-3:]), dice.choice(maps)
        kind = dice.choice(["conv", "relu", "relu", "dropout", "add", "concat", "view"])
        if kind == "conv":
            maps.append(net.conv(x, dice.randint(1, 6), 1))
        elif kind == "view":
            maps.append(net.subsample(x, 1))
        elif kind in ("add", "concat"):
            try:
                maps.append(getattr(net, kind)(x, y))
            except ShapeError:
                continue
        else:
            maps.append(getattr(net, kind)(x))
    return net.table()


def disagreements():
    return sum(
        (peak_activation_bytes(table), training_activation_bytes(table))
        != (replay(table)[0], replay(table, training=True)[1])
        for table in map(tangle, range(300))
    )


def test_random_nets_agree_with_the_replay():
    assert disagreements() == 0


def first_reader(owners, last, layers):
    firsts = {}
    for number, layer in enumerate(layers):
        for source in layer.inputs:
            firsts.setdefault(source, number)
    return owners, [firsts.get(i, last[i]) for i in range(len(layers))] + [firsts.get(-1, -1)]


FAULTS = {
    "freed after the first reader": first_reader,
    "freed before its last reader runs": lambda owners, last, _: (owners, [a - 1 for a in last]),
    "freed one row late": lambda owners, last, rows: (
        owners,
        [min(a + 1, len(rows)) for a in last],
    ),
    "nothing is freed": lambda owners, last, rows: (owners, [len(rows)] * len(last)),
    "nothing is shared": lambda owners, last, _: ([*range(len(owners) - 1), -1], last),
    "the input is forgotten": lambda owners, last, _: (owners, [*last[:-1], -1]),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_wrong_liveness_is_seen(fault, monkeypatch):
    true = analysis.storages
    monkeypatch.setattr(
        analysis, "storages", lambda rows, *more: FAULTS[fault](*true(rows, *more), rows)
    )
    assert disagreements() > 10


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("IN_PLACE", frozenset()),
        ("IDENTITY", frozenset()),
        ("VIEWS", frozenset()),
        ("VIEWS", analysis.VIEWS | {"relu", "dropout"}),
        ("VIEWS", analysis.VIEWS | {"add"}),
    ],
)
def test_a_wrong_sharing_is_seen(name, value, monkeypatch):
    if "relu" in value:
        monkeypatch.setattr(analysis, "IN_PLACE", frozenset())
    monkeypatch.setattr(analysis, name, value)
    assert disagreements() > 10


def test_a_residual_block_by_hand():
    net = Net((1, 4, 4))  # every map has 16 elements
    x = net.relu(net.conv(net.input, 1, 3, padding=1))
    x = net.conv(x, 1, 3, padding=1)  # input, first and second convolution: three maps
    net.relu(net.add(x, net.input))  # input, second convolution and sum: three maps
    assert net.table().peak_activation_bytes() == 3 * 16 * 4
    assert net.table().training_activation_bytes() == 3 * 16 * 4


def test_relu_is_not_in_place_where_its_input_is_read_later():
    net = Net((1, 4, 4))
    shortcut = net.conv(net.input, 1, 1)
    x = net.conv(net.relu(shortcut), 3, 1)  # shortcut, ReLU and three channels: five maps
    net.add(net.conv(x, 1, 1), shortcut)  # before: shortcut, three channels, one: five maps
    assert net.table().peak_activation_bytes() == 5 * 16 * 4
    assert net.table().training_activation_bytes() == 7 * 16 * 4


class Pyramid(torch.nn.Module):
    """Each step halves the map and has twice the channels; all maps are handed out, or the last."""

    def __init__(self, whole):
        super().__init__()
        self.whole = whole
        self.steps = torch.nn.ModuleList(
            torch.nn.Conv2d(2**n, 2 ** (n + 1), 2, stride=2) for n in range(4)
        )

    def forward(self, x):
        maps = []
        for step in self.steps:
            x = step(x)
            maps.append(x)
        return {"maps": maps} if self.whole else x


@pytest.mark.parametrize("values", ["never", "always"])
def test_maps_that_are_returned_are_alive_to_the_end(values):
    sizes = [2 ** (n + 1) * (16 >> n) ** 2 for n in range(4)]
    all_maps = cnnref.trace(Pyramid(True), (1, 32, 32), values=values)
    assert all_maps.returned == (0, 1, 2)
    assert all_maps.live_activation_bytes(1)[-1] == sum(sizes)
    assert all_maps[:2].live_activation_bytes(1) == all_maps.live_activation_bytes(1)[:2]
    assert cnnref.Table.from_json(all_maps.to_json()).returned == all_maps.returned
    last = cnnref.trace(Pyramid(False), (1, 32, 32), values=values)
    assert (last, last.returned) == (all_maps, ())
    assert last.live_activation_bytes(1)[-1] == sum(sizes[-2:])


def test_relu_leaves_a_map_that_is_returned_alone_in_training_too():
    module = Joined(lambda module, x: (y := module.window(x), F.relu(y) + 1))
    assert cnnref.trace(module, (4, 6, 6)).training_activation_bytes(1) == 3 * 16


def test_relu_as_the_last_row_leaves_an_earlier_output_of_the_network_alone():
    net = Net((1, 4, 4))
    x = net.conv(net.input, 1, 1)
    net.dropout(x)  # nobody reads it: the caller gets it, in the storage of x
    net.relu(x)
    assert net.table().peak_activation_bytes() == 2 * 16 * 4


def test_small_tables_by_hand():
    net = Net((2, 3, 3))
    assert net.table().peak_activation_bytes() == 0
    x = net.dropout(net.flatten(net.input))
    assert net.table().peak_activation_bytes() == 18 * 4
    net.linear(x, 5)
    assert net.table().peak_activation_bytes() == 23 * 4
    assert net.table().training_activation_bytes() == (18 + 5) * 4  # dropout's own, and linear's


def test_intensity_by_hand():
    net = Net((3, 8, 8))
    net.relu(net.conv(net.input, 4, 3, padding=1))
    macs, moved = 4 * 64 * 27, 4 * 27 + 4 + 3 * 64 + 4 * 64
    assert net.table().arithmetic_intensities() == (2 * macs / (4 * moved), 0.0)
    assert net.table().arithmetic_intensities(2) == (2 * macs / (2 * moved), 0.0)


def test_time_is_linear_in_rows():
    table = cnnref.table("resnet1202_cifar")
    calls = (receptive_fields, peak_activation_bytes, training_activation_bytes)
    for call in calls:
        start = time.process_time()
        call(table)
        assert time.process_time() - start < 0.5, call


@pytest.mark.parametrize(
    ("optimizer", "numbers"), [("none", 1), ("sgd", 2), ("momentum", 3), ("adam", 4)]
)
def test_training_holds_numbers_for_each_parameter_and_the_maps_of_a_batch(optimizer, numbers):
    book = cnnref.table("alexnet")
    maps = book.training_activation_bytes("float16")
    said = book.training_bytes(optimizer, batch_size=7, bytes_per_element="float16")
    assert said == 2 * numbers * book.parameters + 7 * maps


def test_an_optimizer_holds_what_torch_holds():
    module = torch.nn.Linear(3, 2)
    kinds = {
        "sgd": torch.optim.SGD(module.parameters(), lr=0.1),
        "momentum": torch.optim.SGD(module.parameters(), lr=0.1, momentum=0.9),
        "adam": torch.optim.Adam(module.parameters(), lr=0.1),
    }
    module(torch.ones(1, 3)).sum().backward()
    for name, optimizer in kinds.items():
        optimizer.step()
        states = (s for state in optimizer.state.values() for s in state.values())
        held = sum(state.numel() for state in states if torch.is_tensor(state) and state.dim())
        parameters = sum(weight.numel() for weight in module.parameters())
        assert held == (OPTIMIZERS[name] - 2) * parameters, name


@pytest.mark.parametrize("mode", ["inference", "training"])
def test_a_frozen_parameter_has_no_gradient_and_nothing_is_remembered_of_it(mode):
    module = torch.nn.Sequential(torch.nn.Linear(5, 3), torch.nn.Linear(3, 2))
    module[0].requires_grad_(False)
    table = cnnref.trace(module, (5,), mode=mode)
    maps = table.training_activation_bytes()
    assert table.training_bytes("adam") == 4 * (18 + 4 * 8) + maps
    column = QUANTITIES["training_adam"].of(table, View.of("macs", (), "float16", 3))
    assert column == table.training_bytes("adam", batch_size=3, bytes_per_element="float16")


def test_an_unknown_optimizer_is_refused():
    with pytest.raises(UnknownNameError, match="Unknown optimizer 'adma'"):
        cnnref.table("alexnet").training_bytes("adma")
