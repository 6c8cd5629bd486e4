"""What is asked of single rows and of small tables, worked out by hand: fields, bytes, columns."""

import pytest

import cnnref
from cnnref.counting.layer import Layer
from cnnref.counting.shapes import Call, Counts, Shape, Window
from cnnref.errors import CnnrefError
from cnnref.tables.analysis import (
    alive_at,
    arithmetic_intensity,
    live_activation_bytes,
    moved_bytes,
)
from cnnref.tables.columns import COLUMNS
from cnnref.tables.printable import View
from cnnref.tables.quantities import Whole
from cnnref.tables.rows import BY_SHAPES, Ran
from cnnref.tables.table import Table


def row(op, ins, out, inputs=None, window=None, counts=None, constants=(), call=None):
    """A row by itself, that reads the network's input."""
    read = (-1,) * len(ins) if inputs is None else inputs
    shapes = tuple(map(Shape, ins))
    return Layer(
        op, op, "", "", read, shapes, Shape(out), window, counts or Counts(),
        constants=constants, call=call,
    )  # fmt: skip


def table(*rows, size):
    return Table(rows, name="own", input_shape=Shape(size))


MAP = (2, 9, 12)
BATCH = (("batch_statistics", 1),)
SEEN = [
    # operator, input and output, window, constants; the field and the jump of one output
    ("relu", MAP, MAP, None, (), (1, 1), (1, 1)),
    ("relu_", MAP, MAP, None, (), (1, 1), (1, 1)),
    ("conv", MAP, (4, 4, 12), Window((3, 1), (2, 1), (1, 0), (2, 1)), (), (5, 1), (2, 1)),
    ("max_pool", MAP, (2, 5, 6), Window((1, 3), (2, 2), (0, 1)), (), (1, 3), (2, 2)),
    ("flatten", MAP, (216,), None, (), (9, 12), (9, 12)),
    ("linear", MAP, (5,), None, (), (9, 12), (9, 12)),
    ("linear", (7,), (5,), None, (), (1, 1), (1, 1)),
    ("adaptive_avg_pool", MAP, (2, 4, 5), None, (), (3, 4), (3, 3)),
    ("adaptive_avg_pool", MAP, (2, 3, 12), None, (), (3, 1), (3, 1)),
    ("group_norm", MAP, MAP, None, (), (9, 12), (1, 1)),
    ("batch_norm", MAP, MAP, None, (), (1, 1), (1, 1)),
    ("batch_norm", MAP, MAP, None, BATCH, (9, 12), (1, 1)),
    ("concat", MAP, (4, 9, 12), None, (), (1, 1), (1, 1)),
    ("pad", MAP, (2, 11, 15), None, (("left", 3), ("top", 2)), (1, 1), (1, 1)),
    ("slice", MAP, (2, 5, 4), None, (), (1, 1), (2, 3)),
    ("slice", MAP, (2, 4, 6), None, (("left", 1), ("top", 1)), (1, 1), (2, 2)),
    ("zero", MAP, MAP, None, (), (0, 0), (0, 0)),
]


@pytest.mark.parametrize(("op", "size", "out", "window", "constants", "field", "jump"), SEEN)
def test_one_output_sees_what_its_operator_reads(op, size, out, window, constants, field, jump):
    counts = Counts(weights=1) if op in ("conv", "linear") else Counts()
    found = table(row(op, [size], out, None, window, counts, constants), size=size)
    assert found.receptive_fields() == ((field, jump),)


@pytest.mark.parametrize(
    ("op", "size", "out", "window"),
    [
        ("permute", MAP, (9, 12, 2), None),
        ("conv_transpose", MAP, (2, 18, 24), Window((2, 2), (2, 2), (0, 0))),
        ("deform_conv", MAP, MAP, Window((3, 3), (1, 1), (1, 1))),
        ("softmax", MAP, MAP, None),
        ("concat", MAP, (2, 18, 12), None),
        ("slice", MAP, (2, 4, 12), None),
        ("conv", MAP, (2, 9, 12), Window((3,), (1,), (1,), (1,))),
        ("flatten", MAP, (2, 108), None),
        ("linear", (7,), (5, 4), None),
        ("swoosh", MAP, MAP, None),
    ],
)
def test_what_no_rule_knows_is_told(op, size, out, window):
    found = table(row(op, [size] * (1 + (op == "concat")), out, None, window), size=size)
    with pytest.raises(CnnrefError, match=f"^{op}: no rule says which positions of its input {op}"):
        found.receptive_fields()
    shown = found.to_csv("macs", "layer,field,jump").splitlines()
    assert shown == ["Layer,field,jump", f"{op},,"]


