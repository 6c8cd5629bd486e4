"""Tables, comparisons, conventions and formulas."""

import ast
import operator
import re

import pandas as pd
import pytest

import cnnref
from cnnref.counting import explain
from cnnref.counting.conventions import CONVENTIONS
from cnnref.errors import UnknownNameError
from cnnref.net import Net
from cnnref.tables.table import Table

NAMES = cnnref.names()
OPERATORS = {ast.Mult: operator.mul, ast.Add: operator.add, ast.Sub: operator.sub,
             ast.FloorDiv: operator.floordiv}  # fmt: skip


def evaluate(text):
    """The value of a formula such as "(64 x 56 x 56) x (3 x 11 x 11) + 64"."""

    def value(node):
        if isinstance(node, ast.Constant):
            return node.value
        return OPERATORS[type(node.op)](value(node.left), value(node.right))

    return value(ast.parse(text.replace(" x ", " * "), mode="eval").body)


def stated(line):
    """Both sides of "formula = 1,234 bytes"."""
    left, _, right = line.partition(" = ")
    return evaluate(left), int(right.split()[0].replace(",", ""))


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_every_formula_gives_the_number_beside_it(name):
    checked = 0
    for layer in cnnref.table(name):
        for how in CONVENTIONS.values():
            lines = [
                (explain.operations(layer, how), how.operations(layer)),
                (explain.memory(layer, how), how.stored_bytes(layer)),
                (explain.parameters(layer), layer.parameters),
            ]
            for line, truth in lines:
                if " = " in line:
                    assert stated(line) == (truth, truth)
                    checked += 1
                else:
                    assert truth == 0
    assert checked > len(cnnref.table(name))


@pytest.mark.parametrize("name", NAMES)
def test_every_output_size_follows_from_its_formula(name):
    for layer in cnnref.table(name):
        for axis in (0, 1):
            line = explain.output_size(layer, axis)
            if line.startswith("floor("):
                left, _, right = line.removeprefix("floor").partition(" = ")
                assert evaluate(left.replace("/", "//")) == int(right)


def test_explain_is_one_line():
    book = cnnref.table("alexnet", input_size=227)
    assert book["conv1"].explain("lecture") == (
        "conv1: (64 x 56 x 56) x (3 x 11 x 11) = 72,855,552 flops (lecture)"
    )
    assert book["conv1"].explain("flops") == (
        "conv1: 2 x (64 x 56 x 56) x (3 x 11 x 11) = 145,711,104 FLOPs (flops)"
    )
    assert book["fc6"].explain() == "fc6: 9216 x 4096 = 37,748,736 MACs (macs)"
    assert book["relu1"].explain() == "relu1: 0 MACs (macs)"


# the lecture's AlexNet table, column by column as its notes print it; None: no such cell
LECTURE = {
    "conv1": (3, 227, 64, 11, 4, 2, 64, 56, 784, 23, 73),
    "pool1": (64, 56, None, 3, 2, 0, 64, 27, 182, 0, 0),
    "conv2": (64, 27, 192, 5, 1, 2, 192, 27, 547, 307, 224),
    "pool2": (192, 27, None, 3, 2, 0, 192, 13, 127, 0, 0),
    "conv3": (192, 13, 384, 3, 1, 1, 384, 13, 254, 664, 112),
    "conv4": (384, 13, 256, 3, 1, 1, 256, 13, 169, 885, 145),
    "conv5": (256, 13, 256, 3, 1, 1, 256, 13, 169, 590, 100),
    "pool5": (256, 13, None, 3, 2, 0, 256, 6, 36, 0, 0),
    "flatten": (256, 6, None, None, None, None, 9216, None, 36, 0, 0),
    "fc6": (9216, None, 4096, None, None, None, 4096, None, 16, 37749, 38),
    "fc7": (4096, None, 4096, None, None, None, 4096, None, 16, 16777, 17),
    "fc8": (4096, None, 1000, None, None, None, 1000, None, 4, 4096, 4),
}
# where the computed cell is another: (row, column) -> (computed, why)
ERRATA = {
    ("conv4", "flop (M)"): (150, "256 x 13 x 13 x 384 x 9 is 149.5 M"),
    ("flatten", "memory (KB)"): (0, "a view of pool5's output"),
    ("fc6", "params (k)"): (37753, "the lecture's rows leave the biases out"),
    ("fc7", "params (k)"): (16781, "the lecture's rows leave the biases out"),
    ("fc8", "params (k)"): (4097, "the lecture's rows leave the biases out"),
}
COLUMNS = ["Layer", "C", "H/W", "filters", "kernel", "stride", "pad", "out C", "out H/W",
           "memory (KB)", "params (k)", "flop (M)"]  # fmt: skip


