"""Weights beside the code of a model: checkpoints that fit or not, and the zeros of pruned ones."""

from __future__ import annotations

import io
import sys
from functools import partial
from pathlib import Path

import pytest
import torch
from command_line import run
from safetensors.torch import save, save_file, save_model
from torch import nn
from torch.nn.utils import prune

import cnnref

NETWORK = """
from torch import nn


class Net(nn.Sequential):
    def __init__(self, width=8):
        conv = nn.Conv2d(3, width, 3)
        super().__init__(conv, nn.ReLU(), nn.Flatten(), nn.Linear(width * 36, 10))
"""
TRACE = ("trace", "net.py:Net", "--input", "3,8,8")


def network(width: int = 8) -> nn.Sequential:
    conv, head = nn.Conv2d(3, width, 3), nn.Linear(width * 36, 10)
    return nn.Sequential(conv, nn.ReLU(), nn.Flatten(), head)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").write_text(NETWORK, encoding="utf-8")
    return tmp_path


def wrapped(weights: dict[str, torch.Tensor]) -> dict[str, object]:
    """As a trainer on several cards saves them."""
    return {"state_dict": {f"module.{key}": one for key, one in weights.items()}, "epoch": 3}


@pytest.mark.parametrize(
    ("path", "save"),
    [
        ("net.pt", torch.save),
        ("net.pt", lambda weights, path: torch.save(wrapped(weights), path)),
        ("old.ckpt", partial(torch.save, _use_new_zipfile_serialization=False)),
        ("net.safetensors", save_file),
        ("NET.SAFETENSORS", save_file),
    ],
)
def test_a_checkpoint_that_fits_is_loaded_and_nothing_is_said(capsys, here, path, save):
    made = network()
    with torch.no_grad():
        made[0].weight[:2] = 0
    save(made.state_dict(), path)
    text = f"{cnnref.trace(made, (3, 8, 8))}\n".replace("Sequential", "Net")
    assert run(capsys, *TRACE, "--checkpoint", path) == (0, text, "")
    shown = ("--columns", "layer,sparsity,nonzero_macs", "--format", "csv")
    assert run(capsys, *TRACE, "--checkpoint", path, *shown) == (
        0,
        "Layer,zeros %,nonzero MACs\n0,25.0,5832\n1,,0\n2.flatten,,0\n3,0.0,2880\n",
        "",
    )


def test_a_checkpoint_is_where_forward_looks(capsys, here):
    (here / "looks.py").write_text(
        "import torch\nfrom torch import nn\n\n\nclass Looks(nn.Module):\n"
        "    def __init__(self):\n        super().__init__()\n"
        "        self.deep = nn.Parameter(torch.zeros(1))\n\n"
        "    def forward(self, x):\n"
        "        return torch.relu(x) if self.deep > 0 else torch.sigmoid(x)\n",
        encoding="utf-8",
    )
    torch.save({"deep": torch.ones(1)}, "deep.pt")
    words = ("trace", "looks.py:Looks", "--input", "4", "--columns", "layer", "--format", "csv")
    for given, row in (((), "sigmoid"), (("--checkpoint", "deep.pt"), "relu")):
        for values in ("auto", "always"):
            code, out, _ = run(capsys, *words, *given, "--values", values)
            assert (code, out.split()[-1]) == (0, row)


@pytest.mark.parametrize(("path", "save"), [("odd.pt", torch.save), ("odd.safetensors", save_file)])
def test_what_differs_is_said_by_name_and_the_table_is_there(capsys, here, path, save):
    weights = network(4).state_dict() | {"more": torch.ones(2)}
    del weights["3.bias"]
    save(weights, path)
    code, out, err = run(capsys, *TRACE, "--checkpoint", path)
    assert code == 1
    assert out == f"{cnnref.trace(network(), (3, 8, 8))}\n".replace("Sequential", "Net")
    assert err.splitlines() == [
        f"cnnref: net.py:Net has what {path} lacks: 3.bias.",
        f"cnnref: net.py:Net lacks what {path} has: more.",
        f"cnnref: net.py:Net and {path} differ in shape: 0.weight (8 x 3 x 3 x 3, there 4 x 3 x 3 "
        "x 3), 0.bias (8, there 4), 3.weight (10 x 288, there 10 x 144).",
    ]


