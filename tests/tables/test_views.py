"""Tables in other columns, in order, in part, in groups, and with equal blocks shown once."""

import csv
import json
from io import StringIO

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from unknown_operator import mystery

import cnnref
from cnnref.counting.layer import Layer, levels
from cnnref.counting.shapes import Counts, Shape, Window
from cnnref.errors import CnnrefError, UnknownNameError
from cnnref.tables.columns import COLUMNS
from cnnref.tables.printable import View, grid_of
from cnnref.tables.table import Table

RESNET = cnnref.table("resnet50")
SMALL = [name for name in cnnref.names() if not name.endswith(("1202_cifar", "1001_cifar"))]


def cells(text):
    return list(csv.DictReader(StringIO(text)))


# ---- columns ----


def test_any_column_by_its_key_and_more_besides():
    found = cells(RESNET.to_csv("macs", "layer,macs,field"))
    assert list(found[0]) == ["Layer", "MACs", "field"]
    assert list(found[4].values()) == ["conv2_1.conv1", "12845056", "11"]
    own = list(cells(RESNET.to_csv("macs"))[0])
    assert list(cells(RESNET.to_csv("macs", ["+field", "+macs_share"]))[0]) == [
        *own, "field", "MACs %"
    ]  # fmt: skip
    assert list(cells(RESNET.to_csv("macs", "+layer"))[0]) == own


def test_fields_and_jumps_are_those_of_the_table():
    found = cells(RESNET.to_csv("macs", "field,jump"))
    fields = RESNET.receptive_fields()
    assert [(row["field"], row["jump"]) for row in found] == [
        (str(row.field[0]), str(row.jump[0])) for row in fields
    ]
    wide = cnnref.table("alexnet", input_size=(96, 320))
    assert cells(wide.to_csv("macs", "field"))[-1]["field"] == "{}x{}".format(
        *wide.receptive_fields()[-1].field
    )


@pytest.mark.parametrize(("dtype", "size"), [("float32", 4), ("float16", 2), (torch.int8, 1)])
def test_bytes_are_of_the_dtype_and_the_batch(dtype, size):
    text = RESNET.to_csv("macs", "bytes,peak,intensity", dtype=dtype, batch_size=3)
    found = cells(text)
    assert [int(row["bytes"]) for row in found] == [
        3 * size * layer.out_shape.elements for layer in RESNET
    ]
    live = [int(row["live bytes, at least"]) for row in found]
    assert max(live) == 3 * RESNET.peak_activation_bytes(dtype)
    assert live == [3 * alive for alive in RESNET.live_activation_bytes(size)]
    assert [float(row["FLOP/byte"]) for row in found] == list(
        RESNET.arithmetic_intensities(dtype, 3)
    )


def test_shares_add_up_to_the_whole():
    for key in ("parameters_share", "macs_share", "operations_share", "activations_share"):
        frame = RESNET.to_frame("flops", key)
        assert frame.iloc[:, 0].sum() == pytest.approx(100)
    found = cells(RESNET.to_csv("macs", "layer,macs_share"))
    assert float(found[0]["MACs %"]) == 100 * RESNET["conv1"].macs / RESNET.macs


def test_totals_of_columns_are_what_they_say():
    keys = "layer,macs,activations,peak,bytes,intensity,macs_share,field"
    total = RESNET.to_markdown("macs", keys).splitlines()[-5]
    elements = sum(layer.out_shape.elements for layer in RESNET)
    assert [cell.strip() for cell in total.strip("| ").split("|")][:7] == [
        "Total", f"{RESNET.macs:,}", f"{RESNET.mac_activations:,}",
        f"{RESNET.peak_activation_bytes():,}", f"{4 * elements:,}",
        f"{RESNET.arithmetic_intensity():.1f}", "100.0",
    ]  # fmt: skip
    text = RESNET.to_text("macs", "macs")
    assert text.splitlines()[-1] == f"{RESNET.macs:,}"


def test_what_bytes_are_of_is_said():
    told = "Bytes are of float16 elements, for 1 image."
    assert told in RESNET.to_text("macs", "layer,bytes", dtype="float16")
    told = "Bytes are of 3-byte elements, for 2 images."
    assert told in RESNET.to_text("macs", "layer,bytes", dtype=3, batch_size=2)
    assert "Bytes" not in RESNET.to_text("macs", "layer,macs")