def test_the_frame_is_the_lectures_table():
    frame = cnnref.table("alexnet", input_size=227).to_frame("lecture")
    assert list(frame.columns) == COLUMNS
    assert list(frame["Layer"]) == list(LECTURE)
    found = {}
    for (_, row), cells in zip(frame.iterrows(), LECTURE.values(), strict=True):
        for column, cell in zip(COLUMNS[1:], cells, strict=True):
            shown = None if pd.isna(row[column]) else int(row[column] + 0.5)
            if shown != cell:
                found[row["Layer"], column] = shown
    assert found == {cell: computed for cell, (computed, _) in ERRATA.items()}


def test_totals_are_the_sums_of_their_groups():
    for name in NAMES:
        book = cnnref.table(name)
        for by in ("stage", "block", "op"):
            parts = book.group(by).values()
            assert sum(map(len, parts)) == len(book)
            assert sum(part.macs for part in parts) == book.macs
            assert sum(part.parameters for part in parts) == book.parameters
            assert sum(part.operations("lecture") for part in parts) == book.operations("lecture")


def test_conventions_price_the_same_rows():
    book = cnnref.table("vgg16_bn")
    assert book.operations("macs") == book.macs == 15470264320
    assert book.operations("flops") == book.operations("torch") == 2 * book.macs
    taps = sum(row.counts.window_taps for row in book if row.kind != "copy")
    assert book.operations("lecture") == book.macs + taps


def test_conventions_name_their_source_and_cannot_be_changed():
    for how in CONVENTIONS.values():
        assert how.source
        assert how.note
        with pytest.raises(TypeError):
            how.prices["conv"]["macs"] = 3
    with pytest.raises(AttributeError):
        CONVENTIONS["macs"].name = "other"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda book: book.operations("mac"),
            "Unknown convention 'mac': did you mean macs?",
        ),
        (lambda book: book.group("stages"), "Unknown grouping 'stages': did you mean stage?"),
        (
            lambda book: book["conv9"],
            "Unknown layer of alexnet 'conv9': did you mean conv5 or conv4 or conv3?",
        ),
        (
            lambda _: cnnref.architecture("xyz"),
            f"Unknown network 'xyz': none of the {len(NAMES)} in the catalogue is near, which "
            "cnnref.names() has and 'cnnref list' shows; any other is traced, as in cnnref trace "
            "timm:NAME.",
        ),
    ],
)
def test_an_unknown_name_lists_what_is_close(call, message):
    with pytest.raises(UnknownNameError) as error:
        call(cnnref.table("alexnet"))
    assert str(error.value) == message


def test_a_table_is_an_immutable_sequence():
    book = cnnref.table("alexnet")
    assert book[0].name == "conv1"
    assert book[:3].macs == book["conv1"].macs
    assert book == cnnref.table("alexnet")
    assert hash(book) == hash(cnnref.table("alexnet"))
    assert book != cnnref.table("alexnet", input_size=227)
    assert repr(book) == "<Table alexnet: 22 rows, input 3 x 224 x 224>"
    with pytest.raises(AttributeError):
        book[0].name = "other"


def changed(rows):
    return Table(rows, name="b", input_shape=cnnref.table("alexnet").input_shape)


def test_compare_names_row_field_and_both_values():
    book = cnnref.table("alexnet")
    rows = list(book)
    rows[3] = rows[3]._replace(window=rows[3].window._replace(kernel=(3, 3)))
    (found,) = cnnref.compare(book, changed(rows))
    assert str(found) == "row 3 (conv2): kernel is (5, 5) against (3, 3)"