def test_joins_of_maps_that_nothing_has_moved_see_a_pixel():
    net = cnnref.Net((2, 8, 8))
    x = net.relu(net.input)
    x = net.add(x, net.input)
    x = net.add(net.input, x)
    x = net.concat(x, net.batch_norm(x), net.input)
    net.conv(net.concat(x, net.conv(x, 3, 3, padding=1)), 1, 1)
    fields = [one.field for one in net.table().receptive_fields()]
    assert fields == [(1, 1)] * 5 + [(3, 3)] * 3


def test_what_is_fed_by_one_that_no_rule_knows_is_not_known_either():
    rows = [
        row("relu", [MAP], MAP),
        row("permute", [MAP], MAP[::-1], (0,)),
        row("relu", [MAP[::-1]], MAP[::-1], (1,)),
        row("conv", [MAP], MAP, (0,), Window((3, 3), (1, 1), (1, 1)), Counts(weights=9)),
    ]
    found = table(*rows, size=MAP).to_csv("macs", "field").splitlines()
    assert found == ["field", "1", '""', '""', "3"]
    # nor where that one is the first
    rows = [row("permute", [MAP], MAP), row("relu", [MAP], MAP, (0,))]
    assert table(*rows, size=MAP).to_csv("macs", "field").splitlines() == ["field", '""', '""']


def test_an_input_that_nothing_reads_is_not_kept():
    rows = [
        row("zeros", [], (3, 4)),
        row("relu", [(3, 4)], (3, 4), (0,)),
        row("conv", [(3, 4)], (5, 4), (1,)),
    ]
    found = table(*rows, size=(100, 4))
    assert live_activation_bytes(found, 1) == (12, 12, 32)
    assert alive_at(found, 2) == [("zeros", 12), ("conv", 20)]
    read = table(*rows, row("add", [(5, 4), (100, 4)], (5, 4), (2, -1)), size=(100, 4))
    assert live_activation_bytes(read, 2) == (824, 824, 864, 880)
    assert alive_at(read, 1) == [("the input", 400), ("zeros", 12)]


MOVED = [
    # operator, shapes, weights; the numbers that are moved for a batch of one, of four, of ninety
    ("conv", [(3, 4)], (5, 4), 60, 60 + 32, 60 + 128, 60 + 2880),
    ("relu", [(3, 4)], (3, 4), 0, 24, 96, 2160),
    ("flatten", [(3, 4)], (12,), 0, 0, 0, 0),
    ("dropout", [(3, 4)], (3, 4), 0, 0, 0, 0),
    # five words, of each sixteen numbers of a thousand times sixteen
    ("embedding", [(5,)], (5, 16), 16000, 80 + 85, 320 + 340, 7200 + 7650),
    # ten words in two bags
    ("embedding_bag", [(10,)], (2, 16), 1600, 160 + 42, 640 + 168, 1600 + 3780),
    # of what is constant no input is told
    ("embedding", [], (5, 16), 16000, 80 + 80, 320 + 320, 7200 + 7200),
]


@pytest.mark.parametrize(("op", "ins", "out", "weights", "one", "four", "ninety"), MOVED)
def test_bytes_moved_are_of_what_is_read_and_written(op, ins, out, weights, one, four, ninety):
    shapes = list(map(Shape, ins))
    counts = Counts(
        elements_in=sum(shape.elements for shape in shapes),
        elements_out=Shape(out).elements,
        weights=weights,
    )
    found = row(op, ins, out, counts=counts)
    assert [moved_bytes(found, 4, images) for images in (1, 4, 90)] == [
        4 * one, 4 * four, 4 * ninety
    ]  # fmt: skip
    assert moved_bytes(found, "float16") == 2 * one


