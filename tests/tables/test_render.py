"""Every format gives back the numbers that the table holds."""

import csv
import json
import re
from fractions import Fraction
from io import StringIO

import pytest
from printed_tables import (
    FULL,
    LECTURE,
    TABLES,
    Reader,
    each_convention,
    each_table,
    odd,
    read_latex,
    read_markdown,
)

import cnnref
from cnnref.counting.conventions import (
    convention,
)
from cnnref.counting.shapes import COUNTS

# ---- what a table should say, stated again without the renderer ----


def square(sizes):
    if not sizes:
        return ""
    return str(sizes[0]) if len(set(sizes)) == 1 else "x".join(map(str, sizes))


def lecture_cells(layer):
    window = [square(part) for part in layer.window[:3]] if layer.window else [""] * 3
    filters = {"conv": layer.out_shape[0], "linear": layer.out_shape[-1]}.get(layer.op, "")
    sizes = [str(layer.in_shape[0]), square(layer.in_shape[1:]), str(filters)]
    return [layer.name, *sizes, *window, str(layer.out_shape[0]), square(layer.out_shape[1:])]


def full_cells(layer):
    window = ["x".join(map(str, part)) for part in layer.window[:3]] if layer.window else []
    groups = [str(layer.window.groups)] if layer.window else []
    shapes = [" x ".join(map(str, shape)) for shape in (*layer.in_shapes, layer.out_shape)]
    ends = [" + ".join(shapes[:-1]), shapes[-1]]
    return [layer.name, layer.op, *ends, *(window or [""] * 3), *(groups or [""])]


def measures(layer, how):
    """(exact count, what is printed as one) of the last columns."""
    operations = convention(how).operations(layer)
    if how == "lecture":
        memory = convention(how).stored_bytes(layer)
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
                  for key, value in (row["window"] or {}).items()}  # fmt: skip
        assert window == (layer.window._asdict() if layer.window else {})
        assert tuple(row["inputs"]) == layer.inputs
        assert [tuple(shape) for shape in row["in_shapes"]] == list(layer.in_shapes)
        assert tuple(row["out_shape"]) == layer.out_shape
        assert [row[key] for key in ("name", "op", "stage", "block", "counted")] == [
            layer.name, layer.op, layer.stage, layer.block, layer.counted
        ]  # fmt: skip
        assert row["listed"] == entry.lists(layer)
        prices = [layer.parameters, entry.operations(layer), entry.stored_bytes(layer)]
        keys = ("parameters", "operations", "stored_bytes")
        assert [row[key] for key in keys] == (
            prices if layer.counted else [layer.parameters, None, None]
        )
    known = table.listed(how)
    assert read["totals"] == {
        "parameters": known.parameters,
        "operations": known.operations(how),
        "stored_bytes": known.stored_bytes(how),
        **{key: sum(layer.count(key) for layer in known) for key in COUNTS},
    }
    assert read["complete"] is (not table.uncounted)
    assert read["uncounted"] == [layer.name for layer in table.uncounted]
    assert read["unused_parameters"] == 0


def test_json_is_the_same_at_every_run_and_in_one_order():
    text = TABLES["odd"].to_json("lecture")
    assert text == odd().to_json("lecture")
    assert list(json.loads(text)) == ["schema", "name", "input_shape", "convention", "rows",
                                      "totals", "complete", "uncounted", "estimated",
                                      "unregistered_parameters", "unused_parameters",
                                      "unused"]  # fmt: skip


@pytest.mark.extras
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


@pytest.mark.extras
def test_a_frame_has_whole_numbers_where_cells_may_be_empty():
    types = {name: str(kind) for name, kind in TABLES["alexnet"].to_frame("lecture").dtypes.items()}
    assert types == dict.fromkeys(LECTURE[1:9], "Int64") | {
        "Layer": "object", "memory (KB)": "float64", "params (k)": "float64", "flop (M)": "float64"
    }  # fmt: skip
    types = {
        name: str(kind) for name, kind in TABLES["rectangle"].to_frame("lecture").dtypes.items()
    }
    assert (types["H/W"], types["out H/W"], types["kernel"]) == ("object", "object", "Int64")
    types = {name: str(kind) for name, kind in TABLES["alexnet"].to_frame("macs").dtypes.items()}
    assert [types[name] for name in ("groups", "parameters", "MACs")] == ["Int64"] * 3


