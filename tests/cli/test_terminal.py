"""What a terminal shows: its width, colours, and whole sentences about what went wrong."""

import os
import re
import sys

import pytest
from command_line import run

import cnnref
from cnnref.cli.streams import coloured

MODULES = """
from torch import nn
from unknown_operator import mystery


class Odd(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.turn = nn.Conv2d(3, 4, 3), nn.Flatten()

    def forward(self, x):
        return self.turn(mystery(mystery(mystery(self.conv(x)))))


class Stops(nn.Module):
    def __init__(self, rows):
        super().__init__()
        self.layers = nn.Sequential(*[nn.Conv2d(3, 3, 1) for _ in range(rows)])

    def forward(self, x):
        self.layers(x)
        raise ValueError("no more")
"""


@pytest.fixture
def modules(tmp_path, monkeypatch):
    (tmp_path / "shown.py").write_text(MODULES, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    yield
    sys.modules.pop("shown", None)


class Stream:
    def __init__(self, terminal):
        self.terminal = terminal

    def isatty(self):
        return self.terminal


@pytest.mark.parametrize(
    ("settings", "terminal", "expected"),
    [
        ({}, True, True), ({}, False, False),
        ({"TERM": "dumb"}, True, False), ({"TERM": "dumb", "FORCE_COLOR": "1"}, True, True),
        ({"FORCE_COLOR": "1"}, False, True), ({"FORCE_COLOR": "0"}, False, False),
        ({"FORCE_COLOR": ""}, False, False), ({"FORCE_COLOR": "0"}, True, True),
        ({"NO_COLOR": "1"}, True, False), ({"NO_COLOR": ""}, True, True),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, True, False),
    ],
)  # fmt: skip
def test_colours_are_for_terminals_unless_told(monkeypatch, settings, terminal, expected):
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    assert coloured(Stream(terminal)) is expected
    assert coloured(None) is False


def test_each_kind_of_line_has_its_colour(capsys, monkeypatch, modules):
    line = ("trace", "shown.py:Odd", "--input", "3,8,8")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("FORCE_COLOR", "0")
    _, plain, said = run(capsys, *line)
    sentence = "no rule counts mystery (row mystery and 2 more); the totals are incomplete.\n"
    assert said == f"cnnref: {sentence}"
    monkeypatch.setenv("FORCE_COLOR", "1")
    _, out, said = run(capsys, *line)
    assert said == f"\x1b[31mcnnref:\x1b[0m {sentence}"
    codes = ["1", "", "1", "2", "", "33", "33", "33", "2", "2", "1", "", "2"]
    assert out.splitlines() == [
        f"\x1b[{code}m{text}\x1b[0m" if code else text
        for code, text in zip(codes, plain.splitlines(), strict=True)
    ]


@pytest.mark.parametrize(("columns", "width"), [(40, 80), (80, 80), (81, 81), (120, 120)])
def test_a_table_is_as_wide_as_the_terminal_or_eighty_columns(capsys, monkeypatch, columns, width):
    monkeypatch.setattr(sys.stdout, "fileno", lambda: 1)
    monkeypatch.setattr(os, "get_terminal_size", lambda _: os.terminal_size((columns, 24)))
    _, out, _ = run(capsys, "conventions")
    longest = max(map(len, out.splitlines()))
    assert width - 8 < longest <= width


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (
            OSError(13, "Permission denied", "a.csv"),
            "The system refuses: a.csv: Permission denied.",
        ),
        (OSError(24, "Too many open files"), "The system refuses: Too many open files."),
        (OSError("odd"), "The system refuses: odd."),
        (MemoryError(), "This takes more memory than there is."),
        (RecursionError(), "What is given is nested too deeply."),
        (
            OverflowError("too large"),
            "A value is too large, or has a letter that cannot be written: too large.",
        ),
    ],
)
def test_what_the_system_refuses_is_one_sentence(capsys, monkeypatch, error, sentence):
    def fails(*_, **__):
        raise error

    monkeypatch.setattr(cnnref, "table", fails)
    assert run(capsys, "table", "vgg16") == (2, "", f"cnnref: {sentence}\n")


@pytest.mark.parametrize(
    ("rows", "advice"),
    [(0, ""), (1, " --partial shows the 1 row until then."),
     (2, " --partial shows the 2 rows until then.")],
)  # fmt: skip
def test_a_failure_says_how_many_rows_there_are_to_see(capsys, modules, rows, advice):
    line = ("trace", "shown.py:Stops", "--arg", f"rows={rows}", "--input", "3,8,8")
    code, out, said = run(capsys, *line)
    assert (code, out) == (2, "")
    place = "cnnref.trace was in the module itself (Stops, which got 3 x 8 x 8)."
    assert said.endswith(f"; {place}{advice}\n")
    code, out, said = run(capsys, *line, "--partial")
    assert code == (0 if rows else 2)
    if rows:
        assert re.findall(r"^(\S+) +(?:conv|stopped) ", out, re.MULTILINE) == [
            *(f"layers.{row}" for row in range(rows)), "stopped"
        ]  # fmt: skip
        assert said.startswith(f"cnnref: no more; {place}\n")
    # a sweep shows no part of a table
    sweep = ("sweep", *line[1:2], "--vary", f"rows={rows}", "--input", "3,8,8")
    code, out, said = run(capsys, *sweep)
    assert (code, out) == (2, "")
    assert said.endswith(f"while sweeping it; {place}\n")