class Turns(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, x):
        return torch.relu(self.conv(x).permute(0, 2, 3, 1))


def test_fields_that_no_rule_knows_are_empty_and_said():
    table = cnnref.trace(Turns(), (3, 8, 8))
    found = cells(table.to_csv("macs", "op,field"))
    assert [row["field"] for row in found] == ["3", "", ""]
    text = " ".join(table.to_text("macs", "layer,field").split())
    assert text.endswith(
        "Receptive fields are not known from permute on: no rule says which positions of its input "
        "permute sees."
    )
    with pytest.raises(CnnrefError, match="permute: no rule says"):
        table.receptive_fields()


@pytest.mark.parametrize("axes", [1, 3])
def test_fields_along_one_axis_and_three(axes):
    shapes = [(1, *[32] * axes), (2, *[28] * axes), (2, *[14] * axes), (2, *[12] * axes), (9,)]
    windows = [(5, 1), (2, 2), (3, 1)]
    rows = []
    for number, (kernel, stride) in enumerate(windows):
        window = [(value,) * axes for value in (kernel, stride, 0, 1)]
        before, after = map(Shape, shapes[number : number + 2])
        rows.append(Layer(f"conv{number}", "conv", "", "", (number - 1,), (before,), after,
                          Window(*window), Counts()))  # fmt: skip
    before, after = map(Shape, shapes[3:])
    rows.append(Layer("flat", "flatten", "", "", (2,), (before,), after, None, Counts()))
    table = Table(rows, name="own", input_shape=Shape(shapes[0]))
    fields = [row.field for row in table.receptive_fields()]
    assert fields == [(5,) * axes, (6,) * axes, (10,) * axes, (32,) * axes]


# ---- order and parts ----


@pytest.mark.parametrize("by", ["macs", "parameters", "activations", "peak", "intensity"])
def test_sorted_has_the_most_first_and_all_rows(by):
    found = RESNET.sorted(by)
    values = [float(row[COLUMNS[by].header]) for row in cells(found.to_csv("macs", by))]
    assert values == sorted(values, reverse=True)
    assert sorted(found.numbers) == list(range(len(RESNET)))
    assert [RESNET[number] for number in found.numbers] == list(found)


def test_rows_that_are_equal_stay_in_their_order():
    found = RESNET.sorted("macs")
    pairs = zip(found.numbers, found.numbers[1:], strict=False)
    assert all(a < b for a, b in pairs if RESNET[a].macs == RESNET[b].macs)


def test_text_is_in_the_order_of_the_alphabet():
    names = [layer.op for layer in RESNET.sorted("op")]
    assert names == sorted(names)


def test_rows_without_a_text_or_a_number_come_last():
    table = cnnref.table("alexnet", input_size=(96, 320))
    with_window = sum(layer.window is not None for layer in table)
    for key in ("kernel", "kernel_size", "groups"):
        found = [layer.window is not None for layer in table.sorted(key)]
        assert found == [True] * with_window + [False] * (len(table) - with_window)


def test_operations_are_sorted_under_their_convention():
    assert RESNET.sorted("operations", "lecture")[0].name == "conv1"
    pools = cnnref.table("alexnet")
    assert [layer.op for layer in pools.sorted("operations", "lecture")][-1] != "max_pool"


def test_uncounted_rows_come_last():
    class Strange(nn.Module):
        def forward(self, x):
            return mystery(torch.relu(x))

    with pytest.warns(cnnref.UncountedWarning):
        table = cnnref.trace(Strange(), (3, 4, 4))
    assert [layer.counted for layer in table.sorted("macs")] == [True, False]


def test_a_part_knows_the_network_that_it_is_of():
    top = RESNET.top(3, "parameters")
    assert [layer.name for layer in top] == ["conv5_1.conv2", "conv5_2.conv2", "conv5_3.conv2"]
    assert top.whole is RESNET
    assert [RESNET[number] for number in top.numbers] == list(top)
    assert top[:2].numbers == top.numbers[:2]
    assert top[:2].whole is RESNET
    assert RESNET.whole is RESNET
    fields = RESNET.receptive_fields()
    assert top.receptive_fields() == tuple(fields[number] for number in top.numbers)
    assert [row["row"] for row in json.loads(top.to_json())["rows"]] == list(top.numbers)