def test_a_row_has_the_intensity_of_one_image_in_floats_unless_it_is_said():
    found = row("linear", [(7,)], (5,), counts=Counts(35, 0, 0, 7, 5, 35, 0))
    assert arithmetic_intensity(found) == 2 * 35 / (4 * (35 + 12))
    assert arithmetic_intensity(found, "float16", 10) == 2 * 350 / (2 * (35 + 120))
    assert arithmetic_intensity(row("relu", [(7,)], (7,))) == 0


def test_how_rows_were_found_is_a_sentence():
    said = {
        Ran(): "traced by shapes alone",
        Ran("inputs"): "run once on the inputs that were given",
        Ran("made-up inputs"): "run once on made-up inputs",
        Ran("inputs", "item"): "run once on the inputs that were given, as forward asks for "
        "values (item)",
    }
    assert {ran: str(ran) for ran in said} == said
    asked = {ran: ran.depends for ran in (*said, Ran("made-up inputs", "item"))}
    assert list(asked.values()) == [False, False, False, False, True]
    assert cnnref.table("alexnet").ran == BY_SHAPES == ("shapes", "", 0, None)


WINDOWED = Window((3, 5), (2, 1), (1, 2), (1, 3), 2, ceil_mode=True)
SPARSE = Call(counts=(("weights_read", 8), ("zeros", 2)))
ROWS = {
    "conv": row(
        "conv", [(4, 9, 12)], (6, 5, 4), None, WINDOWED, Counts(1001, weights=8), (), SPARSE
    ),
    "pool": row("max_pool", [(4, 9, 9)], (4, 4, 4), None, Window((2, 2), (2, 2), (0, 0))),
    "linear": row("linear", [(7,)], (5,), counts=Counts(35, weights=35)),
    "deep": row("linear", [(3, 7)], (3, 5), counts=Counts(105, weights=35)),
    "line": row("conv", [(4, 9)], (6, 7), None, Window((3,), (1,), (0,), (1,)), Counts(504)),
    "lrn": row("lrn", [(8, 6, 6)], (8, 6, 6), None, Window((5,), (1,), (2,), (1,))),
    "add": row("add", [(4, 6, 8), (4, 1, 1)], (4, 6, 8)),
    "scalar": row("mean", [(4,)], ()),
    "made": row("zeros", [], (3, 4)),
    "heads": row("matmul", [(5, 6), (6, 5)], (5, 5), counts=Counts(150)),
    "unread": row(
        "matmul", [(5, 6)], (5, 5), counts=Counts(150), call=Call(counts=(("unread", 30),))
    ),
}
CELLS = {
    # in the order of the columns: input, output, window
    "conv": ("4 x 9 x 12", "6 x 5 x 4", "3x5/2x1 p1x2 d1x3 g2 ceil"),
    "pool": ("4 x 9 x 9", "4 x 4 x 4", "2x2/2"),
    "linear": ("7", "5", ""),
    "deep": ("3 x 7", "3 x 5", ""),
    "line": ("4 x 9", "6 x 7", "3"),
    "lrn": ("8 x 6 x 6", "8 x 6 x 6", "5 p2"),
    "add": ("4 x 6 x 8 + 4 x 1 x 1", "4 x 6 x 8", ""),
    "scalar": ("4", "scalar", ""),
    "made": ("", "3 x 4", ""),
    "heads": ("5 x 6 + 6 x 5", "5 x 5", ""),
    "unread": ("5 x 6", "5 x 5", ""),
}
SIZES = {
    # channels and size of the input, filters, channels and size of the output
    "conv": ("4", "9x12", "6", "6", "5x4"),
    "pool": ("4", "9", "", "4", "4"),
    "linear": ("7", "", "5", "5", ""),
    "deep": ("3", "7", "5", "3", "5"),
    "line": ("4", "9", "6", "6", "7"),
    "lrn": ("8", "6", "", "8", "6"),
    "add": ("4", "6x8", "", "4", "6x8"),
    "scalar": ("4", "", "", "", ""),
    "made": ("", "", "", "3", "4"),
    "heads": ("5", "6", "", "5", "5"),
    "unread": ("5", "6", "", "5", "5"),
}
# the share of zeros in percent, and MACs by what is none
ZEROS = {
    "conv": ("25.0", "751"),
    "pool": ("", "0"),
    "linear": ("", ""),
    "deep": ("", ""),
    "line": ("", ""),
    "lrn": ("", "0"),
    "add": ("", "0"),
    "scalar": ("", "0"),
    "made": ("", "0"),
    "heads": ("", "150"),
    "unread": ("", ""),
}
OWN = table(*(one._replace(name=name, inputs=()) for name, one in ROWS.items()), size=(4, 9, 12))


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("input,output,window", CELLS),
        ("in_channels,in_size,filters,out_channels,out_size", SIZES),
        ("sparsity,nonzero_macs", ZEROS),
        ("kernel,stride,padding,dilation,groups", {
            "conv": ("3x5", "2x1", "1x2", "1x3", "2"), "pool": ("2x2", "2x2", "0x0", "1x1", "1"),
            "line": ("3", "1", "0", "1", "1"), "lrn": ("5", "1", "2", "1", "1"),
        }),
        ("kernel_size,stride_size,padding_size", {
            "conv": ("3x5", "2x1", "1x2"), "pool": ("2", "2", "0"), "line": ("3", "1", "0"),
            "lrn": ("5", "1", "2"),
        }),
    ],
)  # fmt: skip
def test_columns_say_what_rows_are(keys, expected):
    whole = Whole(OWN, View.of("macs"))
    shown = [COLUMNS[key] for key in keys.split(",")]
    found = {one.layer.name: tuple(column.printed(one) for column in shown) for one in whole.rows}
    assert found == {name: expected.get(name, ("",) * len(shown)) for name in ROWS}


