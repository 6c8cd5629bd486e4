"""Random command lines, and what a user may count on whatever is typed."""

from __future__ import annotations

import io
import os
import random
import signal
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from cnnref import files
from cnnref.cli.commands import COMMANDS, FORMATS, OPTIONS
from cnnref.cli.main import main
from cnnref.tables.columns import COLUMNS

__all__ = ["folder", "line_fault", "lines"]

# what a line may take, in seconds, before it is taken for one that never ends
PATIENCE = 60
MODULE = """
import torch
from torch import nn
from cnnref.net import Net

ROWS = 5
RULES = {torch.relu: lambda out, *args: 1}

def fine(width=4):
    return nn.Sequential(nn.Conv2d(3, width, 3), nn.BatchNorm2d(width), nn.ReLU())

def spec(size=8):
    net = Net((3, size, size))
    net.relu(net.conv(net.input, 4, 3))
    return net

def shaped():
    return nn.Linear(7, 2)

def raises():
    raise RuntimeError("as\\x1b[2J it is\\n")

def leaves():
    raise SystemExit(5)

class Noisy(nn.Module):
    def forward(self, x):
        print("noise")
        if x.sum() > 0:
            return x
        return x.nonzero()
"""
BROKEN = ("def (", "import nothing_of_this_name", "raise KeyboardInterrupt_", "1 / 0", "\x00", "")
CONVENTION = '[macs]\nbase = "macs"\n'
TEXTS = (
    "", " ", "0", "1", "-1", "3", "224", "8x8", "0x0", "1e9", "9" * 30, "1.5", "nan", "inf", "4k",
    "5G", "200MiB", "3,8,8", "3,8,8:float16", "x=3,8,8", "3,0,8", "8:int64", "a=b", "width=2",
    "width=0", "size=9", "num_classes=2,3", "=", ",", ":", "::", "+", "+field", "-", "--", "é",
    "\x1b[2J", "a\nb", "\u202e", "畳", "\ud800", "%s", "{}", "'", '"', "$(id)", "*", "~", "/", ".",
    "float32", "float99", "torch.float16", "conv1", "cpu", "training", "macs,layer", "layer,layer",
)  # fmt: skip
PLACES = (
    "mine.py", "mine.py:fine", "mine.py:spec", "mine.py:shaped", "mine.py:raises", "mine.py:leaves",
    "mine.py:Noisy", "mine.py:ROWS", "mine.py:RULES", "mine.py:none", "mine:fine", "own.toml",
    "flipped.toml", "binary", "binary:x", "folder", "folder/out.csv", "missing", "missing/x.csv",
    "out.csv", "out.json", "out.html", "link", *(f"broken{n}.py:x" for n in range(len(BROKEN))),
)  # fmt: skip
NETWORKS = ("alexnet", "vgg11", "resnet20_cifar", "alexnett", "AlexNet", "vgg11:vgg11", "list")


@contextmanager
def folder(place: Path, seed: int = 0) -> Iterator[None]:
    """Work in a folder with files of every sort."""
    chance = random.Random(seed)
    files.write(place / "mine.py", MODULE)
    for number, text in enumerate(BROKEN):
        files.write(place / f"broken{number}.py", text)
    files.write(place / "own.toml", CONVENTION)
    flipped = bytearray(CONVENTION.encode())
    flipped[chance.randrange(len(flipped))] ^= 1 << chance.randrange(8)
    files.write(place / "flipped.toml", bytes(flipped))
    files.write(place / "binary", chance.randbytes(2000))
    (place / "folder").mkdir()
    (place / "link").symlink_to("link")
    before = Path.cwd()
    os.chdir(place)
    try:
        yield
    finally:
        os.chdir(before)


def lines() -> st.SearchStrategy[list[str]]:
    """Words of a command line: mostly a command with its own options, at times anything."""
    words = st.one_of(st.sampled_from(TEXTS), st.sampled_from(PLACES), st.sampled_from(NETWORKS),
                      st.text(max_size=12))  # fmt: skip

    def of(name: str) -> st.SearchStrategy[list[str]]:
        command = COMMANDS[name]
        places = [st.one_of(st.sampled_from((*NETWORKS, *PLACES)), words) for _ in command.words]
        options = st.lists(_option(command.options, words), max_size=4)
        return st.tuples(st.tuples(*places), options).map(
            lambda drawn: [name, *drawn[0], *(word for option in drawn[1] for word in option)]
        )

    # measure takes its time by what it does, and a check without a name checks them all
    known = [name for name in COMMANDS if name != "measure"]
    proper = st.sampled_from(known).flatmap(of)
    return st.one_of(proper, proper, proper, st.lists(words, min_size=1, max_size=5)).filter(_short)


def _short(words: list[str]) -> bool:
    return words[:1] != ["measure"] and not (words[:1] == ["check"] and len(words) < 2)


def _option(known: tuple[str, ...], words: st.SearchStrategy[str]) -> st.SearchStrategy[list[str]]:
    def value(name: str) -> st.SearchStrategy[list[str]]:
        if OPTIONS[name].get("action") == "store_true":
            return st.just([name])
        fitting = {"--format": FORMATS, "--columns": tuple(COLUMNS), "--sort": tuple(COLUMNS)}
        likely = st.sampled_from(fitting.get(name, TEXTS))
        return st.one_of(likely, words).map(lambda word: [name, word])

    return st.sampled_from(known or ("--quiet",)).flatmap(value)


def line_fault(words: list[str]) -> str:
    """What a command line did that none may do; nothing where it kept its word."""
    out, err = io.StringIO(), io.StringIO()
    before = {path: path.stat().st_mtime_ns for path in Path().iterdir() if path.is_file()}
    signal.signal(signal.SIGALRM, _impatient)
    signal.alarm(PATIENCE)
    try:
        with redirect_stdout(out), redirect_stderr(err):
            code: Any = main(words)
    except BaseException as error:
        return f"it raised {error!r}"
    finally:
        signal.alarm(0)
    return _broken_word(code, out.getvalue(), err.getvalue(), before)


def _impatient(*_: object) -> None:
    raise TimeoutError(f"no end after {PATIENCE} s")


def _broken_word(code: object, out: str, err: str, before: dict[Path, int]) -> str:
    if code not in (0, 1, 2):
        return f"its exit code is {code}"
    if any(path.name.endswith(".part") for path in Path().rglob("*")):
        return "half a file is left"
    if code != 2:
        return ""
    if out:
        return f"it is refused, and prints {out[:60]!r}"
    last = err.rstrip("\n").rpartition("\n")[2]
    if not last.startswith("cnnref: ") or len(last) < 15:
        return f"no sentence says why: {err[-200:]!r}"
    changed = [path for path, when in before.items() if path.stat().st_mtime_ns != when]
    return f"it is refused, and writes {changed}" if changed else ""