def test_a_part_shows_its_sums_beside_those_of_the_whole():
    top = RESNET.top(2)
    text = top.to_text()
    assert text.startswith("resnet50, 2 of its 175 rows, input 3 x 224 x 224; ")
    assert f"{top.macs:,}" in next(line for line in text.splitlines() if line.startswith("Shown"))
    assert f"{RESNET.macs:,}" in next(line for line in text.splitlines() if line.startswith("All"))
    assert "Total" in RESNET.sorted("macs").to_text()
    share = float(cells(top.to_csv("macs", "macs_share"))[0]["MACs %"])
    assert share == 100 * top[0].macs / RESNET.macs


def test_memory_is_not_told_of_rows_in_another_order():
    for part in (RESNET.sorted("macs"), RESNET.top(3), RESNET[1:]):
        with pytest.raises(CnnrefError, match="not in this table"):
            part.peak_activation_bytes()
    assert RESNET[:9].peak_activation_bytes() <= RESNET.peak_activation_bytes()
    net = cnnref.Net((2, 4, 4))
    net.add(net.conv(net.input, 2, 1), net.conv(net.input, 2, 3, padding=1))
    # its rows look like the beginning of a network: the first of both reads the input
    with pytest.raises(CnnrefError, match=r"conv2: the rows before it are not in this table\."):
        net.table()[1:2].peak_activation_bytes()


# ---- groups ----


def test_the_depth_of_a_traced_module_is_that_of_its_path():
    table = cnnref.trace(cnnref.model("resnet50"))
    top = table.group(depth=1)
    assert list(top)[:5] == ["conv1", "bn1", "relu", "maxpool", "layer1"]
    blocks = table.group(depth=2)
    assert [name for name in blocks if name.startswith("layer1")] == [
        "layer1.0", "layer1.1", "layer1.2"
    ]  # fmt: skip
    assert len(blocks["layer1.1"]) == 10
    assert table.group(depth=9).keys() == {levels(layer)[-1] for layer in table}


@pytest.mark.parametrize("name", SMALL)
def test_depths_of_specs_are_stages_blocks_and_rows(name):
    table = cnnref.table(name)
    for depth in (1, 2, 3, 4):
        groups = table.group(depth=depth)
        assert sum(len(part) for part in groups.values()) == len(table)
        assert sum(part.macs for part in groups.values()) == table.macs
    stages = [layer.stage for layer in table if layer.stage]
    assert set(stages) <= set(table.group(depth=1))


def test_groups_print_a_row_for_each():
    groups = RESNET.group("stage")
    text = str(groups).splitlines()
    assert text[0] == "resnet50, input 3 x 224 x 224; convention macs: Multiply-accumulates."
    assert text[6].split() == [
        "conv2", "33", "256", "x", "56", "x", "56", "215,808", "0.8", "667,942,912", "16.3",
    ]  # fmt: skip
    assert text[-1].split() == ["Total", "175", "25,557,032", "100.0", "4,089,184,256", "100.0"]
    found = cells(groups.to_csv())
    assert {row["stage"]: int(row["MACs"]) for row in found} == {
        name: part.macs for name, part in groups.items()
    }
    frame = groups.to_frame("macs", "macs,peak")
    assert list(frame.columns) == ["stage", "rows", "output", "MACs", "live bytes, at least"]
    assert frame["live bytes, at least"].max() == RESNET.peak_activation_bytes()
    read = json.loads(groups.to_json("flops", "macs"))
    assert [group["group"] for group in read["groups"]] == list(groups)
    assert read["groups"][1]["operations"] == 2 * groups["conv2"].macs
    assert read["groups"][1]["columns"] == {"macs": groups["conv2"].macs}
    assert [n for group in read["groups"] for n in group["rows"]] == list(range(len(RESNET)))
    assert repr(groups) == "<Groups of resnet50 by stage: conv1, conv2, conv3, conv4, conv5, fc>"


def test_groups_can_be_sorted_and_cut():
    groups = RESNET.group("stage")
    assert list(groups.sorted("parameters")) == ["conv5", "conv4", "fc", "conv3", "conv2", "conv1"]
    top = groups.top(2)
    assert list(top) == ["conv4", "conv3"]
    labels = [line.split()[0] for line in str(top).splitlines()[-2:]]
    assert labels == ["Shown", "All"]
    with pytest.raises(UnknownNameError, match="Unknown column of groups 'field'"):
        groups.sorted("field")


