"""What people have at hand: models of libraries by name, exported programs, files of inputs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision_models
from torch import Tensor, nn

import cnnref
from cnnref.cli import libraries
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


@pytest.mark.parametrize(
    ("lacking", "needed"),
    [("timm", "timm"), (None, "timm"), ("torchvision.ops", "torchvision")],
)
def test_what_is_missing_for_a_library_is_named(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    lacking: str | None,
    needed: str,
) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError(f"No module named {lacking!r}", name=lacking)

    monkeypatch.setattr(libraries, "import_module", missing)
    assert refused(capsys, "timm:resnet50") == (
        f"timm:resnet50 needs {needed}, which is not installed: pip install {needed}."
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
    said = refused(capsys, "pair.py:Pair", "--input", "gone.npz")
    assert said == "--input gone.npz: No such file or directory."
    np.savez(here / "odd.npz", strange=np.array(IDS))
    assert "Unknown input of pair.py:Pair 'strange'" in refused(
        capsys, "pair.py:Pair", "--input", "odd.npz"
    )
