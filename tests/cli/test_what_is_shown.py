"""How a table is arranged, and what stands beside it: verdicts, progress, what is not sure."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from command_line import run
from printed_tables import uncounted

import cnnref
from cnnref.cli.show import phase, progress

MODULES = """
import torch
from torch import nn
from unknown_operator import mystery


class Strange(nn.Module):
    def forward(self, x):
        return mystery(mystery(x))


class Solves(nn.Module):
    def forward(self, x):
        return torch.linalg.lu_factor(x)[0]


class Picks(nn.Module):
    def forward(self, x):
        return x[x > 0] * 2


def chain(width=1, depth=2):
    wide = [nn.Linear(width, width) for _ in range(depth)]
    return nn.Sequential(nn.Linear(4, width), *wide)


number = 7
"""
RAN = {"by": "made-up inputs", "asked": "nonzero in head", "row": 1, "backward": None}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "told", raising=False)
    (tmp_path / "told.py").write_text(MODULES, encoding="utf-8")
    (tmp_path / "strange.json").write_text(uncounted().to_json(), encoding="utf-8")
    made_up = json.loads(uncounted().to_json()) | {"name": "made_up", "ran": RAN}
    (tmp_path / "made_up.json").write_text(json.dumps(made_up), encoding="utf-8")
    return tmp_path


# ---- views ----

RESNET = cnnref.table("resnet50")
VIEWS: dict[str, Callable[[], Any]] = {
    "--sort macs": lambda: RESNET.sorted("macs"),
    "--top 5": lambda: RESNET.top(5),
    "--top 5 --sort parameters": lambda: RESNET.top(5, "parameters"),
    "--group stage": lambda: RESNET.group("stage"),
    "--depth 2 --top 3": lambda: RESNET.group(depth=2).top(3),
    "--group op --sort activations": lambda: RESNET.group("op").sorted("activations"),
    "--collapse": lambda: RESNET.collapse(),
    "--no-free": lambda: RESNET.without_free(),
    "--no-free --collapse": lambda: RESNET.without_free().collapse(),
    "--no-free --top 3": lambda: RESNET.without_free().top(3),
    "--by-convention thop,macs": lambda: RESNET.by_convention("thop,macs"),
    "--by-convention all --no-free": lambda: RESNET.without_free().by_convention(None),
}


@pytest.mark.parametrize("options", VIEWS)
@pytest.mark.parametrize("name", ["text", "csv", "json", "markdown"])
def test_views_are_those_of_the_table(capsys: Any, options: str, name: str) -> None:
    code, out, err = run(capsys, "table", "resnet50", "--format", name, *options.split())
    expected = getattr(VIEWS[options](), f"to_{name}")("macs")
    assert (code, out, err) == (0, expected.rstrip("\n") + "\n", "")


@pytest.mark.parametrize(
    ("options", "how"),
    [
        ("", {}),
        ("--dtype float16", {"dtype": "float16"}),
        ("--batch-size 8", {"batch_size": 8}),
        ("--dtype float16 --batch-size 8 --group stage", {"dtype": "float16", "batch_size": 8}),
    ],
)
def test_bytes_are_of_one_image_and_of_float32_unless_told(
    capsys: Any, options: str, how: dict[str, Any]
) -> None:
    keys = "+bytes,intensity"
    table = RESNET.group("stage") if "--group" in options else RESNET
    code, out, err = run(capsys, "table", "resnet50", "--columns", keys, *options.split())
    assert (code, out, err) == (0, f"{table.to_text('macs', keys, **how)}\n", "")
    at_once = how.get("batch_size", 1)
    size = 2 if "dtype" in how else 4
    peak = size * at_once * RESNET.peak_activation_bytes(1)
    words = ("table", "resnet50", *options.partition(" --group")[0].split(), "--quiet")
    for limit, code in ((peak, 0), (peak - 1, 1)):
        assert run(capsys, *words, "--max-peak", f"{limit}B")[0] == code


@pytest.mark.parametrize(
    ("options", "one", "other"),
    [
        ("--collapse --sort macs", "collapse", "sort"),
        ("--collapse --top 3 --sort macs", "collapse", "sort"),
        ("--collapse --depth 1", "depth", "collapse"),
        ("--collapse --depth 1 --group op --top 3", "group", "depth"),
        ("--group op --depth 1 --top 3", "group", "depth"),
        ("--by-convention all --columns macs", "by-convention", "columns"),
        ("--by-convention all --columns macs --top 3", "by-convention", "top"),
        ("--by-convention all --sort macs --group op", "by-convention", "group"),
        ("--by-convention all --collapse", "by-convention", "collapse"),
    ],
)
def test_views_that_exclude_each_other_are_named(
    capsys: Any, options: str, one: str, other: str
) -> None:
    said = f"cnnref: --{one} and --{other} exclude each other: give one of them.\n"
    assert run(capsys, "table", "vgg11", *options.split()) == (2, "", said)


SWEEPS: dict[str, Callable[[], Any]] = {
    "--input-size 64,96": lambda: cnnref.sweep("vgg11", input_size=[64, 96]),
    "--input-size 64,64x96": lambda: cnnref.sweep("vgg11", input_size=[64, (64, 96)]),
    "--batch-size 1,8": lambda: cnnref.sweep("vgg11", batch_size=[1, 8]),
    "--vary num_classes=10,100 --batch-size 2": lambda: cnnref.sweep(
        "vgg11", num_classes=[10, 100], batch_size=[2]
    ),
    "--arg num_classes=5 --batch-size 2,3": lambda: cnnref.sweep(
        "vgg11", num_classes=5, batch_size=[2, 3]
    ),
}


@pytest.mark.parametrize("options", SWEEPS)
def test_a_sweep_is_what_the_function_gives(capsys: Any, options: str) -> None:
    words = ("sweep", "vgg11", *options.split())
    expected = SWEEPS[options]()
    assert run(capsys, *words) == (0, f"{expected.to_text()}\n", "")
    more = ("--columns", "+intensity", "--dtype", "float16", "--format", "csv")
    expected_more = expected.to_csv(columns="+intensity", dtype="float16")
    assert run(capsys, *words, *more) == (0, expected_more, "")


def test_a_callable_is_swept_with_its_arguments(capsys: Any, here: Path) -> None:
    words = ("sweep", "told.py:chain", "--input", "4", "--format", "csv")
    found = run(capsys, *words, "--arg", "depth=1", "--vary", "width=2,3")
    # weights and biases of both layers; the input beside what the first makes of it
    expected = "2,16,12,24,16\n3,27,21,28,24\n"
    assert found[:2] == (0, f"width,parameters,MACs,peak bytes,training bytes\n{expected}")
    found = run(capsys, *words, "--vary", "width=2", "--vary", "depth=0,1")
    assert [line.split(",")[:4] for line in found[1].splitlines()[1:]] == [
        ["2", "0", "10", "8"], ["2", "1", "16", "12"]
    ]  # fmt: skip
    assert run(capsys, "sweep", "told.py:number", "--batch-size", "1,2") == (
        2, "", "cnnref: told.py:number is an int, not a network or what builds one.\n"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("options", "how", "columns"),
    [
        ("", {}, None),
        ("--mode training --columns +backward_macs", {"mode": "training"}, "+backward_macs"),
        ("--columns layer,sparsity", {"sparsity": True}, "layer,sparsity"),
        ("--columns +nonzero_macs", {"sparsity": True}, "+nonzero_macs"),
        ("--sort nonzero_macs", {"sparsity": True}, None),
    ],
)
def test_a_trace_is_what_the_function_gives(
    capsys: Any, options: str, how: dict[str, Any], columns: str | None
) -> None:
    nn = pytest.importorskip("torch").nn
    given = [f"--arg={name}" for name in ("in_channels=3", "out_channels=8", "kernel_size=3")]
    words = ("trace", "torch.nn:Conv2d", *given, "--input", "3,8,8", *options.split())
    table = cnnref.trace(nn.Conv2d(3, 8, 3), (3, 8, 8), **how)
    found = table.sorted("nonzero_macs") if "--sort" in options else table
    assert run(capsys, *words) == (0, f"{found.to_text('macs', columns)}\n", "")


# ---- what is not sure ----

PICKED = (
    "cnnref: Picks was run once on made-up inputs, as forward asks for values (nonzero in the "
    "module itself (Picks)): rows from index on may depend on them.\n"
)
LACKING = "cnnref: no rule counts mystery (row mystery and 1 more); the totals are incomplete.\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("trace told.py:Strange", LACKING),
        ("sweep told.py:Strange --batch-size 1,2", LACKING),
        ("trace told.py:Picks", PICKED),
        ("sweep told.py:Picks --batch-size 1,2", PICKED),
        (
            "trace told.py:Solves",
            "cnnref: lu (row lu) has an estimate; --convention estimates counts it.\n",
        ),
        ("sweep told.py:Solves --batch-size 1,2", ""),
    ],
)
def test_what_a_table_does_not_hold_is_said_once(
    capsys: Any, here: Path, words: str, said: str
) -> None:
    code, out, err = run(capsys, *words.split(), "--input", "4,4", "--format", "csv")
    assert (code, err) == (0, said)
    assert len(out.splitlines()) > 1


ASKS = (
    "cnnref: the module itself (Picks) asks for the value of a feature map or a weight (nonzero), "
    'which shapes do not tell: values="auto" runs it once; cnnref.trace was in the module itself '
    "(Picks, which got 4 x 4)."
)
STOPPED = "cnnref: no rule counts stopped (row stopped); the totals are incomplete."


def test_what_is_refused_in_a_layer_is_told_with_it_and_with_the_rows_until_then(
    capsys: Any, here: Path
) -> None:
    words = ("told.py:Picks", "--input", "4,4", "--values", "never")
    said = f"{ASKS} --partial shows the 1 row until then.\n"
    assert run(capsys, "trace", *words) == (2, "", said)
    code, out, err = run(capsys, "trace", *words, "--partial", "--format", "csv")
    assert (code, err) == (0, f"{ASKS}\n{STOPPED}\n")
    assert [line.split(",")[0] for line in out.splitlines()] == ["Layer", "gt", "stopped"]
    assert run(capsys, "sweep", *words, "--batch-size", "1,2") == (2, "", f"{ASKS}\n")


AT_LEAST = "macs: at least 7 MACs of 9 MACs (77.8%)"
EXCEEDED = (
    "macs: at least 7 MACs exceed the budget of 6 MACs by 1 MACs (16.7%); most in conv (100.0%)"
)
UNKNOWN = (
    "may cost more than is counted: no rule counts swoosh in gate; --allow-uncounted takes them as "
    "free"
)
DEPENDS = (
    "made_up was run once on made-up inputs, as forward asks for values (nonzero in head): rows "
    "from gate on may depend on them; --values always takes them"
)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("strange --max-macs 9", [AT_LEAST, UNKNOWN]),
        ("strange --max-macs 9 --quiet", [UNKNOWN]),
        ("strange --max-macs 9 --allow-uncounted", [AT_LEAST]),
        ("strange --max-macs 9 --allow-uncounted --quiet", []),
        ("strange --max-macs 6 --allow-uncounted --quiet", [EXCEEDED]),
        ("made_up --max-macs 6", [EXCEEDED, UNKNOWN, DEPENDS]),
        ("made_up --max-macs 9 --allow-uncounted", [AT_LEAST, DEPENDS]),
        ("made_up --max-macs 9 --allow-uncounted --values always", [AT_LEAST]),
        ("strange --baseline made_up.json", [UNKNOWN]),
        ("strange --baseline made_up.json --allow-uncounted", []),
        ("strange", []),
    ],
)
def test_a_budget_is_not_kept_by_what_nobody_counted_or_knows(
    capsys: Any, here: Path, words: str, said: list[str]
) -> None:
    name, *options = words.split()
    code, out, err = run(capsys, "table", f"{name}.json", *options)
    assert err.splitlines() == [f"cnnref: {name}: {line}" for line in said]
    assert code == int(any(line != AT_LEAST for line in said))
    assert bool(out) == ("--quiet" not in options)


def test_a_quiet_command_still_writes_its_file(capsys: Any, here: Path) -> None:
    assert run(capsys, "table", "vgg11", "--quiet", "--output", "vgg11.csv") == (0, "", "")
    assert (here / "vgg11.csv").read_text("utf-8") == cnnref.table("vgg11").to_csv("macs")


# ---- progress ----


@pytest.mark.parametrize(
    ("terminal", "said"),
    [(True, "\r\x1b[K[1/2] vgg11\r\x1b[Ktiming\r\x1b[K"), (False, "cnnref: timing\n")],
)
def test_what_takes_long_is_told_and_the_rest_on_a_terminal_alone(
    capsys: Any, monkeypatch: pytest.MonkeyPatch, terminal: bool, said: str
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal, raising=False)
    for tell, text in ((progress, "[1/2] vgg11"), (phase, "timing"), (progress, "")):
        tell(text)
    assert capsys.readouterr() == ("", said)
    monkeypatch.setattr(sys, "stderr", None)
    progress("nobody listens")
    phase("nobody listens")