def test_a_grouping_is_one_thing():
    for words in ({}, {"by": "stage", "depth": 1}):
        with pytest.raises(CnnrefError, match="group: give either by, such as"):
            RESNET.group(**words)


# ---- equal blocks once ----


def unrolled(table):
    """The rows of a collapsed table as often as they say, by what they count."""
    runs = table.collapse()
    return [layer.counts for run in runs for _ in range(run.times) for layer in run.rows]


@pytest.mark.parametrize("name", SMALL)
def test_collapsed_rows_are_all_rows(name):
    table = cnnref.table(name)
    assert unrolled(table) == [layer.counts for layer in table]
    for run in table.collapse():
        assert len(run.labels) == len(run.rows)


def test_equal_blocks_are_found_where_the_paper_has_them():
    found = {run.name: run.times for run in cnnref.table("resnet152").collapse() if run.times > 1}
    assert found == {"conv2_2-3": 2, "conv3_2-8": 7, "conv4_2-36": 35, "conv5_2-3": 2}
    found = {run.name: run.times for run in cnnref.table("vgg16").collapse() if run.times > 1}
    assert found == {
        "conv3_2-3 to relu3_2-3": 2, "conv4_2-3 to relu4_2-3": 2, "conv5_1-3 to relu5_1-3": 3,
    }  # fmt: skip
    traced = cnnref.trace(cnnref.model("resnet101")).collapse()
    assert [run.times for run in traced if run.name == "layer3.1-22"] == [22]
    assert traced[3].labels[0] == "layer2.1-3.conv1"
    assert next(run.name for run in cnnref.table("inception_v3").collapse() if run.times > 1) == (
        "Mixed_6c-d"
    )


def test_a_block_that_differs_or_reads_elsewhere_is_not_equal():
    def net(third, source):
        net = cnnref.Net((4, 8, 8))
        x = start = net.input
        for number in (1, 2, 3):
            with net.block(f"block{number}"):
                wide = third if number == 3 else 4
                y = net.conv(x, wide, 3, padding=1, name=f"block{number}.conv")
                x = net.add(y, x if number != 3 or source == "near" else start,
                            name=f"block{number}.add") if wide == 4 else y  # fmt: skip
        return net.table().collapse()

    assert [run.times for run in net(4, "near")][-1] >= 2
    assert max(run.times for run in net(4, "near")) > max(run.times for run in net(5, "near"))
    assert max(run.times for run in net(4, "far")) < 3


def totals(printed):
    lines = map(str.split, printed.splitlines())
    return [line for line in lines if line[:1] in (["Total"], ["Shown"], ["All"])]


def test_the_totals_of_a_collapsed_table_are_those_of_its_rows():
    """Also where equal work is called otherwise, has other zeros, or has more alive beside it."""

    class Ladder(nn.Module):
        def __init__(self):
            super().__init__()
            self.steps = nn.ModuleList(nn.Linear(16, 16) for _ in range(4))
            self.last = nn.Linear(64, 1)

        def forward(self, x):
            found = []
            for number, step in enumerate(self.steps):
                x = step(x) if number != 2 else F.linear(x, step.weight, step.bias)
                found.append(x)
            return self.last(torch.cat(found))

    module = Ladder()
    module.steps[1].requires_grad_(False)
    with torch.no_grad():
        module.steps[3].weight[:8] = 0
    table = cnnref.trace(module, inputs=torch.ones(16), sparsity=True)
    columns = "layer,operations,macs,peak,trainable,sparsity,nonzero_macs,training_adam,intensity"
    for some in (table, table[:4]):
        for convention in ("torchinfo", "macs"):
            collapsed = some.collapse().to_text(convention, columns=columns)
            plain = some.to_text(convention, columns=columns)
            assert totals(collapsed) == totals(plain)


