"""`cnnref measure`: what it prints in each format, and what it refuses."""

import csv
import json
import re
import sys
from io import StringIO

import pytest
import torch
from command_line import run
from measured_samples import BEST, measurement

import cnnref
from cnnref.cli.show import phase
from cnnref.measuring.record import Quartiles

SMALL = ("measure", "resnet20_cifar", "--device", "cpu", "--seconds", "0.1")

MODULES = '''
"""Modules to measure."""
import torch
from measured_samples import measurement
from torch import nn

print("said while it was imported")


class Pair(nn.Module):
    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(10, 4)
        self.head = nn.Linear(4, 2)

    def forward(self, ids, scale):
        return self.head(self.words(ids)) * scale


def broken():
    return nn.Sequential(nn.Linear(4, 4), nn.Linear(5, 2))


def text():
    return "no module"


def table():
    import cnnref
    return cnnref.table("alexnet")
'''


@pytest.fixture
def own_models(tmp_path, monkeypatch):
    (tmp_path / "own_measured.py").write_text(MODULES, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    # another test may have imported it, and then it says nothing
    monkeypatch.delitem(sys.modules, "own_measured", raising=False)


def test_time_throughput_and_memory_are_printed_with_the_machine(capsys):
    code, out, _ = run(capsys, *SMALL)
    assert code == 0
    first, *rest = out.splitlines()
    assert first == "resnet20_cifar, input 3 x 32 x 32, inference, batch 1, float32"
    words = re.findall(r"^  (\w+)", out, re.MULTILINE)
    # a busy machine adds a line that says so
    assert [word for word in words if word != "but"] == [
        "on", "time", "throughput", "achieved", "held", "peak",
    ]  # fmt: skip
    assert re.search(r" on .*, torch \d\S+ time ", " ".join(out.split()))
    assert max(map(len, rest)) <= 80


def test_a_noisy_time_is_doubted_on_stderr_in_front_of_a_program(capsys, monkeypatch):
    found = measurement(layers=(), time=Quartiles(0.01, 0.02, 0.03, 9))
    monkeypatch.setattr("cnnref.cli.measured._measured", lambda *_: found)
    code, out, err = run(capsys, *SMALL, "--format", "json")
    assert (code, out) == (0, found.to_json())
    assert err == f"cnnref: resnet20_cifar: {found.doubt}.\n"


def test_json_is_all_that_is_known_and_nothing_else(capsys):
    code, out, _ = run(
        capsys, *SMALL, "--batch-size", "2", "--mode", "training", "--format", "json"
    )
    assert code == 0
    found = json.loads(out)
    assert (found["batch_size"], found["mode"], found["machine"]["device"]) == (
        2,
        "training",
        "cpu",
    )
    assert found["macs"] == cnnref.table("resnet20_cifar").macs
    assert found["time"]["lower"] <= found["time"]["median"] <= found["time"]["upper"]
    assert found["layers"] == []


@pytest.mark.slow
def test_layers_stand_beside_what_the_ceilings_allow(capsys):
    code, out, _ = run(capsys, *SMALL, "--layers", "--columns", "layer,macs,bound")
    assert code == 0
    assert out.startswith("resnet20_cifar, input 3 x 32 x 32, ")
    assert "conv1" in out
    assert "arithmetic" in out


@pytest.mark.slow
def test_a_machine_format_has_the_rows_of_the_layers_alone(capsys):
    code, out, _ = run(capsys, *SMALL, "--format", "csv", "--columns", "layer,macs,measured_ms")
    assert code == 0
    rows = list(csv.DictReader(StringIO(out)))
    table = cnnref.table("resnet20_cifar")
    macs = {row["Layer"]: row["MACs"] for row in rows if row["Layer"] in ("conv1", "fc")}
    assert macs == {name: str(table[name].macs) for name in ("conv1", "fc")}
    assert all(float(row["ms"]) >= 0 for row in rows)


def test_output_goes_to_a_file(capsys, tmp_path):
    path = tmp_path / "times.json"
    code, out, _ = run(capsys, *SMALL, "--output", str(path))
    assert (code, out) == (0, "")
    assert json.loads(path.read_text(encoding="utf-8"))["network"] == "resnet20_cifar"


def test_the_image_may_have_another_size(capsys):
    _, out, _ = run(capsys, *SMALL, "--input-size", "40x48")
    assert out.startswith("resnet20_cifar, input 3 x 40 x 48, ")


def test_a_module_of_ones_own_with_named_inputs(capsys, own_models):
    inputs = ("--input", "ids=5:int64", "--input", "scale=5,2")
    line = ("measure", "own_measured:Pair", "--seconds", "0.1", "--format", "json", *inputs)
    code, out, err = run(capsys, *line)
    assert code == 0
    assert "said while it was imported" in err
    assert json.loads(out)["macs"] == 5 * 4 * 2


@pytest.fixture
def asked(monkeypatch):
    """What is to be measured and how, in place of a measurement of it."""
    found = []

    def measure(what, **how):
        found.append((what, how))
        return measurement()

    monkeypatch.setattr(cnnref, "measure", measure)
    return found


USUAL = {
    "device": "auto", "dtype": "float32", "channels_last": None, "mode": "inference",
    "compile": None, "tf32": None, "threads": None, "layers": None, "progress": phase,
}  # fmt: skip


@pytest.mark.parametrize(
    ("line", "how"),
    [
        ("", {"batch_size": 1}),
        ("--input-size 40", {"batch_size": 1, "input_shape": (3, 40, 40)}),
        ("--input-size 40x48", {"batch_size": 1, "input_shape": (3, 40, 48)}),
        ("--layers --batch-size 3", {"batch_size": 3, "layers": True}),
        ("--format json", {"batch_size": 1, "layers": False}),
        ("--format csv", {"batch_size": 1, "layers": True}),
        (
            "--device cpu --dtype float16 --channels-last --mode training --compile --tf32 "
            "--threads 2 --seconds 0.5",
            {
                "batch_size": 1, "device": "cpu", "dtype": "float16", "channels_last": True,
                "mode": "training", "compile": True, "tf32": True, "threads": 2, "seconds": 0.5,
            },
        ),
    ],
)  # fmt: skip
def test_a_network_is_measured_as_the_options_say(capsys, asked, monkeypatch, line, how):
    monkeypatch.setattr(cnnref, "ceilings", lambda *_, **__: BEST)
    assert run(capsys, "measure", "vgg11", *line.split())[0] == 0
    ((what, found),) = asked
    assert (what, found | {"layers": found["layers"] or None}) == (
        "vgg11", USUAL | how | {"layers": how.get("layers") or None}
    )  # fmt: skip


@pytest.mark.parametrize(
    ("line", "shapes"),
    [
        ("own_measured:Pair --input ids=5:int64 --input scale=2", {"ids": (1, 5), "scale": (1, 2)}),
        ("own_measured:Pair --input 5:int64 --input 5,2 --batch-size 3", [(3, 5), (3, 5, 2)]),
        ("own_measured:Pair --input given.npz", {"ids": (2, 5), "scale": (2, 1)}),
        ("own_measured:Pair --input ids=ids.npy --input scale=1", {"ids": (2, 5), "scale": (1, 1)}),
        ("torch.nn:Identity --input 4,5 --batch-size 3", None),
    ],
)  # fmt: skip
def test_inputs_are_drawn_for_a_batch_or_come_of_a_file(capsys, own_models, asked, line, shapes):
    numpy = pytest.importorskip("numpy")
    ids = numpy.ones((2, 5), dtype=numpy.int64)
    numpy.save("ids.npy", ids)
    numpy.savez("given.npz", ids=ids, scale=numpy.ones((2, 1), dtype=numpy.float32))
    code, _, err = run(capsys, "measure", *line.split())
    assert code == 0, err
    ((what, how),) = asked
    assert isinstance(what, torch.nn.Module)
    if shapes is None:
        assert (how["input_shape"], how["batch_size"]) == ((4, 5), 3)
        return
    given = how["inputs"]
    named = isinstance(given, dict)
    found = {name: tuple(one.shape) for name, one in given.items()} if named else (
        [tuple(one.shape) for one in given]
    )  # fmt: skip
    assert found == shapes
    ids, scale = given.values() if named else given
    assert (ids.dtype, scale.dtype) == (torch.int64, torch.float32)


def test_the_ceilings_are_of_the_device_and_the_numbers_that_were_measured(capsys, monkeypatch):
    asked, found = [], measurement(tf32=True, dtype="float32")
    best = BEST._replace(tf32=True)
    monkeypatch.setattr("cnnref.cli.measured._measured", lambda *_: found)
    monkeypatch.setattr(cnnref, "ceilings", lambda *told, **how: asked.append((told, how)) or best)
    code, out, err = run(capsys, *SMALL, "--layers", "--columns", "layer,bound")
    roof = cnnref.roofline(found, best)
    assert (code, out) == (0, f"{found}\n\n{roof.to_text(columns='layer,bound')}\n")
    assert err == "cnnref: measuring the ceilings of this machine\n"
    assert asked == [(("cpu", "float32"), {"tf32": True, "threads": 1})]
    assert run(capsys, *SMALL, "--format", "csv")[1] == roof.to_csv()


def test_layers_that_have_no_times_are_refused(capsys, monkeypatch):
    monkeypatch.setattr("cnnref.cli.measured._measured", lambda *_: measurement(layers=()))
    assert run(capsys, *SMALL, "--layers") == (
        2,
        "",
        "cnnref: resnet20_cifar calls other functions than its trace shows, so its layers have no "
        "times; drop --layers, and print text or JSON.\n",
    )


@pytest.mark.parametrize("seed", [1, 2])
def test_random_numbers_go_on_as_if_nothing_had_run(capsys, seed):
    torch.manual_seed(seed)
    expected = torch.rand(3)
    torch.manual_seed(seed)
    run(capsys, *SMALL)
    assert torch.equal(torch.rand(3), expected)


BAD = {
    "resnet20_cifar --seconds 0": "--seconds must be a positive number, but is '0'.",
    "resnet20_cifar --seconds inf": "--seconds must be a positive number, but is 'inf'.",
    "resnet20_cifar --seconds soon": "--seconds must be a positive number, but is 'soon'.",
    "resnet20_cifar --mode train": "Unknown mode 'train': did you mean training?",
    "resnet20_cifar --threads 0": "--threads must be a positive whole number, but is '0'.",
    "resnet20_cifar --batch-size 0": "--batch-size must be a positive whole number, but is '0'.",
    "resnet20_cifar --dtype flot16": "Unknown dtype 'flot16': did you mean float16 or bfloat16?",
    "resnet20_cifar --input 3,32,32": "--input is for a callable; for resnet20_cifar give "
    "--input-size.",
    "resnet20_cifar --arg width=2": "--arg is for a callable; resnet20_cifar is measured as it is "
    "catalogued.",
    "resnet20_cifr": "Unknown network 'resnet20_cifr': did you mean resnet20_cifar or "
    "resnet1202_cifar or resnet32_cifar? A model of your own is package.module:callable or "
    "path/to/file.py:callable.",
    "resnet20_cifar --layers --columns macz": "Unknown column of layer times 'macz': did you mean "
    "macs?",
    "resnet20_cifar --layers --mode training": "Layers have times of their own in an inference "
    "that is not compiled; drop --layers, and print text or JSON.",
    "resnet20_cifar --format csv --compile": "Layers have times of their own in an inference "
    "that is not compiled; drop --layers, and print text or JSON.",
    "own_measured:Pair": "own_measured:Pair takes the inputs ids and scale, but scale is missing: "
    "give --input ids=SIZES --input scale=SIZES.",
    "own_measured:text --input 4": "own_measured:text gave a str, not a torch.nn.Module, a "
    "Net or a Table.",
    "own_measured:table --input 4": "own_measured:table gives a Table, which is counted and "
    "cannot run.",
}


@pytest.mark.parametrize("line", BAD)
def test_bad_input_is_one_line_and_code_2(capsys, own_models, line):
    code, out, err = run(capsys, "measure", *line.split())
    assert (code, out) == (2, "")
    said = [one for one in err.splitlines() if one != "said while it was imported"]
    assert said == [f"cnnref: {BAD[line]}"]


def test_a_device_that_is_not_there_is_named(capsys, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    code, out, err = run(capsys, "measure", "alexnet", "--device", "cuda")
    assert (code, out) == (2, "")
    assert err.startswith("cnnref: measure: the device 'cuda' is not there for torch ")


def test_an_error_of_the_module_is_shown_with_its_layer(capsys, own_models):
    code, out, err = run(capsys, "measure", "own_measured:broken", "--input", "4")
    assert (code, out) == (2, "")
    theirs, ours = err.splitlines()[-2:]
    assert theirs.startswith("RuntimeError: ")
    assert "own_measured:broken failed with the RuntimeError above while measuring it" in ours
    assert "1 (Linear" in ours
