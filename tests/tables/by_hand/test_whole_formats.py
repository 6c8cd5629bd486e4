"""One small table in each format, whole."""

import json

import pytest

import cnnref
from cnnref.counting.layer import Layer
from cnnref.counting.shapes import Counts, Shape
from cnnref.errors import CnnrefError
from cnnref.tables.listing import restored
from cnnref.tables.table import Table

SHAPE = Shape((2, 4))
ROWS = [
    Layer("conv", "conv", "s", "", (-1,), (SHAPE,), SHAPE, None, Counts(macs=7, weights=3)),
    Layer("act_1", "relu", "s", "", (0,), (SHAPE,), SHAPE, None, Counts()),
    Layer("gate", "swoosh", "", "", (1,), (SHAPE,), SHAPE, None, Counts(), counted=False),
]
TABLE = Table(ROWS, name="my net", input_shape=SHAPE)
COLUMNS = "layer,output,parameters,macs"
LACK = "No rule counts swoosh (1 row), marked ?; totals with {} leave them out"


def test_markdown():
    assert TABLE.to_markdown(columns=COLUMNS) == (
        "| Layer | output | parameters | MACs |\n"
        "| :-- | :-- | --: | --: |\n"
        "| conv | 2 x 4 | 3 | 7 |\n"
        "| act\\_1 | 2 x 4 | 0 | 0 |\n"
        "| gate | 2 x 4 | 0 | ? |\n"
        "| Total |  | 3 | >= 7 |\n"
        "\n"
        "my net, input 2 x 4; convention macs: Multiply-accumulates.\n"
        "\n"
        f"{LACK.format('>=')}.\n"
    )


def test_html():
    num = ' class="num"'
    assert TABLE.to_html(columns=COLUMNS) == (
        '<table class="ledger">\n'
        "<caption>my net, input 2 x 4; convention macs: Multiply-accumulates.</caption>\n"
        '<thead><tr><th scope="col">Layer</th><th scope="col">output</th>'
        f'<th scope="col"{num}>parameters</th><th scope="col"{num}>MACs</th></tr></thead>\n'
        "<tbody>\n"
        '<tr id="my-net-conv"><th scope="row">conv</th><td>2 x 4</td>'
        f"<td{num}>3</td><td{num}>7</td></tr>\n"
        '<tr id="my-net-act_1"><th scope="row">act_1</th><td>2 x 4</td>'
        f"<td{num}>0</td><td{num}>0</td></tr>\n"
        '<tr id="my-net-gate" class="uncounted"><th scope="row">gate</th><td>2 x 4</td>'
        f"<td{num}>0</td><td{num}>?</td></tr>\n"
        "</tbody>\n"
        '<tfoot><tr class="total"><th scope="row">Total</th><td></td>'
        f"<td{num}>3</td><td{num}>&gt;= 7</td></tr>\n"
        f'<tr><td class="wrap" colspan="4">{LACK.format("&gt;=")}.</td></tr>\n'
        "</tfoot></table>\n"
    )


CAPTION = (
    r"\caption{my net, input 2 x 4; convention macs: Multiply-accumulates. "
    + LACK.format(r"\textgreater{}=")
    + "}"
)
HEAD = [r"\toprule", r"Layer & output & parameters & MACs \\", r"\midrule"]
BODY = [r"conv & 2 x 4 & 3 & 7 \\", r"act\_1 & 2 x 4 & 0 & 0 \\", r"gate & 2 x 4 & 0 & ? \\"]
TOTAL = [r"\midrule", r"Total &  & 3 & \textgreater{}= 7 \\"]


def test_latex():
    assert TABLE.to_latex(columns=COLUMNS).splitlines() == [
        r"% \usepackage{booktabs}",
        rf"\begin{{table}}\centering{CAPTION}",
        r"\begin{tabular}{llrr}",
        *HEAD,
        *BODY,
        *TOTAL,
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    ]


