"""Memory against a replay, intensity against the formula."""

import random
from collections import Counter

import pytest
import torch
import torch.nn.functional as F

import cnnref
from cnnref import Net, ShapeError, UnknownNameError
from cnnref.tables import analysis
from cnnref.tables.analysis import (
    OPTIMIZERS,
    peak_activation_bytes,
    training_activation_bytes,
)
from cnnref.tables.printable import View
from cnnref.tables.quantities import QUANTITIES

SMALL = [name for name in cnnref.names() if "1202" not in name and "1001" not in name]


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


class Handing(torch.nn.Conv2d):
    """A convolution that hands out what it gives, and what comes of it."""

    def forward(self, x):
        y = super().forward(x)
        return y, F.relu(y) + 1


def test_relu_leaves_a_map_that_is_returned_alone_in_training_too():
    assert cnnref.trace(Handing(4, 1, 3), (4, 6, 6)).training_activation_bytes(1) == 3 * 16


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