def test_a_weight_of_two_names_is_there_under_one(capsys, here):
    made = nn.Sequential(nn.Linear(8, 8, bias=False), nn.Linear(8, 8, bias=False))
    made[1].weight = made[0].weight
    with torch.no_grad():
        made[0].weight[:2] = 0
    (here / "tied.py").write_text(
        "from torch import nn\n\nNET = nn.Sequential(*(nn.Linear(8, 8, False) for _ in range(2)))\n"
        "NET[1].weight = NET[0].weight\n",
        encoding="utf-8",
    )
    shown = ("--columns", "layer,sparsity", "--format", "csv")
    tied = ("trace", "tied.py:NET", "--input", "8", *shown)
    save_model(made, "tied.safetensors")
    expected = "Layer,zeros %\n0,25.0\n1,25.0\n"
    assert run(capsys, *tied, "--checkpoint", "tied.safetensors") == (0, expected, "")
    torch.save({"more": torch.ones(1)}, "more.pt")
    assert (
        "has what more.pt lacks: 0.weight, 1.weight."
        in run(capsys, *tied, "--checkpoint", "more.pt")[2]
    )


def test_of_many_names_three_are_said(capsys, here):
    torch.save({f"layer{number}.weight": torch.ones(1) for number in range(5)}, "other.pt")
    err = run(capsys, *TRACE, "--checkpoint", "other.pt", "--quiet")[2]
    assert "lacks what other.pt has: layer0.weight, layer1.weight, layer2.weight and 2 more." in err


@pytest.mark.parametrize(
    ("held", "why"),
    [
        (
            network,
            "holds something else than weights, which is not read, since that may run code: save "
            "module.state_dict() alone.",
        ),
        (lambda: [1], "holds no weights by name, as module.state_dict() gives them."),
        (dict, "holds no weights by name, as module.state_dict() gives them."),
        (None, "No such file or directory."),
    ],
)
def test_what_is_no_checkpoint_is_refused(capsys, here, held, why):
    if held:
        torch.save(held(), "net.pt")
    code, out, err = run(capsys, *TRACE, "--checkpoint", "net.pt")
    assert (code, out) == (2, "")
    assert err.startswith("cnnref: --checkpoint net.pt")
    assert err.endswith(f"{why}\n")


WHOLE = save(network().state_dict())
SAVED = io.BytesIO()
torch.save(network().state_dict(), SAVED)
# an array of more numbers than any memory holds, of which no byte is there
VAST = b'{"a":{"dtype":"F32","shape":[1000000000000],"data_offsets":[0,4000000000000]}}'
UNREADABLE = {
    "cut.safetensors": WHOLE[:-100],
    "short.safetensors": WHOLE[:4],
    "none.safetensors": b"",
    "noise.safetensors": b"\xff" * 1000,
    "header.safetensors": (10**12).to_bytes(8, "little") + WHOLE[8:],
    "vast.safetensors": len(VAST).to_bytes(8, "little") + VAST,
    "pointer.safetensors": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
    "torch.safetensors": SAVED.getvalue(),
    "cut.pt": SAVED.getvalue()[:1000],
    "none.pt": b"",
    "words.pt": b"hello world",
    "safe.pt": WHOLE,
    "keras.h5": b"\x89HDF\r\n\x1a\n" + b"0" * 100,
    "index.json": b'{"weight_map": {}}',
    "other.bin": b"0" * 100,
}


@pytest.mark.parametrize("path", UNREADABLE)
def test_a_damaged_checkpoint_or_one_of_another_format_is_refused(capsys, here, path):
    (here / path).write_bytes(UNREADABLE[path])
    assert run(capsys, *TRACE, "--checkpoint", path) == (
        2,
        "",
        f"cnnref: --checkpoint {path} is damaged, or no file of torch.save or safetensors, which "
        "weights are read from.\n",
    )


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("folder", "--checkpoint folder: Is a directory."),
        ("none.safetensors", "--checkpoint none.safetensors: No such file or directory."),
    ],
)
def test_what_is_no_file_is_refused(capsys, here, path, why):
    (here / "folder").mkdir()
    assert run(capsys, *TRACE, "--checkpoint", path) == (2, "", f"cnnref: {why}\n")


