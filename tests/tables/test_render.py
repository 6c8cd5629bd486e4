"""Every format gives back the numbers that the table holds."""

import csv
import json
import re
import sys
from fractions import Fraction
from html import unescape
from html.parser import HTMLParser
from io import StringIO

import pytest

import cnnref
from cnnref.counting.conventions import (
    CONVENTIONS,
    FULL_COLUMNS,
    LECTURE_COLUMNS,
    convention,
)
from cnnref.counting.layer import Layer
from cnnref.counting.shapes import Counts, Shape
from cnnref.errors import MissingExtraError, UnknownNameError
from cnnref.tables.formats import to_html
from cnnref.tables.listing import table_grid
from cnnref.tables.markup import Linked
from cnnref.tables.printable import View
from cnnref.tables.table import Table

LECTURE = [
    "Layer", "C", "H/W", "filters", "kernel", "stride", "pad", "out C", "out H/W",
    "memory (KB)", "params (k)", "flop (M)",
]  # fmt: skip
FULL = ["Layer", "op", "input", "output", "kernel", "stride", "padding", "groups", "parameters"]
HOSTILE = r"a|b_c*`<i>&amp;[x](y)\ 50%$#{}~^"


def odd():
    """A rectangle, windows that are no squares, groups, joins, and a name to be escaped."""
    net = cnnref.Net((3, 32, 48), name="odd & <net>_1")
    x = net.conv(net.input, 8, (3, 5), stride=(1, 2), padding=(1, 2), name=HOSTILE)
    y = net.conv(x, 8, 3, padding=2, dilation=2, groups=4, bias=False, name="dilated")
    x = net.concat(net.add(x, y), net.batch_norm(y), name="joined")
    x = net.max_pool(x, (2, 3), stride=2, ceil_mode=True, name="pool")
    net.linear(net.flatten(net.adaptive_avg_pool(x, 2)), 10, name="fc")
    return net.table()


def uncounted():
    shape = Shape((4, 8, 8))
    known = Layer("conv", "conv", "", "", (-1,), (shape,), shape, None, Counts(macs=7, weights=3))
    strange = Layer("gate", "swoosh", "", "", (0,), (shape,), shape, None, Counts(), counted=False)
    return Table([known, strange], name="strange", input_shape=shape)


TABLES = {
    "alexnet": cnnref.table("alexnet", input_size=227),
    "alexnet_2012": cnnref.table("alexnet_2012"),
    "vgg16_bn": cnnref.table("vgg16_bn"),
    "rectangle": cnnref.table("alexnet", input_size=(96, 320)),
    "odd": odd(),
    "uncounted": uncounted(),
}
each_table = pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
each_convention = pytest.mark.parametrize("how", CONVENTIONS)


# ---- what a table should say, stated again without the renderer ----


def square(sizes):
    if not sizes:
        return ""
    return str(sizes[0]) if len(set(sizes)) == 1 else "x".join(map(str, sizes))


def lecture_cells(layer):
    window = [square(part) for part in layer.geometry[:3]] if layer.geometry else [""] * 3
    filters = {"conv": layer.out_shape[0], "linear": layer.out_shape[-1]}.get(layer.op, "")
    sizes = [str(layer.in_shape[0]), square(layer.in_shape[1:]), str(filters)]
    return [layer.name, *sizes, *window, str(layer.out_shape[0]), square(layer.out_shape[1:])]


def full_cells(layer):
    window = ["x".join(map(str, part)) for part in layer.geometry[:3]] if layer.geometry else []
    groups = [str(layer.geometry.groups)] if layer.geometry else []
    shapes = [" x ".join(map(str, shape)) for shape in (*layer.in_shapes, layer.out_shape)]
    ends = [" + ".join(shapes[:-1]), shapes[-1]]
    return [layer.name, layer.op, *ends, *(window or [""] * 3), *(groups or [""])]


