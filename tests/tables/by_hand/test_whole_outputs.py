"""Whole printed outputs of small networks, whose numbers are worked out by hand."""

import pytest

import cnnref
from cnnref.counting.layer import Layer
from cnnref.counting.shapes import Counts, Shape, Window
from cnnref.tables import repeats
from cnnref.tables.formats import Grid, headed, to_text
from cnnref.tables.table import Table


def spec(width=8, kernel=3, classes=10, blocks=3, name="small", pool=True):
    """A stem, blocks of a convolution with a shortcut, and a head."""
    net = cnnref.Net((3, 16, 16), name=name)
    x = net.conv(net.input, width, kernel, padding=kernel // 2, name="stem.conv")
    x = net.relu(x, name="stem.relu")
    for n in range(blocks):
        y = net.conv(x, width, 3, padding=1, name=f"body.{n}.conv")
        x = net.add(net.relu(y, name=f"body.{n}.relu"), x, name=f"body.{n}.add")
    x = net.max_pool(x, 2, stride=2, name="pool") if pool else x
    net.linear(net.flatten(x, name="flat"), classes, name="head")
    return net.table()


def test_a_collapsed_table():
    assert (
        spec().collapse().to_text()
        == """\
small, input 3 x 16 x 16; convention macs: Multiply-accumulates.

Layer      times  op        output       window  parameters     MACs
--------------------------------------------------------------------
stem.conv         conv      8 x 16 x 16  3x3 p1         224   55,296
stem.relu         relu      8 x 16 x 16                   0        0
body.0-2     x 3
  conv            conv      8 x 16 x 16  3x3 p1         584  147,456
  relu            relu      8 x 16 x 16                   0        0
  add             add       8 x 16 x 16                   0        0
pool              max_pool  8 x 8 x 8    2x2/2            0        0
flat              flatten   512                           0        0
head              linear    10                        5,130    5,120
--------------------------------------------------------------------
Total                                                 7,106  502,784
window: kernel/stride, p padding, d dilation, g groups, ceil rounds up
x N: one row for N equal ones; its numbers are for one of them, totals for all."""
    )


def test_a_collapsed_table_in_other_columns_and_in_part():
    assert (
        spec().collapse().to_text("flops", "layer,parameters,times,field")
        == """\
small, input 3 x 16 x 16; convention flops: Floating-point operations, 2 FLOPs
for a multiply-add.

Layer          parameters  times  field
---------------------------------------
stem.conv             224             3
stem.relu               0             3
body.0-2.conv         584    x 3      5
body.0-2.relu           0    x 3      5
body.0-2.add            0    x 3      5
pool                    0            10
flat                    0            24
head                5,130            24
---------------------------------------
Total               7,106
x N: one row for N equal ones; its numbers are for one of them, totals for all."""
    )
    part = spec()[2:11].collapse()
    assert repr(part) == "<Repeats small: 3 rows for 9>"
    assert [(run.name, run.times, run.is_block) for run in part] == [("body.0-2", 3, True)]
    assert [(run.name, run.times, run.is_block) for run in spec().collapse()] == [
        ("stem.conv to stem.relu", 1, False),
        ("body.0-2", 3, True),
        ("pool to head", 1, False),
    ]


def test_a_module_that_runs_again_is_a_stretch_of_rows():
    """All rows have one name, but for the number of the run."""
    shapes = [Shape((1, size, size)) for size in (16, 8, 4)]
    window = Window((2, 2), (2, 2), (0, 0))
    rows = [
        Layer(name, "max_pool", "pool", "pool", (n - 1,), (shapes[n],), shapes[n + 1], window,
              Counts())
        for n, name in enumerate(("pool", "pool#2"))
    ]  # fmt: skip
    (run,) = Table(rows, name="twice", input_shape=shapes[0]).collapse()
    assert (run.name, run.times, run.labels) == ("pool to pool#2", 1, ("pool", "pool#2"))


LABELS = [
    (["conv"], "conv to conv"),
    (["a1", "a2"], "a1-2"),
    (["a1", "a3"], "a1,3"),
    (["a2", "a1"], "a2,1"),
    (["a9", "a10", "a11"], "a9-11"),
    (["a1", "a3", "a5"], "a1,3,5"),
    (["a1", "a3", "a5", "a7"], "a1,3,...,7"),
    (["a1", "a3", "a5", "a7", "a9"], "a1,3,...,9"),
    (["b1.c1", "b2.c2"], "b1-2.c1-2"),
    (["b1.c1", "b2.c3"], "b1.c1 to b2.c3"),
    (["m6c.x", "m6d.x"], "m6c-d.x"),
    (["m6c.x", "m6e.x"], "m6c,e.x"),
    (["m6", "m6b"], "m6 to m6b"),
    (["conv", "relu"], "conv to relu"),
    (["conv2d", "conv3d"], "conv2-3d"),
]


@pytest.mark.parametrize(("names", "label"), LABELS, ids=lambda case: "/".join(case))
def test_names_of_equal_rows_are_one_name(names, label):
    assert repeats._ranged(names) == label


@pytest.mark.parametrize(
    ("labels", "first", "name"),
    [
        (("conv1-2",), "conv1", "conv1-2"),
        (("a.1-2.conv", "a.1-2.relu"), "a.1.conv", "a.1-2"),
        (("a.1-2.b.conv", "a.1-2.b.relu"), "a.1.b.conv", "a.1-2.b"),
        (("a.1-2.conv", "a.1-2.act.relu"), "a.1.conv", "a.1-2"),
        (("a.1-2", "a.1-2#2"), "a.1", "a.1-2"),
        # what all rows are in, counted or not, is larger than the block
        (("a.conv1-2", "a.relu1-2"), "a.conv1", "a.conv1-2 to a.relu1-2"),
        (("a.x", "b.x"), "a.x", "a.x to b.x"),
        (("a.1-2.conv", "a.1-2.relu"), "", "a.1-2.conv to a.1-2.relu"),
    ],
)
def test_a_run_is_called_by_what_its_rows_are_in_or_by_its_ends(labels, first, name):
    assert repeats._common(labels, first) == name


def test_names_stand_under_the_modules_that_they_share():
    grid = Grid(
        heads=["Layer", "n"],
        aligns="lr",
        kinds=["text", "whole"],
        cells=[["a.b.one", "1"], ["a.b.two", "2"], ["a.c.one", "3"], ["four", "4"], ["a.b.x", "5"]],
        exact=[],
        totals=[["Total", "15"]],
        notes=["five"],
        marks=["", "free", "", "uncounted", ""],
        paths=True,
    )
    assert [row for row in headed(grid).cells if len(row) == 1] == [["a.b"], ["a.c"], ["a.b"]]
    kinds = ["head", "", "free", "head", "", "uncounted", "head", ""]
    assert list(headed(grid).marks) == kinds
    assert (
        to_text(grid, width=9)
        == """\
five.

Layer   n
---------
a.b
  one   1
  two   2
a.c
  one   3
four    4
a.b
  x     5
---------
Total  15"""
    )
    # ten columns have room for the names with one blank between, eleven for two
    for width, blank in ((10, " "), (11, "  "), (80, "  ")):
        lines = to_text(grid, width=width).splitlines()
        assert lines[2] == f"Layer  {blank} n"
        assert lines[3] == "-" * (9 + len(blank))
        assert lines[4] == f"a.b.one{blank} 1"
        assert lines[-1] == f"Total  {blank}15"


def test_a_comparison_of_rows_that_differ():
    assert (
        cnnref.compare(spec(), spec(kernel=5, classes=12)).to_text()
        == """\
small (14 rows, input 3 x 16 x 16) against small (14 rows, input 3 x 16 x 16);
convention macs: 2 rows differ.

row  layer       difference                             parameters     MACs
---------------------------------------------------------------------------
  0  stem.conv   kernel 3x3 to 5x5, padding 1x1 to 2x2        +384  +98,304
 13  head        output 10 to 12                            +1,026   +1,024
---------------------------------------------------------------------------
     Difference                                             +1,410  +99,328
Parameters: 7,106 in the first, 8,516 in the second (+19.8%).
MACs: 502,784 in the first, 602,112 in the second (+19.8%)."""
    )


LACKING = """\
small (14 rows, input 3 x 16 x 16) against short (7 rows, input 3 x 16 x 16);
convention flops: 9 rows differ.

row layer               difference                         parameters    FLOPs
------------------------------------------------------------------------------
  5 body.1.conv to pool 7 rows only in small                   -1,168 -589,824
 12 flat                inputs 11 to 4, output 512 to 2048          0        0
 13 head                input 512 to 2048                     +15,360  +30,720
------------------------------------------------------------------------------
    Difference                                                +14,192 -559,104
Parameters: 7,106 in the first, 21,298 in the second (+199.7%).
FLOPs: 1,005,568 in the first, 446,464 in the second (-55.6%)."""
TURNED = """\
short (7 rows, input 3 x 16 x 16) against small (14 rows, input 3 x 16 x 16);
convention flops: 9 rows differ.

row  layer                difference            parameters     FLOPs
--------------------------------------------------------------------
     body.1.conv to pool  7 rows only in small      +1,168  +589,824
  5  flat                 output 2048 to 512             0         0
  6  head                 input 2048 to 512        -15,360   -30,720
--------------------------------------------------------------------
     Difference                                    -14,192  +559,104
Parameters: 21,298 in the first, 7,106 in the second (-66.6%).
FLOPs: 446,464 in the first, 1,005,568 in the second (+125.2%)."""
ONE = """\
small (3 rows, input 3 x 16 x 16) against small (1 row, input 3 x 16 x 16);
convention macs: 2 rows differ.

row  layer                     difference            parameters      MACs
-------------------------------------------------------------------------
  1  stem.relu to body.0.conv  2 rows only in first        -584  -147,456
-------------------------------------------------------------------------
     Difference                                            -584  -147,456
Parameters: 808 in the first, 224 in the second (-72.3%).
MACs: 202,752 in the first, 55,296 in the second (-72.7%)."""
NONE = """\
small (1 row, input 3 x 16 x 16) against small (2 rows, input 3 x 16 x 16);
convention macs: 1 row differs.

row  layer       difference      parameters  MACs
-------------------------------------------------
     stem.relu   only in second           0     0
-------------------------------------------------
     Difference                           0     0
Parameters: 224 in the first, 224 in the second.
MACs: 55,296 in the first, 55,296 in the second."""


def test_comparisons_of_rows_that_one_table_lacks():
    """Two blocks fewer and no pooling, so that the head has four times as many weights."""
    long, short = spec(), spec(blocks=1, name="short", pool=False)
    assert cnnref.compare(long, short).to_text("flops") == LACKING
    assert cnnref.compare(short, long).to_text("flops") == TURNED
    assert cnnref.compare(long[:3], long[:1]).to_text() == ONE
    assert cnnref.compare(long[:1], long[:2]).to_text() == NONE


def test_a_row_that_only_one_table_has_is_told_by_its_number_or_that_which_it_would_take():
    net = cnnref.Net((3, 16, 16), name="b")
    net.relu(net.conv(net.max_pool(net.input, 1), 8, 3, padding=1, name="stem.conv"))
    one, other = spec()[:2], net.table()
    assert list(map(str, cnnref.compare(one, other))) == [
        "row 0 (max_pool1): only in the second table"
    ]
    # the row behind it reads it in the first table, and the input in the second
    assert list(map(str, cnnref.compare(other, one))) == [
        "row 0 (max_pool1): only in the first table",
        "row 1 (stem.conv): inputs is (0,) against (-1,)",
    ]


def test_a_comparison_of_equal_tables_and_of_other_inputs():
    table = spec()
    assert (
        cnnref.compare(table, spec()).to_text()
        == """\
small (14 rows, input 3 x 16 x 16) against small (14 rows, input 3 x 16 x 16);
convention macs: 0 rows differ.
Parameters: 7,106 in the first, 7,106 in the second.
MACs: 502,784 in the first, 502,784 in the second."""
    )
    wide, tall = (cnnref.Net((3, *size), name="net") for size in ((4, 9), (4, 8)))
    for net in (wide, tall):
        net.relu(net.input, name="act")
    assert (
        cnnref.compare(wide.table(), tall.table()).to_text()
        == """\
net (1 row, input 3 x 4 x 9) against net (1 row, input 3 x 4 x 8); convention
macs: 2 rows differ.

row  layer        difference             parameters  MACs
---------------------------------------------------------
     input shape  3x4x9 to 3x4x8
  0  act          output 3x4x9 to 3x4x8           0     0
---------------------------------------------------------
     Difference                                   0     0
Parameters: 0 in the first, 0 in the second.
MACs: 0 in the first, 0 in the second."""
    )


def uncounted():
    """A row that is counted, and two of unknown operators behind it."""
    shape = Shape((2, 4))
    known = Layer("conv", "conv", "", "", (-1,), (shape,), shape, None, Counts(macs=7, weights=3))
    gate = Layer("gate", "swoosh", "", "", (0,), (shape,), shape, None, Counts(), counted=False)
    other = gate._replace(name="gate2", op="swish", inputs=(1,))
    return (
        Table([known], name="a", input_shape=shape),
        Table([known, gate, other], name="b", input_shape=shape),
    )


def test_a_comparison_of_rows_that_no_rule_counts():
    a, b = uncounted()
    assert (
        cnnref.compare(a, b).to_text()
        == """\
a (1 row, input 2 x 4) against b (3 rows, input 2 x 4); convention macs: 2 rows
differ.

row  layer          difference          parameters  MACs
--------------------------------------------------------
     gate to gate2  2 rows only in b             0     0
--------------------------------------------------------
     Difference     of what is counted           0     0
Parameters: 3 in the first, 3 in the second.
MACs: 7 in the first, >= 7 in the second.
No rule counts swoosh, swish of the second; its MACs leave them out."""
    )
    assert not cnnref.compare(b, a).complete
    assert not cnnref.compare(a, b).complete
    assert cnnref.compare(a, a).complete


PARTIAL = """\
b, input 2 x 4; convention macs: Multiply-accumulates.

              MACs
Layer  MACs      %  FLOP/byte  parameters
-----------------------------------------
conv      7  100.0        1.2           3
gate      ?      ?          ?           0
gate2     ?      ?          ?           0
-----------------------------------------
Total  >= 7  100.0          ?           3
No rule counts swoosh (1 row), swish (1 row), marked ?; totals with >= leave
them out.
Bytes are of float32 elements, for 1 image."""
GROUPED = """\
b, input 2 x 4; convention macs: Multiply-accumulates.

                                  parameters         MACs
op      rows  output  parameters           %  MACs      %
---------------------------------------------------------
conv       1  2 x 4            3       100.0     7  100.0
swoosh     1  2 x 4            0         0.0     ?      ?
swish      1  2 x 4            0         0.0     ?      ?
---------------------------------------------------------
Total      3                   3       100.0  >= 7  100.0
No rule counts swoosh (1 row), swish (1 row), marked ?; totals with >= leave
them out."""
PRICED = """\
b, input 2 x 4; each kind of layer by each convention.

                macs    flops
kind    rows  (MACs)  (FLOPs)
-----------------------------
conv       1       7       14
swoosh     1       ?        ?
swish      1       ?        ?
-----------------------------
Total      3    >= 7    >= 14
conv: macs counts MACs; flops counts 2 x MACs.
No rule counts swoosh in gate, swish in gate2."""


def test_views_of_rows_that_no_rule_counts():
    _, table = uncounted()
    assert table.to_text(columns="layer,macs,macs_share,intensity,parameters") == PARTIAL
    assert table.group("op").to_text() == GROUPED
    assert table.by_convention("macs,flops").to_text() == PRICED


WHOLE = """\
small, input 3 x 16 x 16; convention macs: Multiply-accumulates.

                                       parameters            MACs
module  rows  output       parameters           %     MACs      %
-----------------------------------------------------------------
stem       2  8 x 16 x 16         224         3.2   55,296   11.0
body       9  8 x 16 x 16       1,752        24.7  442,368   88.0
pool       1  8 x 8 x 8             0         0.0        0    0.0
flat       1  512                   0         0.0        0    0.0
head       1  10                5,130        72.2    5,120    1.0
-----------------------------------------------------------------
Total     14                    7,106       100.0  502,784  100.0"""
MOST = """\
small, input 3 x 16 x 16; convention macs: Multiply-accumulates.

                                       parameters            MACs
module  rows  output       parameters           %     MACs      %
-----------------------------------------------------------------
body       9  8 x 16 x 16       1,752        24.7  442,368   88.0
stem       2  8 x 16 x 16         224         3.2   55,296   11.0
-----------------------------------------------------------------
Shown     11                    1,976        27.8  497,664   99.0
All       14                    7,106       100.0  502,784  100.0"""


def test_groups_of_all_rows_and_of_some():
    groups = spec().group(depth=1)
    assert (groups.to_text(), groups.top(2).to_text()) == (WHOLE, MOST)
    assert [list(spec().group(depth=depth))[1:3] for depth in (2, 3)] == [
        ["stem.relu", "body.0"],
        ["stem.relu", "body.0.conv"],
    ]


def swept(**settings):
    def net(width=1, size=(4, 4)):
        made = cnnref.Net((2, *size), name="net")
        made.conv(made.input, 4 * width, 1, name="c")
        return made

    return cnnref.sweep(net, **settings)


IMAGE = """\
net, input 2 x 4 x 4; convention macs: Multiply-accumulates.

                          peak  training
width  parameters  MACs  bytes     bytes
----------------------------------------
    1          12   128    384       256
    3          36   384    896       768
Operations and bytes are for one image, bytes of float32 elements, without
parameters."""
BATCHES = """\
net, input 2 x 4 x 4; convention flops: Floating-point operations.

       batch                     peak
width   size  FLOPs  FLOP/byte  bytes
-------------------------------------
    1      1    256        0.6    384
    1      5  1,280        0.7  1,920
Operations and bytes are for the whole batch, bytes of float32 elements, without
parameters."""
SHAPES = """\
net, 2 input shapes; convention macs: Multiply-accumulates.

                         peak  training
size  parameters  MACs  bytes     bytes
---------------------------------------
 4x4          12   640    960       640
 2x8          12   640    960       640
Operations and bytes are for the whole batch, bytes of 2-byte elements, without
parameters."""
LEFT_OUT = """\
b, input 2 x 4; convention macs: Multiply-accumulates.

                                     peak
width  parameters  MACs  FLOP/byte  bytes
-----------------------------------------
    1           3  >= 7          ?     64
    2           3  >= 7          ?     64
Operations and bytes are for one image, bytes of float32 elements, without
parameters.
Some rows are not counted; totals with >= leave them out."""


def test_sweeps_of_one_image_of_batches_and_of_rows_that_no_rule_counts():
    assert swept(width=[1, 3]).to_text() == IMAGE
    batches = swept(width=[1], batch_size=[1, 5])
    assert batches.to_text("flops", "operations,intensity,peak") == BATCHES
    sizes = swept(size=[(4, 4), (2, 8)])
    assert sizes.to_text(dtype=2, batch_size=5) == SHAPES
    assert sizes.to_csv(dtype="float16", batch_size=5, columns="macs") == (
        "size,MACs\n4x4,640\n2x8,640\n"
    )
    assert repr(sizes) == "<Sweep net: 2 points over size>"
    partial = cnnref.sweep(lambda width=1: uncounted()[1], width=[1, 2])
    assert partial.to_text(columns="parameters,macs,intensity,peak") == LEFT_OUT
    assert repr(partial) == "<Sweep b: 2 points over width, some rows uncounted>"
    lines = partial.to_markdown(columns="macs").splitlines()
    assert lines[:3] == ["| width | MACs | uncounted |", "| --: | --: | --: |", "| 1 | >= 7 | 2 |"]


def test_a_table_names_what_its_module_has_and_does_not_use():
    shape = Shape((2, 4))
    rows = [Layer("act", "relu", "", "", (-1,), (shape,), shape, None, Counts())]
    names = ("head.weight", "head.bias", "aux.weight", "a.weight", "b.weight", "c.weight")
    for many, told in (
        (1, "1,000 more parameters, of head, are not used by this call."),
        (2, "2,000 more parameters, of head, are not used by this call."),
        (4, "4,000 more parameters, of head, aux, a, are not used by this call."),
        (6, "6,000 more parameters, of head, aux, a and 2 more, are not used by this call."),
    ):
        unused = tuple((name, 1000) for name in names[:many])
        table = Table(rows, name="own", input_shape=shape, unused=unused)
        assert " ".join(table.to_text().split()).endswith(told)
        assert "not used" not in table[:0].to_text()