@pytest.mark.extras
def test_a_frame_can_be_asked_by_the_keys_of_its_columns():
    table = TABLES["alexnet"]
    frame = table.to_frame(columns="layer,macs,kernel,kernel_size", keys=True)
    assert list(frame.columns) == ["layer", "macs", "kernel", "kernel_size"]
    assert frame.macs.sum() == table.macs
    groups = table.group("op").to_frame(columns="macs,macs_share", keys=True)
    assert list(groups.columns) == ["op", "rows", "output", "macs", "macs_share"]
    assert groups.macs.sum() == table.macs
    swept = cnnref.sweep("alexnet", input_size=[64, 224]).to_frame(columns="macs", keys=True)
    assert list(swept.columns) == ["input_size", "macs"]
    roof = cnnref.roofline(table, cnnref.Ceilings("float32", 1e12, 1e11)).to_frame(keys=True)
    assert roof.macs.sum() == table.macs
    # what has headings alone has these
    assert "quantity" in cnnref.published("alexnet").to_frame(keys=True).columns


@pytest.mark.extras
def test_memory_is_unrounded_in_a_frame_and_rounded_half_up_in_print():
    table = TABLES["alexnet"]
    frame = table.to_frame("lecture").set_index("Layer")
    assert frame.loc["conv3", "memory (KB)"] == 253.5
    (row,) = [row for row in read_markdown(table.to_markdown("lecture")) if row[0] == "conv3"]
    assert row[9] == "254"


def test_the_round_trip_can_fail():
    table = TABLES["alexnet"]
    _, rows, totals = expected(table, "lecture", printed=True)
    text = table.to_markdown("lecture").replace("| 73 |", "| 74 |").replace("**", "")
    assert read_markdown(text)[2:] != [*rows, totals]
    text = table.to_latex("lecture").replace("& 784 &", "& 783 &")
    assert read_latex(text)[1:] != [*rows, totals]


def body(rows):
    """The parameters and the MACs of printed rows without head and totals."""
    return [[number(cell) for cell in row[-2:]] for row in rows]


def number(cell):
    return int(float(cell.replace(",", ""))) if cell not in ("", "?") else 0


def whole_lines(text):
    """The lines between the rules, but for those in which a long name goes on."""
    _, lines, _ = re.split(r"^-+\n", text, flags=re.MULTILINE)
    width = len(re.search("^-+$", text, re.MULTILINE)[0])
    return [line.rsplit(maxsplit=2) for line in lines.splitlines() if len(line) == width]


# by format: the last two cells of each row, as someone who names no convention gets them
DEFAULTS = {
    "text": lambda table: body(whole_lines(table.to_text())),
    "markdown": lambda table: body(read_markdown(table.to_markdown())[2:-1]),
    "html": lambda table: body([x for x in Reader(table.to_html()).rows if len(x) > 1][1:-1]),
    "latex": lambda table: body(read_latex(table.to_latex())[1:-1]),
    "csv": lambda table: body(list(csv.reader(StringIO(table.to_csv())))[1:]),
    "frame": lambda table: body(table.to_frame().fillna(0).astype(str).to_numpy().tolist()),
    "json": lambda table: [
        [row["parameters"], row["operations"] or 0] for row in json.loads(table.to_json())["rows"]
    ],
}


@pytest.mark.extras
@pytest.mark.parametrize("name", DEFAULTS)
@pytest.mark.parametrize("table", [cnnref.table("resnet50"), *TABLES.values()])
def test_in_every_format_the_columns_add_up_to_the_totals(table, name):
    rows = DEFAULTS[name](table)
    sums = [sum(column) for column in zip(*rows, strict=True)]
    assert sums == [table.parameters, table.macs]
    assert len(rows) == len(table)
