"""What the README shows runs, and gives the values that stand beside it."""

import ast
import re
import shlex

import pytest
from command_line import ROOT

import cnnref
from cnnref.cli.main import main

README = (ROOT / "README.md").read_text(encoding="utf-8")
(PYTHON,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
COMMANDS = re.findall(r"^(cnnref .*?) *(?:#.*)?$", README, re.MULTILINE)
# values as Python writes them, behind a line that gives them
VALUES = re.compile(r"# ((?:\d[\d_]*)(?:, \d[\d_]*)*)$")
# what takes as long as the machine does, or as there are networks
LONG = ("cnnref check", "cnnref measure")


def stated(source):
    """Each statement with the values that its line states, None where it states none."""
    lines = source.splitlines()
    for node in ast.parse(source).body:
        found = VALUES.search(lines[node.end_lineno - 1])
        yield node, found and tuple(map(int, found[1].split(", ")))


def ran(source, names):
    """The values that a program gives where it states some, and those that it states."""
    found = []
    for node, values in stated(source):
        if values is None:
            exec(compile(ast.Module([node], []), "README.md", "exec"), names)
        else:
            given = eval(compile(ast.Expression(node.value), "README.md", "eval"), names)
            found.append((given if isinstance(given, tuple) else (given,), values))
    return found


@pytest.mark.slow
def test_the_program_runs_and_gives_what_it_says(monkeypatch, capsys):
    pytest.importorskip("torch")
    measure = cnnref.measure
    small = {"layers": True, "seconds": 0.01}
    monkeypatch.setattr(
        cnnref, "measure", lambda _, **how: measure("resnet20_cifar", **how | small)
    )
    found = ran(PYTHON, {"my_module": cnnref.model("vgg16")})
    assert found == [((15470264320, 138357544), (15470264320, 138357544))]
    assert "ceilings" in capsys.readouterr().out


def test_another_value_would_be_seen():
    (one,) = ran("x = 3\nx + 1, x  # 4, 5\n", {})
    assert one == ((4, 3), (4, 5))


@pytest.mark.parametrize("line", [one for one in COMMANDS if not one.startswith(LONG)])
def test_each_command_runs(line, tmp_path, monkeypatch, capsys):
    pytest.importorskip("torch")
    (tmp_path / "my_model.py").write_text(
        "from torch import nn\n\n\ndef build():\n    return nn.Conv2d(3, 8, 3)\n"
    )
    monkeypatch.chdir(tmp_path)
    assert main(shlex.split(line)[1:]) == (1 if " compare " in line else 0), capsys.readouterr().err


def test_the_commands_are_found():
    assert len(COMMANDS) > 6
    assert any(one.startswith(LONG) for one in COMMANDS)