def test_collapsed_tables_print_blocks_with_their_times():
    collapsed = cnnref.table("resnet101").collapse()
    lines = str(collapsed).splitlines()
    place = next(n for n, line in enumerate(lines) if line.startswith("conv4_2-23 "))
    assert lines[place].split() == ["conv4_2-23", "x", "22"]
    assert [line.split()[0] for line in lines[place + 1 : place + 4]] == ["conv1", "bn1", "relu1"]
    assert lines[-1].startswith("x N: one row for N equal ones; ")
    whole = next(line for line in lines if line.startswith("Total")).split()
    assert whole[-1] == f"{cnnref.table('resnet101').macs:,}"
    found = cells(collapsed.to_csv())
    assert sum(int(row["times"]) * int(row["MACs"]) for row in found) == (
        cnnref.table("resnet101").macs
    )
    assert "| conv4\\_2-23.conv1 | x 22 |" in collapsed.to_markdown("macs")
    assert collapsed.to_frame().set_index("Layer").loc["conv4_2-23.conv1", "times"] == 22
    read = json.loads(collapsed.to_json("macs", "field"))
    (run,) = [run for run in read["runs"] if run["times"] == 22]
    assert (run["name"], len(run["rows"])) == ("conv4_2-23", 10)
    assert run["columns"][1] == {"field": run["columns"][0]["field"]}
    assert sum(run["times"] * run["macs"] for run in read["runs"]) == read["totals"]["operations"]
    assert repr(collapsed) == "<Repeats resnet101: 95 rows for 345>"


def test_text_of_a_collapsed_network_fits_a_terminal():
    for name in ("resnet152", "inception_v3", "vgg16", "preact_resnet200", "enet"):
        lines = str(cnnref.table(name).collapse()).splitlines()
        assert max(map(len, lines)) <= 80


def test_free_rows_may_be_left_out():
    with torch.device("meta"):
        module = nn.Sequential(nn.TransformerEncoderLayer(16, 4, 32, batch_first=True))
    table = cnnref.trace(module, (5, 16))
    found = table.without_free()
    assert {row.op for row in found} == {
        "linear", "attention", "matmul", "softmax", "add", "scale", "dropout", "layer_norm", "relu"
    } & {row.op for row in table}  # fmt: skip
    assert (found.macs, found.parameters) == (table.macs, table.parameters)
    assert len(found) < len(table) // 2

    # a copy that brings parameters stays
    class Token(nn.Module):
        def __init__(self):
            super().__init__()
            self.token = nn.Parameter(torch.zeros(1, 1, 4))

        def forward(self, x):
            return torch.cat([self.token, x.flatten(2)], 1).flatten(1)

    kept = cnnref.trace(Token(), (3, 2, 2)).without_free()
    assert [(row.op, row.parameters) for row in kept] == [("concat", 4)]


def test_groups_fold_what_is_long_but_no_number():
    shape = Shape((1024, 16, 112, 112))
    rows = [
        Layer(op, op, "", "", (n - 1,), (shape,), shape, None, Counts(macs=10**11, weights=10**8))
        for n, op in enumerate(["conv", "conv", "adaptive_avg_pool"])
    ]
    expected = """\
clip, input 1024 x 16 x 112 x 112; convention macs: Multiply-accumulates.

                                                parameters                  MACs
op            rows output            parameters          %            MACs     %
--------------------------------------------------------------------------------
conv             2 1024 x 16 x 112  200,000,000       66.7 200,000,000,000 100.0
                   x 112
adaptive_avg_    1 1024 x 16 x 112  100,000,000       33.3               0   0.0
pool               x 112
--------------------------------------------------------------------------------
Total            3                  300,000,000      100.0 200,000,000,000 100.0"""
    assert Table(rows, name="clip", input_shape=shape).group("op").to_text() == expected


def test_the_top_are_ten_unless_said():
    for found in (RESNET, RESNET.group("block")):
        assert len(found.top()) == 10


def test_a_group_is_free_where_no_row_of_it_multiplies_or_holds_weights():
    class Mixed(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.norm = nn.Conv2d(2, 2, 1), nn.BatchNorm2d(2)

        def forward(self, x):
            x = F.relu(self.norm(self.conv(x)))
            return mystery(x @ x)

    with pytest.warns(cnnref.UncountedWarning):
        groups = cnnref.trace(Mixed(), (2, 4, 4)).group("op")
    grid, frame = grid_of(groups, View.of("macs")), groups.to_frame(keys=True)
    assert [*frame.columns][-2:] == ["operations_share", "uncounted"]
    assert [*frame["uncounted"]] == [0, 0, 0, 0, 1]
    marks = {cells[0]: mark for cells, mark in zip(grid.cells, grid.marks, strict=True)}
    assert [*marks.values()] == ["", "", "free", "", "uncounted"]
    assert [*marks][:4] == ["conv", "batch_norm", "relu", "matmul"]