def test_compare_sees_a_dropped_and_a_doubled_row():
    book = cnnref.table("alexnet")
    dropped = [row for row in book if row.name != "relu3"]
    found = cnnref.compare(book, changed(dropped))
    assert str(found[0]) == "row 7 (relu3): only in the first table"
    doubled = [*list(book)[:8], book["relu3"], *list(book)[8:]]
    found = cnnref.compare(book, changed(doubled))
    assert any("only in the second table" in str(one) for one in found)


def test_compare_says_how_much_more_each_row_and_the_whole_have():
    text = cnnref.compare(
        cnnref.table("resnet18", num_classes=10), cnnref.table("resnet18")
    ).to_text()
    # 990 classes of 512 weights and a bias
    (line,) = (line for line in text.splitlines() if " fc " in line)
    assert line.split()[-2:] == ["+507,870", "+506,880"]
    assert "Parameters: 11,181,642 in the first, 11,689,512 in the second (+4.5%)." in text


def test_compare_of_parts_looks_at_the_parts_alone():
    shallow, deep = (
        cnnref.table(name).group("stage")["conv3"] for name in ("resnet18", "resnet34")
    )
    assert shallow[1].inputs != deep[1].inputs
    found = cnnref.compare(shallow, deep)
    assert [(d.field, d.a) for d in found] == [("row", None)] * (len(deep) - len(shallow))
    # conv3_1 reads the part's input twice: on its main path and in its projection
    first = shallow.part([place for place, row in enumerate(shallow) if row.block == "conv3_1"])
    other = deep.part([place for place, row in enumerate(deep) if row.block == "conv3_2"])
    assert [d.b for d in cnnref.compare(first, first)] == []
    assert any(d.field == "row" and "proj" in d.a for d in cnnref.compare(first, other))


def test_compare_of_parts_still_sees_their_wiring():
    def block(*, crossed):
        net = cnnref.Net((4, 8, 8))
        x = net.relu(net.input)
        with net.stage("s"):
            y = net.conv(x, 4, 1)
            net.add(net.relu(y), x if not crossed else y)
        return net.table().group("stage")["s"]

    assert cnnref.compare(block(crossed=False), block(crossed=False)) == []
    (found,) = cnnref.compare(block(crossed=False), block(crossed=True))
    assert str(found) == "row 2 (add1): inputs is (1, -1) against (1, 0)"


def test_compare_sees_other_wiring_and_other_input():
    book = cnnref.table("alexnet")
    rows = list(book)
    rows[8] = rows[8]._replace(inputs=(5,))
    (found,) = cnnref.compare(book, changed(rows))
    assert (found.field, found.left, found.right) == ("inputs", (7,), (5,))
    rows[8] = rows[8]._replace(inputs=(99,))
    (found,) = cnnref.compare(book, changed(rows))
    assert (found.field, found.right) == ("inputs", (99,))
    small = cnnref.compare(book, cnnref.table("alexnet", input_size=227))
    assert str(small[0]) == "row -1 (input): input shape is 3 x 224 x 224 against 3 x 227 x 227"


def test_an_uncounted_row_is_said():
    net = Net((3, 8, 8))
    net.relu(net.input)
    (row,) = net.table()
    table = changed([row._replace(op="mystery", counted=False)])
    assert [layer.op for layer in table.uncounted] == ["mystery"]
    assert "not counted" in table[0].explain()


def test_each_row_that_changed_is_told_once_with_its_number():
    def net(first, second):
        net = cnnref.Net((3, 8, 8), name="own")
        net.conv(net.conv(net.input, first, 3, name="one"), second, 3, name="two")
        return net.table()

    for sizes, rows in (((5, 4), [0, 1]), ((4, 5), [1]), ((4, 4), [])):
        found = cnnref.compare(net(4, 4), net(*sizes))
        _, *body = re.split(r"\n-+\n", str(found))
        told = [line.split()[:2] for text in body[:1] for line in text.splitlines()]
        assert told == [[str(row), ("one", "two")[row]] for row in rows]
