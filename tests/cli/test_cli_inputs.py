"""What people have at hand: models of libraries by name, exported programs, files of inputs."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
import torchvision_models
from torch import Tensor, nn

import cnnref
from cnnref.cli import libraries, targets
from cnnref.cli.main import main

NETWORK = """
from torch import nn


class Pair(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(50, 8)
        self.linear = nn.Linear(8, 4)

    def forward(self, ids, mask=None):
        y = self.linear(self.embedding(ids))
        return y if mask is None else y[mask.bool()]
"""
IDS, MASK = [[1, 2, 3, 4, 5]], [[1, 1, 1, 0, 0]]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pair.py").write_text(NETWORK, encoding="utf-8")
    return tmp_path


def traced(capsys: pytest.CaptureFixture[str], *words: str) -> cnnref.Table:
    code = main(["trace", *words, "--format", "json"])
    out, err = capsys.readouterr()
    assert code == 0, err
    return cnnref.Table.from_json(out)


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["trace", *words]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    return err.removeprefix("cnnref: ").rstrip("\n")


def test_weights_take_memory_only_where_they_are_asked_for(here: Path) -> None:
    for target in ("vgg11", "pair.py:Pair"):
        for whole in ({}, {"whole": False}, {"whole": True}):
            made = targets.load(target, **whole)
            assert {weight.is_meta for weight in made.parameters()} == {not whole.get("whole")}
    *_, bias = targets.load("vgg11", {"num_classes": 7}).parameters()
    assert tuple(bias.shape) == (7,)


@pytest.mark.parametrize("name", ["torchvision:resnet18", "torchvision/resnet18", "timm:resnet18"])
def test_a_model_of_a_library_is_named_as_people_name_it(
    capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert torchvision_models.models
    assert traced(capsys, name).macs == cnnref.table("resnet18").macs


def test_a_model_has_its_librarys_size_and_its_arguments(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert traced(capsys, "timm:resnet10t").input_shape == (3, 176, 176)
    table = traced(capsys, "timm:resnet10t", "--arg", "num_classes=7", "--input-size", "64")
    assert (table.input_shape, table[-1].out_shape) == ((3, 64, 64), (7,))


def test_a_detector_of_torchvision_runs(capsys: pytest.CaptureFixture[str]) -> None:
    table = traced(capsys, "torchvision:ssdlite320_mobilenet_v3_large", "--values", "always")
    assert table.ran.by == "made-up inputs"
    assert table.macs > 5 * 10**8


def test_an_unknown_model_of_a_library_names_close_ones(
    capsys: pytest.CaptureFixture[str],
) -> None:
    said = refused(capsys, "torchvision:resnet51")
    assert said.startswith("Unknown model of torchvision 'resnet51': did you mean resnet50")


def plain(*, weights: object = None) -> None:
    """How a library makes a model whose parts have no weights of their own."""


def detector(*, weights: object = None, weights_backbone: object = "kept") -> None:
    """How it makes one whose backbone has."""


@pytest.mark.parametrize(
    ("target", "asked"),
    [
        ("timm:plain", ("plain", {"pretrained": False})),
        ("timm/plain.of_its_weights", ("plain.of_its_weights", {"pretrained": False})),
        ("timm.create_model:plain", ("plain", {"pretrained": False})),
        ("torchvision:plain", ("plain", {"weights": None})),
        ("torchvision.models:detector", ("detector", {"weights": None, "weights_backbone": None})),
        ("timm:plane.of_its_weights", None),
        ("torchvision/other", None),
    ],
)
def test_a_library_is_asked_for_a_model_without_weights(
    monkeypatch: pytest.MonkeyPatch, target: str, asked: Any
) -> None:
    home = SimpleNamespace(
        list_models=lambda: ["plain", "detector"],
        get_model_builder={"plain": plain, "detector": detector}.get,
        create_model=lambda name, **how: (name, how),
        get_model=lambda name, **how: (name, how),
    )
    monkeypatch.setattr(libraries, "import_module", lambda _: home)
    if asked is None:
        with pytest.raises(cnnref.UnknownNameError, match=f"^Unknown model of {target[:4]}"):
            libraries.library_model(target)
        return
    build = libraries.library_model(target)
    assert build is not None
    assert build() == asked


def missing(name: str | None) -> ModuleNotFoundError:
    return ModuleNotFoundError(f"No module named {name!r}", name=name)


@pytest.mark.parametrize(
    ("target", "error", "said"),
    [
        ("timm:a", missing("timm"), " needs timm, which is not installed: pip install timm."),
        ("timm/a", missing(None), " needs timm, which is not installed: pip install timm."),
        (
            "timm:a", missing("torchvision.ops"),
            " needs torchvision, which is not installed: pip install torchvision.",
        ),
        (
            "torchvision:a", missing("torch.nn"),
            " needs torch, which is not installed: pip install 'cnnref[torch]'.",
        ),
        (
            "torchvision:a", RuntimeError("operator nms does not exist"),
            ": torchvision does not fit the torch that is installed: operator nms does not exist.",
        ),
    ],
)  # fmt: skip
def test_what_is_missing_for_a_library_is_named(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    target: str,
    error: Exception,
    said: str,
) -> None:
    asked: list[str] = []

    def fails(name: str) -> None:
        asked.append(name)
        raise error

    monkeypatch.setattr(libraries, "import_module", fails)
    assert refused(capsys, target) == f"{target}{said}"
    assert asked == ["torchvision.models" if target.startswith("torchvision") else "timm"]


def test_an_exported_program_needs_torch(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    assert refused(capsys, "never_read.pt2") == (
        "never_read.pt2 needs torch, which is not installed: pip install 'cnnref[torch]'."
    )


class Exported(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x).relu()


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_an_exported_program_is_a_target(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    torch.export.save(torch.export.export(Exported(), (torch.zeros(1, 3, 9, 9),)), "net.pt2")
    table = traced(capsys, "net.pt2")
    assert (table.input_shape, table.macs) == ((3, 9, 9), 4 * 7 * 7 * 27)
    (here / "text.pt2").write_text("no program", encoding="utf-8")
    said, _, why = refused(capsys, "text.pt2").partition("torch.export.save wrote: ")
    assert said == "text.pt2 is no program that "
    assert len(why.split()) > 3
    assert refused(capsys, "gone.pt2") == "gone.pt2 is not a file that can be read."


def write(path: Path) -> None:
    ids, mask = np.array(IDS), np.array(MASK)
    match path.name:
        case "named.npz":
            np.savez(path, ids=ids, mask=mask)
        case "placed.npz":
            np.savez(path, ids, mask)
        case "named.pt":
            torch.save({"ids": torch.tensor(IDS), "mask": torch.tensor(MASK)}, path)
        case "placed.pt":
            torch.save((torch.tensor(IDS), torch.tensor(MASK)), path)
        case "named.json":
            path.write_text(json.dumps({"ids": IDS, "mask": MASK}), encoding="utf-8")
        case "ids.npy":
            np.save(path, ids)
        case "ids.json":
            path.write_text(json.dumps(IDS), encoding="utf-8")


FILES = ("named.npz", "placed.npz", "named.pt", "placed.pt", "named.json")


@pytest.mark.parametrize("name", FILES)
def test_inputs_come_of_a_file(capsys: pytest.CaptureFixture[str], here: Path, name: str) -> None:
    write(here / name)
    table = traced(capsys, "pair.py:Pair", "--input", name)
    assert table.macs == 5 * 8 * 4
    assert table[-1].out_shape == (3, 4)


def test_files_and_shapes_are_named_together(
    capsys: pytest.CaptureFixture[str], here: Path
) -> None:
    for name in ("ids.npy", "ids.json"):
        write(here / name)
        words = ("--input", f"ids={name}", "--input", "mask=5:int64", "--values", "always")
        assert traced(capsys, "pair.py:Pair", *words).macs == 5 * 8 * 4


def test_a_file_that_holds_no_inputs_is_refused(
    capsys: pytest.CaptureFixture[str], here: Path
) -> None:
    (here / "bad.json").write_text("{", encoding="utf-8")
    said = refused(capsys, "pair.py:Pair", "--input", "bad.json")
    assert said.startswith("--input bad.json holds no inputs of the form .json: Expecting property")
    torch.save("words", "words.pt")
    said = refused(capsys, "pair.py:Pair", "--input", "words.pt")
    assert said == "--input words.pt holds no inputs of the form .pt: it holds a str."
    said = refused(capsys, "pair.py:Pair", "--input", "gone.npz")
    assert said == "--input gone.npz: No such file or directory."
    np.savez(here / "odd.npz", strange=np.array(IDS))
    assert "Unknown input of pair.py:Pair 'strange'" in refused(
        capsys, "pair.py:Pair", "--input", "odd.npz"
    )


# ---- ONNX files, whose rows are read by sizes ----

SMALL = Path(cnnref.__file__).parent.parent / "docs" / "examples" / "small.onnx"


@pytest.mark.parametrize(
    ("options", "sizes"),
    [
        ("", None),
        ("--input 3,16,20", (3, 16, 20)),
        ("--input-size 16", (3, 16, 16)),
        ("--input-size 16x20", (3, 16, 20)),
        ("--input image=3,16,20", {"image": (3, 16, 20)}),
        ("--strict", None),
    ],
)
def test_an_onnx_file_is_read_at_the_sizes_that_are_given(
    capsys: pytest.CaptureFixture[str], options: str, sizes: Any
) -> None:
    expected = cnnref.from_onnx(SMALL, sizes)
    for command in ("trace", "table"):
        assert main([command, str(SMALL), *options.split()]) == 0
        assert capsys.readouterr() == (f"{expected}\n", "")
    assert expected.input_shape == (sizes if isinstance(sizes, tuple) else expected.input_shape)


BY_SIZES = " is read by sizes: give --input SIZES or --input-size N."
STATED = " is a file, whose rows are stated; drop "


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--input 3,8,8 --input-size 8", BY_SIZES),
        ("--input 3,8,8:float32", BY_SIZES),
        ("--input 3,8,8 --input-size 0", BY_SIZES),
        ("--input image=x.npy", BY_SIZES),
        ("--input 3,8,8 --input image=x.npy", BY_SIZES),
        ("--arg width=2", f"{STATED}--arg."),
        ("--rules own:RULES", f"{STATED}--rules."),
        ("--num-classes 3", f"{STATED}--num-classes."),
    ],
)
def test_an_onnx_file_is_given_nothing_but_sizes(
    capsys: pytest.CaptureFixture[str], options: str, said: str
) -> None:
    assert refused(capsys, str(SMALL), *options.split()) == f"{SMALL}{said}"


def test_no_size_of_an_onnx_file_is_zero(capsys: pytest.CaptureFixture[str]) -> None:
    said = "input: input_shape must be a positive whole number, but is 0."
    assert refused(capsys, str(SMALL), "--input-size", "0") == said
    assert refused(capsys, str(SMALL), "--input-size", "8x0") == said


def test_several_inputs_of_an_onnx_file_are_named(
    capsys: pytest.CaptureFixture[str], here: Path
) -> None:
    onnx = pytest.importorskip("onnx", reason="the onnx package is not installed")
    fed = [
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["N", 3, "H", "W"])
        for name in ("a", "b")
    ]
    nodes = [
        onnx.helper.make_node("Add", ["a", "b"], ["c"], "sum"),
        onnx.helper.make_node("Odd", ["c"], ["d"], "odd", domain="own"),
    ]
    made = onnx.helper.make_empty_tensor_value_info("d")
    model = onnx.helper.make_model(onnx.helper.make_graph(nodes, "g", fed, [made]))
    (here / "two.onnx").write_bytes(model.SerializeToString())
    words = ("two.onnx", "--input", "a=3,8,8", "--input", "b=3,8,8")
    assert main(["trace", *words, "--format", "csv"]) == 0
    out, err = capsys.readouterr()
    assert [line.split(",")[0] for line in out.splitlines()] == ["Layer", "sum", "odd"]
    assert err == "cnnref: no rule counts Odd (row odd); the totals are incomplete.\n"
    assert refused(capsys, *words, "--strict").startswith("two: no rule counts Odd in odd")
    unnamed = ("two.onnx", "--input", "3,8,8", "--input", "3,8,8")
    assert "known are a, b" in refused(capsys, *unnamed)
