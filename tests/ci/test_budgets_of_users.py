"""Budgets in other people's CI, as they use them: the wheel's plugin, hook, action and command."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
import yaml
from wheels import ROOT, installed, ran

MODEL = """
from cnnref import Net

def build(width=8):
    net = Net((3, 32, 32), name="small")
    x = net.relu(net.conv(net.input, width, 3, name="conv1"))
    net.conv(x, 4, 3, name="conv2")
    return net
"""
PROJECT = """
[tool.cnnref.budget.small]
target = "model.py:build"
macs = "{macs}"
parameters = "600"
baseline = "costs.json"

[tool.cnnref.budget.other]
target = "squeezenet1_0"
macs = "1G"
"""
TESTS = """
import cnnref
import pytest
from model import build

assert cnnref.__file__.startswith({lib!r})

@pytest.mark.budget("small")
def test_stated_in_pyproject(within_budget):
    assert within_budget(build()).parameters == 516

@pytest.mark.budget(macs="100k")
def test_stated_here(within_budget):
    within_budget(build())

@pytest.mark.budget("small", macs="1M")
def test_what_is_nearer_goes_before(within_budget):
    within_budget(build(), parameters=515)

def test_nothing_is_stated(within_budget):
    within_budget("alexnet")

@pytest.mark.budget(macs="1G", parameters="100")
def test_a_module(within_budget):
    nn = pytest.importorskip("torch.nn")
    within_budget(nn.Conv2d(3, 4, 3), (3, 32, 32))
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The folder of somebody who installed the wheel."""
    (tmp_path / "model.py").write_text(MODEL, encoding="utf-8")
    (tmp_path / "test_costs.py").write_text(
        TESTS.format(lib=str(installed() / "lib")), encoding="utf-8"
    )
    state(tmp_path, "600k")
    done = ran("cnnref", "budget", "--update", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    return tmp_path


def state(folder: Path, macs: str) -> None:
    (folder / "pyproject.toml").write_text(PROJECT.format(macs=macs), encoding="utf-8")


def widen(folder: Path) -> None:
    text = MODEL.replace("width=8", "width=9")
    (folder / "model.py").write_text(text, encoding="utf-8")


# ---- the plugin ----


def suite(folder: Path, *options: str) -> CompletedProcess[str]:
    plain = ("-p", "no:cacheprovider", "-p", "no:randomly", "-q", "--strict-markers", "--tb=short")
    return ran(sys.executable, "-m", "pytest", *plain, *options, cwd=folder, PYTEST_ADDOPTS="")


@pytest.mark.slow
def test_pytest_finds_the_fixture_and_the_marker(project: Path) -> None:
    done = suite(project)
    assert "4 failed, 1 passed" in done.stdout, done.stdout
    failed = re.findall(r"^FAILED \S+::(\w+)", done.stdout, re.MULTILINE)
    assert failed == [
        "test_stated_here", "test_what_is_nearer_goes_before", "test_nothing_is_stated",
        "test_a_module",
    ]  # fmt: skip
    assert "small: macs: 420.19 kMACs exceed the budget of 100.00 kMACs" in done.stdout
    assert "parameters: 516 parameters exceed the budget of 515 parameters" in done.stdout
    assert "Nothing is limited; limits are macs, " in done.stdout
    assert "Conv2d: parameters: 112 parameters exceed the budget of 100" in done.stdout
    # frames of ours are no help to who reads it
    assert "cnnref/testing" not in done.stdout
    assert "@pytest.mark.budget(*names, **limits)" in suite(project, "--markers").stdout


@pytest.mark.slow
def test_pytest_sees_what_is_not_as_it_was(project: Path) -> None:
    widen(project)
    done = suite(project, "-k", "pyproject")
    assert done.returncode == 1
    assert "small: macs: 420.19 kMACs before, 472.72 kMACs now" in done.stdout
    assert re.search(r"small: 3 rows differ from \S+/costs\.json", done.stdout)


@pytest.mark.slow
def test_pytest_holds_limits_in_percent_above_a_baseline(project: Path) -> None:
    limited = """
import pytest
from model import build

@pytest.mark.budget("small", parameters="+20%")
def test_stated_in_pyproject(within_budget):
    within_budget(build())

@pytest.mark.budget("small", macs="+13%", parameters="+12%")
def test_what_is_nearer_goes_before(within_budget):
    within_budget(build())