def measures(layer, how):
    """(exact count, what is printed as one) of the last columns."""
    operations = convention(how).flops(layer)
    if how == "lecture":
        memory = convention(how).activation_bytes(layer)
        return [(memory, 1_024), (layer.parameters, 1_000), (operations, 1_000_000)]
    return [(layer.parameters, 1), (operations, 1)]


def half_up(count, unit):
    return f"{(2 * count + unit) // (2 * unit):,}"


def expected(table, how, printed):
    """Head, rows and totals, as cells."""
    rows = []
    for layer in table.listed(how):
        cells = lecture_cells(layer) if how == "lecture" else full_cells(layer)
        found = measures(layer, how)
        for place, (count, unit) in enumerate(found):
            unknown = "?" if printed else ""
            known = half_up(count, unit) if printed else Fraction(count, unit)
            # what is learned, the last measure but one, is known of every row
            learned = place == len(found) - 2
            cells.append(known if layer.counted or learned else unknown)
        rows.append(cells)
    head = LECTURE if how == "lecture" else [*FULL, f"{convention(how).unit}s"]
    columns = [[measure[place] for measure in [measures(layer, how) for layer in
               table.listed(how) if layer.counted]]
               for place in range(3 if how == "lecture" else 2)]  # fmt: skip
    sums = [half_up(sum(count for count, _ in column), column[0][1]) for column in columns]
    if table.uncounted:  # the parameters are the last column but one
        sums = [sums[i] if i == len(sums) - 2 else f">= {sums[i]}" for i in range(len(sums))]
    return head, rows, ["Total", *[""] * (len(head) - len(sums) - 1), *sums]


# ---- reading each format back ----


def read_markdown(text):
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    rows = [re.split(r"(?<!\\)\|", line)[1:-1] for line in lines]
    return [[unescape(re.sub(r"\\(.)", r"\1", cell[1:-1])) for cell in row] for row in rows]


