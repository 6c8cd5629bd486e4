"""`cnnref draw` and `cnnref chart`: what they print, what they write, what they refuse."""

import json
import sys

import pytest

import cnnref
from cnnref.cli.commands import BARS, CHARTS
from cnnref.cli.main import main
from cnnref.drawing import bars

BLOCK = cnnref.table("resnet18").draw("conv3_1").standalone()


def run(capsys, line):
    code = main(line.split())
    out, err = capsys.readouterr()
    return code, out, err


@pytest.mark.parametrize(
    ("line", "expected"),
    {
        "draw resnet18": lambda table: table.draw().standalone(),
        "draw resnet18 --block conv3_1": lambda table: BLOCK,
        "draw resnet18 --fields": lambda table: table.draw(fields=True).standalone(),
        "draw resnet18 --kind dot": lambda table: table.to_dot(),
        "draw resnet18 --kind mermaid --block conv3_1 --no-fold": lambda table: table.to_mermaid(
            "conv3_1", fold=False
        ),
    }.items(),
)
def test_a_drawing_is_printed(capsys, line, expected):
    assert run(capsys, line) == (0, expected(cnnref.table("resnet18")), "")


@pytest.mark.parametrize(
    ("ending", "start"), {"svg": "<svg ", "gv": "digraph ", "mmd": "flowchart "}.items()
)
def test_a_file_says_by_its_ending_what_it_holds(capsys, tmp_path, ending, start):
    path = tmp_path / f"block.{ending}"
    assert run(capsys, f"draw resnet18 --block conv3_1 --output {path}") == (0, "", "")
    assert path.read_text(encoding="utf-8").startswith(start)


def test_any_module_can_be_drawn(capsys, tmp_path, monkeypatch):
    (tmp_path / "own_drawn.py").write_text(
        "from torch import nn\n\ndef build():\n    return nn.Sequential(nn.Conv2d(3, 4, 3))\n",
        encoding="utf-8",
    )
    monkeypatch.chdir(tmp_path)
    code, out, _ = run(capsys, "draw own_drawn.py:build --input 3,8,8 --kind mermaid")
    sys.modules.pop("own_drawn", None)
    assert (code, "3×3 conv, 4" in out) == (0, True)


@pytest.mark.parametrize("kind", CHARTS)
def test_a_chart_is_written_as_told(capsys, tmp_path, kind):
    path = tmp_path / f"chart.{kind}"
    starts = {"json": b"{", "html": b"<", "svg": b"<svg", "png": b"\x89PNG", "pdf": b"%PDF"}
    assert run(capsys, f"chart alexnet --by stage --output {path}") == (0, "", "")
    assert path.read_bytes().lstrip().startswith(starts[kind])


def test_a_chart_is_a_specification_unless_told(capsys):
    line = "chart vgg16 --quantity operations --by stage --convention lecture --batch-size 2"
    code, out, err = run(capsys, line)
    chart = cnnref.table("vgg16").chart("operations", "stage", "lecture", batch_size=2)
    assert (code, err) == (0, "")
    assert json.loads(out)["data"] == chart.to_dict()["data"]
    assert bars.GROUPINGS == BARS


@pytest.mark.parametrize(
    ("options", "how"),
    [
        ("", {}),
        ("--quantity peak", {"quantity": "peak"}),
        ("--quantity bytes --batch-size 4", {"quantity": "bytes", "batch_size": 4}),
        (
            "--quantity bytes --dtype int8 --by block",
            {"quantity": "bytes", "dtype": "int8", "by": "block"},
        ),
        ("--num-classes 7 --input-size 96 --quantity parameters", {"quantity": "parameters"}),
    ],
)
def test_a_chart_is_of_one_image_unless_told(capsys, options, how):
    sized = {"num_classes": 7, "input_size": 96} if "--num-classes" in options else {}
    code, out, err = run(capsys, f"chart vgg11 {options}")
    assert (code, err) == (0, "")
    assert json.loads(out)["data"] == cnnref.table("vgg11", **sized).chart(**how).to_dict()["data"]


@pytest.mark.parametrize(
    ("line", "start"),
    [
        ("draw vgg11 --output {}.txt", "<svg "),
        ("draw vgg11 --output {}.SVG", "<svg "),
        ("draw vgg11 --kind dot --output {}.svg", "digraph "),
        ("draw vgg11 --kind mermaid --output {}.gv", "flowchart "),
        ("chart vgg11 --by stage --output {}.txt", "{"),
        ("chart vgg11 --by stage --kind json --output {}.html", "{"),
    ],
)
def test_a_kind_that_is_told_counts_more_than_an_ending(capsys, tmp_path, line, start):
    assert run(capsys, line.format(tmp_path / "picture")) == (0, "", "")
    (path,) = tmp_path.iterdir()
    assert path.read_text(encoding="utf-8").startswith(start)


def test_an_old_key_of_a_quantity_is_told_in_one_line(capsys):
    code, out, err = run(capsys, "chart alexnet --quantity flops")
    assert (code, err) == (0, "cnnref: 'flops' is now called 'operations'.\n")
    assert out == run(capsys, "chart alexnet --quantity operations")[1]


@pytest.mark.parametrize(
    ("line", "sentence"),
    {
        "draw resnet18 --block conv9": "Unknown block of resnet18 'conv9': did you mean",
        "draw resnet18 --kind png": "Unknown kind of picture 'png': known are dot, mermaid, svg.",
        "draw resnet18 --fields --kind dot": "--fields is a picture to scale: dot has no scale;",
        "draw resnet18 --fields --block conv1": "draw: a block has no picture of fields;",
        "chart alexnet --kind dot": "Unknown kind of picture 'dot': known are html, json, pdf,",
        "chart alexnet --kind png": "A chart as png is no text: give --output FILE.png.",
        "chart alexnet --by op": "Unknown grouping of bars 'op': known are block, layer, stage.",
        "chart alexnet --quantity colour": "Unknown quantity 'colour'",
    }.items(),
)
def test_what_is_refused_is_refused_in_a_sentence(capsys, line, sentence):
    code, out, err = run(capsys, line)
    assert (code, out) == (2, "")
    assert err.startswith(f"cnnref: {sentence}")
    assert err.count("\n") == 1


def test_without_the_library_for_images_the_extra_is_named(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    code, out, err = run(capsys, "chart alexnet --kind svg")
    assert (code, out) == (2, "")
    assert err == (
        "cnnref: A chart as svg needs vl-convert-python, which is not installed: "
        "pip install 'cnnref[charts]'.\n"
    )


def test_other_errors_of_a_chart_stay_what_they_are(monkeypatch):
    class Chart:
        def save(self, file, format):
            raise ValueError("something else")

    monkeypatch.setattr(cnnref.Table, "chart", lambda *_, **__: Chart())
    with pytest.raises(ValueError, match=r"^something else$"):
        main(["chart", "alexnet"])
