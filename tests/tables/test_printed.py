"""What stands around the numbers of a printed table: notes, marks, links, folded names."""

import json
import re
import sys

import pytest
from printed_tables import FULL, LECTURE, TABLES, Reader, each_convention, read_markdown

import cnnref
from cnnref.counting.conventions import (
    FULL_COLUMNS,
    LECTURE_COLUMNS,
    convention,
)
from cnnref.counting.layer import Layer
from cnnref.counting.markup import Linked
from cnnref.counting.shapes import Counts, Shape
from cnnref.errors import MissingExtraError, UnknownNameError
from cnnref.tables.formats import _folded, to_html, to_text
from cnnref.tables.listing import table_grid
from cnnref.tables.printable import View
from cnnref.tables.table import Table


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


def wide():
    """A table whose names, operators and sizes are long: 29, 17 and 18 letters at the most."""
    net = cnnref.Net((3, 1024, 1024), name="long")
    x = net.conv(net.input, 4096, 11, padding=5, name="first_long_convolution_of_all")
    net.adaptive_avg_pool(x, 1000, name="pool")
    return net.table()


def starts(grid, width):
    """Where the columns of a printed table begin, and where the last one ends."""
    lines = to_text(grid, width).splitlines()
    head, rule = lines[lines.index("") + 1 :][:2]
    return [0, *(head.index(name) for name in grid.heads[1:]), len(rule)]


@pytest.mark.parametrize(
    ("width", "found"),
    [
        (66, [0, 30, 48, 66]), (65, [0, 30, 47, 65]), (59, [0, 30, 41, 59]),
        (57, [0, 30, 41, 57]), (56, [0, 29, 40, 56]), (40, [0, 13, 24, 40]),
        (10, [0, 13, 24, 40]),
    ],
)  # fmt: skip
def test_a_small_terminal_folds_operators_then_sizes_then_names(width, found):
    assert starts(table_grid(wide(), View.of("macs", ("layer", "op", "output"))), width) == found


@pytest.mark.parametrize(
    ("width", "found"),
    [
        (52, [0, 18, 23, 42, 52]), (50, [0, 18, 23, 40, 50]), (49, [0, 17, 22, 39, 49]),
        (45, [0, 13, 18, 35, 45]), (10, [0, 13, 18, 35, 45]),
    ],
)  # fmt: skip
def test_a_small_terminal_folds_sizes_of_groups_and_then_their_names(width, found):
    groups = wide().group("op")
    assert starts(groups._seen(View.of("macs", ("parameters",))), width) == found


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
alexnet, input 3 x 227 x 227; convention lecture: The lecture's count, 1 flop
for a multiply-add.

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
    text = TABLES["alexnet"].to_latex("lecture")
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


@pytest.mark.extras
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


@pytest.mark.extras
@pytest.mark.parametrize("name", [*FORMATS, "csv", "json", "frame"])
def test_an_empty_table_is_a_table(name):
    empty = cnnref.Net((3, 8, 8)).table()
    assert len(getattr(empty, f"to_{name}")("macs")) >= 0
    assert len(getattr(empty, f"to_{name}")("lecture")) >= 0


def test_a_line_breaks_at_no_decimal_point_but_in_names():
    assert _folded("+52 kMACs (+12.5%)", 14) == ["+52 kMACs", "(+12.5%)"]
    assert _folded("torchvision 0.28, a field", 14) == ["torchvision", "0.28, a field"]
    assert _folded("layers.10.2.conv", 9) == ["layers.", "10.2.conv"]
    assert _folded("features.10.12", 12) == ["features.10.", "12"]


def test_a_notebook_folds_a_long_table_without_scripts():
    table = cnnref.table("resnet50")
    text = table._repr_html_()
    shown, details, folded = text.partition("<details><summary>The other 155 rows</summary>")
    assert details
    assert text.endswith("</table>\n</details>\n")
    assert "<script" not in text
    both = [Reader(part).rows for part in (shown, folded.partition("</details>")[0])]
    whole = Reader(table.to_html()).rows
    # heads twice, every row once, totals and notes with the first
    assert both[0][0] == both[1][0] == whole[0]
    assert both[0][1:21] + both[1][1:] == whole[1:176]
    assert both[0][21:] == whole[176:]
    assert text.count('id="resnet50-conv1"') == 1
    short = cnnref.table("vgg16")
    style, _, rest = short._repr_html_().partition("\n")
    assert "text-align:left" in style
    assert rest == short.to_html().replace('"ledger"', '"ledger short"')
    # a cell of prose may break
    assert '<table class="ledger">' in cnnref.published("vgg16")._repr_html_()


def net_of(rows, name="a"):
    net = cnnref.Net((3, 8, 8))
    for row in range(rows):
        net.relu(net.input, name=name if row == 0 else f"a{row}")
    return net.table()


def test_a_page_of_latex_holds_forty_five_rows_and_a_view_of_a_notebook_sixty():
    for rows, kind in ((45, "tabular"), (46, "longtable")):
        assert rf"\begin{{{kind}}}" in net_of(rows).to_latex()
    for rows, others in ((60, []), (61, ["The other 41 rows"])):
        shown = net_of(rows)._repr_html_()
        assert re.findall("<summary>(.*?)</summary>", shown) == others


def test_a_cell_of_a_notebook_breaks_where_it_is_longer_than_forty_letters():
    for letters, kind in ((40, "ledger short"), (41, "ledger")):
        assert f'<table class="{kind}">' in net_of(2, "a" * letters)._repr_html_()