class Reader(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.rows, self.tags, self.attributes, self.caption = [], [], [], ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes.append((tag, dict(attrs)))
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        while self.tags.pop() != tag:
            raise AssertionError(f"{tag} is closed out of order")

    def handle_data(self, data):
        if "caption" in self.tags:
            self.caption += data
        elif {"td", "th"} & set(self.tags):
            self.rows[-1][-1] += data


TEX = {
    "textbackslash": "\\", "textasciitilde": "~", "textasciicircum": "^", "textless": "<",
    "textgreater": ">", "textbar": "|",
}  # fmt: skip


def untex(cell):
    cell = re.sub(r"\\(text\w+)\{\}", lambda found: f"\0{ord(TEX[found[1]])}\0", cell)
    cell = re.sub(r"\{([\[\]])\}", r"\1", cell)
    cell = re.sub(r"\\(.)", r"\1", cell)
    return re.sub("\0(\\d+)\0", lambda found: chr(int(found[1])), cell)


def read_latex(text):
    lines = [line.removesuffix(r"\\") for line in text.splitlines() if line.endswith(r" \\")]
    return [[untex(cell.strip()) for cell in re.split(r"(?<!\\)&", line)] for line in lines]


# ---- the round trips ----


@each_convention
@each_table
def test_markdown_gives_the_numbers_back(table, how):
    head, rows, totals = expected(table, how, printed=True)
    read = read_markdown(table.to_markdown(how))
    assert read[0] == head
    assert [set(cell) for cell in read[1]] == [{":", "-"}] * len(head)
    assert read[2:] == [*rows, totals]


@each_convention
@each_table
def test_html_gives_the_numbers_back(table, how):
    head, rows, totals = expected(table, how, printed=True)
    read = [row for row in Reader(table.to_html(how)).rows if len(row) > 1]
    assert read == [head, *rows, totals]


@each_convention
@each_table
def test_latex_gives_the_numbers_back(table, how):
    head, rows, totals = expected(table, how, printed=True)
    assert read_latex(table.to_latex(how)) == [head, *rows, totals]


@each_convention
@each_table
def test_csv_gives_the_numbers_back_exactly(table, how):
    head, rows, _ = expected(table, how, printed=False)
    first, *read = list(csv.reader(StringIO(table.to_csv(how))))
    assert first == head
    count = 3 if how == "lecture" else 2
    assert [row[:-count] for row in read] == [row[:-count] for row in rows]
    wanted = [cell if cell == "" else float(cell) for row in rows for cell in row[-count:]]
    assert [cell and float(cell) for row in read for cell in row[-count:]] == wanted


@each_convention
@each_table
def test_json_gives_every_count_back(table, how):
    read, entry = json.loads(table.to_json(how)), convention(how)
    names = {key: getattr(entry, key) for key in ("name", "title", "unit", "source")}
    assert read["convention"] == names
    assert (read["name"], tuple(read["input_shape"])) == (table.name, table.input_shape)
    for number, (row, layer) in enumerate(zip(read["rows"], table, strict=True)):
        assert row["row"] == number
        assert row["counts"] == layer.counts._asdict()
        window = {key: tuple(value) if isinstance(value, list) else value
                  for key, value in (row["geometry"] or {}).items()}  # fmt: skip
        assert window == (layer.geometry._asdict() if layer.geometry else {})
        assert tuple(row["inputs"]) == layer.inputs
        assert [tuple(shape) for shape in row["in_shapes"]] == list(layer.in_shapes)
        assert tuple(row["out_shape"]) == layer.out_shape
        assert [row[key] for key in ("name", "op", "stage", "block", "counted")] == [
            layer.name, layer.op, layer.stage, layer.block, layer.counted
        ]  # fmt: skip
        assert row["listed"] == entry.lists(layer)
        prices = [layer.parameters, entry.flops(layer), entry.activation_bytes(layer)]
        keys = ("parameters", "operations", "activation_bytes")
        assert [row[key] for key in keys] == (
            prices if layer.counted else [layer.parameters, None, None]
        )
    known = table.listed(how)
    assert read["totals"] == {
        "parameters": known.parameters,
        "operations": known.flops(how),
        "activation_bytes": known.activation_bytes(how),
    }
    assert read["complete"] is (not table.uncounted)
    assert read["uncounted"] == [layer.name for layer in table.uncounted]
    assert read["unused_parameters"] == 0


def test_json_is_the_same_at_every_run_and_in_one_order():
    text = TABLES["odd"].to_json("lecture")
    assert text == odd().to_json("lecture")
    assert list(json.loads(text)) == ["name", "input_shape", "convention", "rows", "totals",
                                      "complete", "uncounted", "unused_parameters"]  # fmt: skip


@each_convention
@each_table
def test_a_frame_holds_exact_values(table, how):
    frame = table.to_frame(how)
    head, rows, _ = expected(table, how, printed=False)
    assert list(frame.columns) == head
    assert len(set(head)) == len(head)
    for name, cells in zip(head, zip(*rows, strict=True), strict=True):
        for value, cell in zip(frame[name], cells, strict=True):
            if cell == "":
                assert value is None or str(value) in ("<NA>", "nan")
            else:
                assert value == float(cell) if isinstance(cell, Fraction) else str(value) == cell


def test_a_frame_has_whole_numbers_where_cells_may_be_empty():
    types = {name: str(kind) for name, kind in TABLES["alexnet"].to_frame().dtypes.items()}
    assert types == dict.fromkeys(LECTURE[1:9], "Int64") | {
        "Layer": "object", "memory (KB)": "float64", "params (k)": "float64", "flop (M)": "float64"
    }  # fmt: skip
    types = {name: str(kind) for name, kind in TABLES["rectangle"].to_frame().dtypes.items()}
    assert (types["H/W"], types["out H/W"], types["kernel"]) == ("object", "object", "Int64")
    types = {name: str(kind) for name, kind in TABLES["alexnet"].to_frame("macs").dtypes.items()}
    assert [types[name] for name in ("groups", "parameters", "MACs")] == ["Int64"] * 3


def test_memory_is_unrounded_in_a_frame_and_rounded_half_up_in_print():
    table = TABLES["alexnet"]
    frame = table.to_frame().set_index("Layer")
    assert frame.loc["conv3", "memory (KB)"] == 253.5
    (row,) = [row for row in read_markdown(table.to_markdown()) if row[0] == "conv3"]
    assert row[9] == "254"


def test_the_round_trip_can_fail():
    table = TABLES["alexnet"]
    _, rows, totals = expected(table, "lecture", printed=True)
    text = table.to_markdown().replace("| 73 |", "| 74 |").replace("**", "")
    assert read_markdown(text)[2:] != [*rows, totals]
    text = table.to_latex().replace("& 784 &", "& 783 &")
    assert read_latex(text)[1:] != [*rows, totals]


# ---- what is around the numbers ----


@pytest.mark.parametrize("name", cnnref.names())
@each_convention
def test_text_fits_a_terminal(name, how):
    assert max(map(len, cnnref.table(name).to_text(how).splitlines())) <= 80


def test_text_can_be_too_wide_for_a_terminal():
    long = "a" * 70
    net = cnnref.Net((3, 8, 8))
    net.relu(net.input, name=long)
    assert max(map(len, net.table().to_text().splitlines())) > 80


def test_text_folds_long_names_and_loses_nothing():
    name = "inception_4b_branch_3_reduction_convolution_1x1"
    net = cnnref.Net((3, 224, 224), name="long")
    x = net.conv(net.input, 64, 11, padding=5, name=name)
    net.linear(net.flatten(net.adaptive_avg_pool(x, 7)), 4096 * 8)
    lines = net.table().to_text().splitlines()
    assert max(map(len, lines)) <= 80
    column = lines[2].index(" op ") + 1
    pieces = [line[:column].strip() for line in lines[4:]]
    assert name in "".join(pieces)
    assert "adaptive_avg_pool" in "".join(line[column:].split(" ")[0] for line in lines[4:])


def test_text_puts_long_names_under_the_modules_that_they_share():
    net = cnnref.Net((3, 224, 224), name="long")
    x = net.conv(net.input, 64, 11, padding=5, name="encoder.layers.encoder_layer_0.mix.conv")
    x = net.relu(x, name="encoder.layers.encoder_layer_0.mix.relu")
    x = net.conv(x, 64, 1, name="encoder.layers.encoder_layer_1.conv")
    net.linear(net.flatten(net.adaptive_avg_pool(x, 7)), 4096 * 8)
    lines = net.table().to_text().splitlines()
    assert max(map(len, lines)) <= 80
    assert [line.split()[0] for line in lines[4:9]] == [
        "encoder.layers.encoder_layer_0.mix",
        "conv",
        "relu",
        "encoder.layers.encoder_layer_1",
        "conv",
    ]
    assert [line[:2] for line in lines[4:9]] == ["en", "  ", "  ", "en", "  "]
    # a table that fits has its names whole
    small = cnnref.Net((3, 8, 8))
    small.relu(small.input, name="encoder.layer.relu")
    assert "encoder.layer.relu" in small.table().to_text()


def test_text_of_the_lecture_is_its_table():
    assert (
        TABLES["alexnet"].to_text("lecture")
        == """\
alexnet, input 3 x 227 x 227; convention lecture: The lecture's count.

                                            out out memory params flop
Layer      C H/W filters kernel stride pad    C H/W   (KB)    (k)  (M)
----------------------------------------------------------------------
conv1      3 227      64     11      4   2   64  56    784     23   73
pool1     64  56              3      2   0   64  27    182      0    0
conv2     64  27     192      5      1   2  192  27    547    307  224
pool2    192  27              3      2   0  192  13    127      0    0
conv3    192  13     384      3      1   1  384  13    254    664  112
conv4    384  13     256      3      1   1  256  13    169    885  150
conv5    256  13     256      3      1   1  256  13    169    590  100
pool5    256  13              3      2   0  256   6     36      0    0
flatten  256   6                           9216          0      0    0
fc6     9216        4096                   4096         16 37,753   38
fc7     4096        4096                   4096         16 16,781   17
fc8     4096        1000                   1000          4  4,097    4
----------------------------------------------------------------------
Total                                                2,303 61,101  718"""
    )


def test_text_shows_the_whole_window_in_one_cell():
    text = TABLES["odd"].to_text()
    for window in ("3x5/1x2 p1x2", "3x3 p2 d2 g4", "2x3/2 ceil"):
        assert f"  {window} " in text or f" {window} " in text
    assert text.endswith("window: kernel/stride, p padding, d dilation, g groups, ceil rounds up")


FORMATS = ("text", "markdown", "html", "latex")


@each_convention
@pytest.mark.parametrize("name", FORMATS)
def test_printed_tables_name_their_convention(name, how):
    entry = convention(how)
    text = getattr(TABLES["alexnet"], f"to_{name}")(how)
    text = Reader(text).caption if name == "html" else text
    title = " ".join(entry.title.split())
    assert f"convention {how}: {title}" in " ".join(text.split())
    unit = "flop (M)" if how == "lecture" else f"{entry.unit}s"
    assert unit.split()[0] in getattr(TABLES["alexnet"], f"to_{name}")(how)


NOTE = "No rule counts swoosh (1 row), marked ?; totals with >= leave them out."
# ">=" as each format writes it
LEAST = {"html": "&gt;=", "latex": r"\textgreater{}="}


@pytest.mark.parametrize("name", FORMATS)
def test_uncounted_rows_are_marked(name):
    text = getattr(TABLES["uncounted"], f"to_{name}")("macs")
    least = LEAST.get(name, ">=")
    assert NOTE.removesuffix(".").replace(">=", least) in text
    assert text.count("?") == 2
    # the total of the operations is the least, that of the parameters is known
    assert text.count(f"{least} 7") == 1
    assert f"{least} 3" not in text
    assert "?" not in getattr(TABLES["alexnet"], f"to_{name}")("macs")


def test_html_marks_the_row_that_is_uncounted():
    read = Reader(TABLES["uncounted"].to_html("macs"))
    rows = {given["id"]: given.get("class") for tag, given in read.attributes if "id" in given}
    assert rows == {"strange-conv": None, "strange-gate": "uncounted"}


def test_uncounted_rows_are_shown_where_a_convention_lists_few():
    text = TABLES["uncounted"].to_text("lecture")
    assert text.endswith(NOTE)
    (row,) = [line for line in text.splitlines() if line.startswith("gate")]
    assert row.split()[-3:] == ["?", "0", "?"]
    assert ">= " in text.splitlines()[-2]


def test_parameters_of_rows_that_are_not_listed_are_said():
    note = "Rows of batch_norm are not listed; their 8,448 parameters are in no total."
    assert TABLES["vgg16_bn"].to_text("lecture").endswith(note)
    assert note.replace("_", r"\_") in TABLES["vgg16_bn"].to_markdown("lecture")
    assert "not listed" not in TABLES["vgg16_bn"].to_text("macs")


def test_html_is_one_accessible_table():
    read = Reader(TABLES["odd"].to_html("macs"))
    tags = [tag for tag, _ in read.attributes]
    assert read.attributes[0] == ("table", {"class": "ledger"})
    assert [tag for tag in tags if tag not in ("tr", "td", "th")] == [
        "table", "caption", "thead", "tbody", "tfoot"
    ]  # fmt: skip
    assert read.tags == []
    scopes = [given.get("scope") for tag, given in read.attributes if tag == "th"]
    assert scopes == ["col"] * 10 + ["row"] * (len(TABLES["odd"]) + 1)
    ids = [given["id"] for tag, given in read.attributes if tag == "tr" and "id" in given]
    assert len(ids) == len(set(ids)) == len(TABLES["odd"])
    assert ids[1] == "odd-&-<net>_1-dilated"
    assert not any(" " in place for place in ids)


def test_html_links_rows_to_their_explanation():
    grid = table_grid(TABLES["alexnet"], View.of("lecture"))
    first, *others = grid.cells
    linked = [Linked(first[0], "#how-alexnet-conv1"), *first[1:]]
    text = to_html(grid._replace(cells=[linked, *others]))
    assert '<th scope="row"><a href="#how-alexnet-conv1">conv1</a></th>' in text
    assert "<a " not in TABLES["alexnet"].to_html("lecture")
    assert '<tr id="alexnet-conv1">' in text


def test_markdown_is_read_by_a_markdown_program_as_it_was_meant():
    markdown = pytest.importorskip("markdown")
    html = markdown.markdown(TABLES["odd"].to_markdown("macs"), extensions=["tables"])
    names = [row[0] for row in Reader(html).rows]
    assert names == ["Layer", *(layer.name for layer in TABLES["odd"]), "Total"]


def test_latex_names_its_package_and_is_whole():
    text = TABLES["alexnet"].to_latex()
    assert text.startswith("% \\usepackage{booktabs}\n\\begin{table}\\centering\\caption{alexnet,")
    rules = [line for line in text.splitlines() if line.endswith("rule")]
    assert rules == [r"\toprule", r"\midrule", r"\midrule", r"\bottomrule"]
    assert re.findall(r"\\(begin|end)\{(\w+)\}", text) == [
        ("begin", "table"), ("begin", "tabular"), ("end", "tabular"), ("end", "table")
    ]  # fmt: skip
    assert r"\begin{tabular}{lrrrrrrrrrrr}" in text


def test_latex_takes_no_name_for_an_option():
    net = cnnref.Net((3, 8, 8))
    net.relu(net.relu(net.input, name="[2pt]"), name="[b]")
    starts = [line[0] for line in net.table().to_latex("macs").splitlines() if " & " in line]
    assert starts == ["L", "{", "{", "T"]


def test_an_uncounted_row_is_in_no_total_even_if_it_holds_counts():
    row = Layer("c", "conv", "", "", (-1,), (Shape((3,)),), Shape((3,)), None, Counts(macs=5))
    table = Table([row, row._replace(counted=False)], name="t", input_shape=Shape((3,)))
    assert read_markdown(table.to_markdown("macs"))[-1][-1] == ">= 5"
    assert json.loads(table.to_json("macs"))["totals"]["operations"] == 5


def test_headers_are_the_lectures():
    assert len(LECTURE) == len(LECTURE_COLUMNS)
    assert len(FULL) + 1 == len(FULL_COLUMNS)
    assert list(TABLES["alexnet"].to_frame("lecture").columns) == LECTURE


@pytest.mark.parametrize("name", [*FORMATS, "csv", "json", "frame"])
def test_an_unknown_convention_is_named_with_its_neighbours(name):
    with pytest.raises(UnknownNameError) as error:
        getattr(TABLES["alexnet"], f"to_{name}")("lectur")
    assert str(error.value) == "Unknown convention 'lectur': did you mean lecture?"


def test_missing_pandas_says_which_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingExtraError) as error:
        TABLES["alexnet"].to_frame()
    assert str(error.value) == (
        "Table.to_frame needs pandas, which is not installed: pip install 'cnnref[pandas]'."
    )


@pytest.mark.parametrize("name", [*FORMATS, "csv", "json", "frame"])
def test_an_empty_table_is_a_table(name):
    empty = cnnref.Net((3, 8, 8)).table()
    assert len(getattr(empty, f"to_{name}")("macs")) >= 0
    assert len(getattr(empty, f"to_{name}")("lecture")) >= 0