def test_long_latex(monkeypatch):
    monkeypatch.setattr("cnnref.tables.formats.LONGEST_FLOAT", 2)
    assert TABLE.to_latex(columns=COLUMNS).splitlines() == [
        r"% \usepackage{booktabs,longtable}",
        r"\begin{longtable}{llrr}",
        rf"{CAPTION}\\",
        *HEAD,
        r"\endhead",
        r"\bottomrule",
        r"\endfoot",
        *BODY,
        *TOTAL,
        r"\end{longtable}",
    ]


def test_csv():
    assert TABLE.to_csv(columns=COLUMNS) == (
        "Layer,output,parameters,MACs\nconv,2 x 4,3,7\nact_1,2 x 4,0,0\ngate,2 x 4,0,\n"
    )


def test_json():
    read = json.loads(TABLE.to_json(columns="macs,op"))
    totals = {"parameters": 3, "operations": 7, "stored_bytes": 0}
    assert read["totals"] == totals | Counts(macs=7, weights=3)._asdict()
    gate = read["rows"][2]
    assert gate == {
        "row": 2, "name": "gate", "op": "swoosh", "stage": "", "block": "", "inputs": [1],
        "in_shapes": [[2, 4]], "out_shape": [2, 4], "window": None,
        "counts": Counts()._asdict(), "counted": False, "constants": [], "listed": True,
        "parameters": 0, "operations": None, "stored_bytes": None,
        "columns": {"macs": None, "op": "swoosh"},
    }  # fmt: skip
    assert {key: read[key] for key in list(read)[6:]} == {
        "complete": False, "uncounted": ["gate"], "estimated": [], "unregistered_parameters": 0,
        "unused_parameters": 0, "unused": {},
    }  # fmt: skip
    assert Table.from_json(TABLE.to_json()) == TABLE


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ([], "it is not the JSON of a table"),
        ({"schema": 1, "rows": []}, "it is not the JSON of a table"),
        ({"schema": 2, "rows": [], "input_shape": []}, "it has schema 2, and this code reads 1"),
        ({"schema": 1, "rows": [], "input_shape": []}, "something in it is not as cnnref writes"),
    ],
)
def test_what_is_no_document_of_a_table_is_refused(given, why):
    with pytest.raises(CnnrefError, match=f"^{why}"):
        restored(given)


def test_a_long_table_of_a_notebook_has_its_first_rows_and_the_rest(monkeypatch):
    monkeypatch.setattr("cnnref.tables.formats.LONGEST_VIEW", 2)
    monkeypatch.setattr("cnnref.tables.formats.FIRST", 1)
    style, shown = TABLE._repr_html_().split("\n", 1)
    assert style.startswith("<style>")
    first, rest = shown.split("<details><summary>The other 2 rows</summary>")
    whole = TABLE.to_html().replace('"ledger"', '"ledger short"')
    rows = [line for line in whole.splitlines() if line.startswith("<tr id")]
    assert first == whole.replace("".join(f"{row}\n" for row in rows[1:]), "")
    assert [line for line in rest.splitlines() if line.startswith("<tr id")] == rows[1:]
    assert "<caption>The other 2 rows.</caption>" in rest
    assert "<tfoot>" not in rest
    assert rest.endswith("</table>\n</details>\n")


def test_a_frame_has_whole_numbers_floats_and_text():
    pytest.importorskip("pandas")
    frame = cnnref.table("alexnet").to_frame(columns="layer,macs,macs_share", keys=True)
    assert list(frame.columns) == ["layer", "macs", "macs_share"]
    assert [str(kind) for kind in frame.dtypes][1:] == ["Int64", "float64"]
    large = Table([ROWS[0]._replace(counts=Counts(macs=2**63))], name="a", input_shape=SHAPE)
    assert str(large.to_frame(columns="macs").dtypes.iloc[0]) == "object"
    assert large.to_frame(columns="macs").iloc[0, 0] == 2**63
    small = Table([ROWS[0]._replace(counts=Counts(macs=2**63 - 1))], name="a", input_shape=SHAPE)
    assert str(small.to_frame(columns="macs").dtypes.iloc[0]) == "Int64"