"""
    (project / "test_costs.py").write_text(limited, encoding="utf-8")
    state(project, "+12%")
    same = suite(project)
    assert "2 passed" in same.stdout, same.stdout
    widen(project)  # by an eighth
    done = suite(project)
    assert "2 failed" in done.stdout, done.stdout
    assert "small: macs: 472.72 kMACs exceed the budget of 470.62 kMACs" in done.stdout
    assert "small: parameters: 580 parameters exceed the budget of 577 parameters" in done.stdout
    state(project, "+13%")
    wider = suite(project, "-k", "pyproject")
    assert "1 passed" in wider.stdout, wider.stdout


@pytest.mark.slow
def test_a_suite_that_never_counts_loads_nothing_heavy(tmp_path: Path) -> None:
    (tmp_path / "test_other.py").write_text(
        "import sys\ndef test_it():\n"
        "    assert 'cnnref.testing.plugin' in sys.modules\n"
        "    assert not {'torch', 'numpy', 'pandas', 'cnnref.sources'} & set(sys.modules)\n",
        encoding="utf-8",
    )
    done = suite(tmp_path)
    assert done.returncode == 0, done.stdout


# ---- the hook ----


def test_the_hook_holds_the_budgets(project: Path) -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert (hook["language"], hook["pass_filenames"]) == ("python", False)
    # what the extra asks for, since a hook cannot ask for an extra
    extra = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert hook["additional_dependencies"] == extra["project"]["optional-dependencies"]["torch"]
    assert ran(*hook["entry"].split(), cwd=project).returncode == 0
    widen(project)
    done = ran(*hook["entry"].split(), cwd=project)
    assert (done.returncode, done.stderr) == (1, "")
    assert "3 rows differ from costs.json" in done.stdout


# ---- the action ----


def steps() -> Iterator[dict[str, Any]]:
    file = ROOT / ".github" / "actions" / "budget" / "action.yml"
    yield from yaml.safe_load(file.read_text(encoding="utf-8"))["runs"]["steps"]


def acted(folder: Path, **given: str) -> tuple[CompletedProcess[str], str, str]:
    """The step that holds the budgets, as a runner does it; its summary and its outputs."""
    _, step = steps()
    values = {"inputs.budgets": "", "inputs.working-directory": "."} | {
        f"inputs.{name.replace('_', '-')}": value for name, value in given.items()
    }

    def filled(text: str) -> str:
        return re.sub(r"\$\{\{ (.*?) \}\}", lambda found: values[found[1]], text)

    # nothing that is given is put into the script, where it would run
    assert "${{" not in step["run"]
    variables = {name: filled(text) for name, text in step["env"].items()}
    files = {name: folder / name.lower() for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT")}
    for file in files.values():
        file.write_text("", encoding="utf-8")
    place = folder / filled(step["working-directory"])
    variables |= {name: str(path) for name, path in files.items()} | {"RUNNER_TEMP": str(folder)}
    shell = ("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"])
    done = ran(*shell, cwd=place, **variables)
    return done, *(file.read_text(encoding="utf-8") for file in files.values())


def test_the_action_shows_the_budgets_on_the_run(project: Path) -> None:
    done, summary, outputs = acted(project)
    assert (done.returncode, done.stderr, outputs) == (0, "", "kept=true\n")
    assert "| small | kept | macs: 420.19 kMACs of 600.00 kMACs (70.0%) |" in summary
    assert "| other | kept |" in summary
    widen(project)
    done, summary, outputs = acted(project, budgets="small")
    assert (done.returncode, outputs) == (1, "kept=false\n")
    assert "| small | changed | 3 rows differ from costs.json |" in summary
    assert "other" not in summary


def test_the_action_says_what_is_stated_wrongly(project: Path) -> None:
    done, summary, outputs = acted(project, budgets='small "$(touch ran)"')
    assert (done.returncode, summary, outputs) == (2, "", "")
    assert "Unknown budget of pyproject.toml" in done.stderr
    assert not (project / "ran").exists()


def test_the_action_installs_this_project(tmp_path: Path) -> None:
    step, _ = steps()
    found = re.search(r'"\$ACTION/(.*)\[(\w+)\]"', step["run"])
    folder = ROOT / ".github" / "actions" / "budget" / found[1]
    assert folder.resolve() == ROOT
    stated = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
    assert found[2] in stated["project"]["optional-dependencies"]


# ---- the command ----


def test_the_command_is_the_wheels(tmp_path: Path) -> None:
    done = ran("cnnref", "table", "vgg16", "--output", "kept.json", cwd=tmp_path)
    assert done.returncode == 0
    done = ran("cnnref", "table", "vgg19", "--baseline", "kept.json", "--quiet", cwd=tmp_path)
    assert done.returncode == 1
    assert "vgg19: macs: 15.47 GMACs before, 19.63 GMACs now, +4.16 GMACs (+26.9%)" in done.stderr