def test_the_share_of_zeros_of_rows_together_is_by_how_many_weights_each_reads():
    few = Call(counts=(("weights_read", 2), ("zeros", 2)))
    other = row("linear", [(2,)], (1,), counts=Counts(2, weights=2), call=few)
    whole = Whole(table(ROWS["conv"], other, size=(4, 9, 12)), View.of("macs"))
    assert COLUMNS["sparsity"].sum([*whole.rows]) == "40.0"
    assert COLUMNS["nonzero_macs"].sum([*whole.rows]) == "751"
    unlooked = Whole(OWN, View.of("macs"))
    assert COLUMNS["nonzero_macs"].sum([*unlooked.rows]) == ""
    assert COLUMNS["sparsity"].sum([]) == ""
    assert [COLUMNS[key].sum([]) for key in ("peak", "macs", "intensity")] == ["0", "0", "0.0"]


def test_a_row_has_no_share_of_nothing():
    columns = "parameters_share,macs_share"
    nothing = table(row("relu", [MAP], MAP), size=MAP)
    assert nothing.to_csv("macs", columns).splitlines()[1:] == ["0.0,0.0"]
    rows = [row("linear", [(4,)], (n,), counts=Counts(4 * n, weights=n)) for n in (3, 0, 1)]
    assert table(*rows, size=(4,)).to_csv("macs", columns).splitlines()[1:] == [
        "75.0,75.0", "0.0,0.0", "25.0,25.0",
    ]  # fmt: skip


def test_zeros_that_nobody_looked_for_are_named():
    told = {
        2: "Zeros are not known of linear, deep",
        3: "Zeros are not known of linear, deep, line",
        4: "Zeros are not known of linear, deep, line and more",
    }
    for many, words in told.items():
        names = ["linear", "deep", "line", "unread"][:many]
        part = table(*(ROWS[name]._replace(name=name, inputs=()) for name in names), size=(4, 9))
        text = " ".join(part.to_text(columns="layer,sparsity").split())
        assert f"{words}: a trace counts them with sparsity, of weights that have values." in text
    assert "Zeros" not in table(ROWS["conv"], size=(4, 9)).to_text(columns="layer,sparsity")
