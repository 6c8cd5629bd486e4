"""The run over the zoos: what it builds, what it writes down, and that it goes on where it was."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torchvision_models
from torch import nn

from studies.output import to_csv
from studies.zoo import records as zoo_records
from studies.zoo import run as zoo_run
from studies.zoo.models import Case, build, cases
from studies.zoo.records import Book, Record, record

CASES = {case.name: case for case in cases() if case.library == "torchvision"}
RESNET = CASES["resnet18"]


def test_every_model_of_both_libraries_is_a_case() -> None:
    names = {case.name for case in cases() if case.library == "torchvision"}
    assert names == set(torchvision_models.models.list_models())
    assert len({(case.library, case.name) for case in cases()}) == len(cases())
    assert sum(case.library == "timm" for case in cases()) > 1_000


@pytest.mark.parametrize(
    ("name", "shapes", "part"),
    [
        ("regnet_x_400mf", [(3, 224, 224)], ""),  # computes its widths with tensors
        ("lraspp_mobilenet_v3_large", [(3, 520, 520)], ""),
        ("ssdlite320_mobilenet_v3_large", [(3, 320, 320)], "backbone and dense heads"),
        ("raft_small", [(3, 520, 960), (3, 520, 960)], ""),
        ("r3d_18", [(3, 16, 112, 112)], ""),
    ],
)
def test_a_model_is_built_without_memory_for_its_weights(
    name: str, shapes: list[tuple[int, ...]], part: str
) -> None:
    original = nn.Module.register_parameter
    built = build(CASES[name])
    tensors = [*built.module.parameters(), *built.module.buffers(), *built.inputs]
    assert {tensor.device.type for tensor in tensors} == {"meta"}
    assert not any(module.training for module in built.module.modules())
    assert [tuple(image.shape[1:]) for image in built.inputs] == shapes
    assert built.part == part
    assert nn.Module.register_parameter is original
    assert torch.empty(1).device.type == "cpu"


def test_a_record_holds_both_counts() -> None:
    entry = record(RESNET)
    assert entry.agrees
    assert (entry.macs, entry.torch_macs, entry.stated) == (1814073344, 1814073344, "1.814")
    assert entry.parameters == entry.module_parameters == 11689512
    assert entry.input == "3x224x224"
    # one that differs, and one that is not complete, do not agree
    assert not entry._replace(macs=1814073343).agrees
    assert not entry._replace(uncounted="fold:1").agrees


def test_a_module_that_is_given_a_parameter_is_counted_by_torch_too() -> None:
    """Its counter fails where such a parameter wants a gradient and none is recorded."""
    entry = record(Case("timm", "vision_transformer", "test_vit3"))
    assert (entry.error, entry.agrees) == ("", True)


def test_what_fails_is_recorded_with_the_step_that_failed() -> None:
    entry = record(Case("torchvision", "classification", "resnet19"))
    assert entry.error.startswith("building: ValueError: Unknown model resnet19")
    assert not entry.agrees


def test_an_interrupted_run_goes_on_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = tmp_path / "zoo.jsonl"
    names = ["resnet18", "resnet34", "resnet50"]
    ran: list[str] = []

    def one(case: Case) -> Record:
        if len(ran) == 2:
            raise KeyboardInterrupt
        ran.append(case.name)
        return Record(*case, macs=1, torch_macs=1)

    monkeypatch.setattr(zoo_run, "LINES", lines)
    monkeypatch.setattr(zoo_run, "SHOWN", tmp_path / "shown")
    monkeypatch.setattr(zoo_run, "ROOT", tmp_path)
    monkeypatch.setattr(zoo_run, "cases", lambda: tuple(CASES[name] for name in names))
    monkeypatch.setattr(zoo_run, "record", one)
    with pytest.raises(KeyboardInterrupt):
        zoo_run.run()
    lines.write_bytes(lines.read_bytes() + b'{"key": "cut sho')
    monkeypatch.setattr(zoo_run, "record", lambda case: Record(*case, macs=1, torch_macs=2))
    assert zoo_run.run() == 1
    said = capsys.readouterr().out
    assert said.splitlines()[0] == "torchvision:resnet50: 1 MACs, torch 2"
    assert "3 models: 2 equal torch's counter with nothing uncounted, 1 differ, 0 failed" in said
    written = (tmp_path / "shown" / "zoo.csv").read_text(encoding="utf-8").splitlines()
    assert [line.split(",")[2] for line in written] == ["name", *names]
    # nothing is left to do, and nothing is done again
    monkeypatch.setattr(zoo_run, "record", None)
    assert zoo_run.run() == 1


def test_only_and_limit_choose(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []
    monkeypatch.setattr(zoo_run, "LINES", tmp_path / "zoo.jsonl")
    monkeypatch.setattr(
        zoo_run, "record", lambda case: ran.append(case.name) or Record(*case, macs=1, torch_macs=1)
    )
    assert zoo_run.run("torchvision:vgg*", 3) == 0
    assert zoo_run.run("torchvision:vgg*", 2) == 0
    assert ran == ["vgg11", "vgg11_bn", "vgg13", "vgg13_bn", "vgg16"]


def test_records_of_other_code_are_not_taken_for_todays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = Book(tmp_path / "zoo.jsonl")
    book.add(Record(*RESNET, macs=1))
    assert RESNET in Book(tmp_path / "zoo.jsonl")
    monkeypatch.setattr(zoo_records, "key", lambda: "another")
    assert RESNET not in Book(tmp_path / "zoo.jsonl")


def test_a_csv_file_has_a_line_for_each_record() -> None:
    text = to_csv(Record._fields, [Record(*RESNET, error='a "quoted", odd\nerror')])
    assert text.startswith("library,family,name,part,input,rows,")
    assert '"a ""quoted"", odd\nerror"' in text