def test_safetensors_is_asked_for_where_it_is_missing(capsys, here, monkeypatch):
    save_file(network().state_dict(), "net.safetensors")
    for name in ("safetensors", "safetensors.torch"):
        monkeypatch.setitem(sys.modules, name, None)
    assert run(capsys, *TRACE, "--checkpoint", "net.safetensors") == (
        2,
        "",
        "cnnref: net.safetensors needs safetensors, which is not installed: pip install "
        "safetensors.\n",
    )


def pruned() -> nn.Sequential:
    torch.manual_seed(0)
    made = nn.Sequential(
        nn.Conv2d(3, 8, 3, bias=False), nn.BatchNorm2d(8), nn.Conv2d(8, 8, 3, groups=2),
        nn.Flatten(), nn.Linear(128, 10),
    )  # fmt: skip
    for place, share in ((0, 0.25), (2, 0.5), (4, 0.75)):
        prune.random_unstructured(made[place], "weight", share)
    return made


def macs_without_zeros(module: nn.Sequential) -> int:
    """The multiplies of the layers, one for each weight that is not zero at each position."""
    positions = {0: 36, 2: 16, 4: 1}
    return sum(int(module[place].weight.count_nonzero()) * n for place, n in positions.items())


def test_zeros_of_pruned_weights_are_counted_and_the_macs_that_are_left():
    made = pruned()
    for place in (0, 2, 4):
        prune.remove(made[place], "weight")
    before = [weight.clone() for weight in made.parameters()]
    table = cnnref.trace(made, (3, 8, 8), sparsity=True)
    found = table.to_frame(columns="layer,sparsity,nonzero_macs")
    assert found["zeros %"].tolist()[0::2] == [25.0, 50.0, 75.0]
    assert found["nonzero MACs"].sum() == macs_without_zeros(made)
    assert table.ran.by == "shapes"
    assert table.group("op").to_frame(columns="nonzero_macs")["nonzero MACs"].sum() == (
        macs_without_zeros(made)
    )
    # what is asked besides changes no row
    assert table == cnnref.trace(made, (3, 8, 8))
    assert all(map(torch.equal, before, made.parameters()))
    assert cnnref.Table.from_json(table.to_json()).to_csv(columns="sparsity") == table.to_csv(
        columns="sparsity"
    )


def test_weights_under_a_mask_have_zeros_where_the_module_runs():
    made, columns = pruned(), "layer,sparsity,nonzero_macs"
    x = torch.rand(1, 3, 8, 8)
    by_shapes = cnnref.trace(made, inputs=x, sparsity=True)
    assert ">" not in by_shapes.to_text(columns=columns)
    assert "Zeros are not known of 0, 2, 4: a trace counts" in by_shapes.to_text(columns=columns)
    ran = cnnref.trace(made, inputs=x, sparsity=True, values="always")
    assert ran.to_frame(columns=columns)["nonzero MACs"].sum() == macs_without_zeros(made)
    assert ran.ran.by == "inputs"
    assert not ran.ran.asked


def test_where_nobody_looked_nothing_is_claimed():
    table = cnnref.trace(network(), (3, 8, 8))
    assert table.to_csv(columns="layer,sparsity,nonzero_macs").splitlines()[1] == "0,,"
    text = table.to_text(columns="layer,macs,nonzero_macs")
    assert "Zeros are not known of 0, 3: a trace counts them with sparsity" in text
    assert "Total      10,656\n" in text
    assert "Zeros are" not in table.to_text(columns="layer,macs")


def test_products_of_maps_have_no_weights_to_leave_out():
    class Products(nn.Module):
        def forward(self, x):
            return x @ x.mT

    table = cnnref.trace(Products(), (4, 8), sparsity=True)
    assert table.to_frame(columns="nonzero_macs")["nonzero MACs"].sum() == table.macs == 128
