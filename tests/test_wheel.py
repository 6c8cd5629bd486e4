"""The wheel holds what an importer can call, and the source distribution what makes the wheel."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import zipfile
from collections import Counter
from pathlib import Path

import pytest
from wheels import ROOT, built

import _environment
import cnnref

NAME = f"cnnref-{cnnref.__version__}"
# the plan: every folder of the wheel, and whatever in it is no module
FOLDERS = {
    "cnnref", "cnnref/cli", "cnnref/counting", "cnnref/drawing", "cnnref/measuring",
    "cnnref/models", "cnnref/networks", "cnnref/networks/data", "cnnref/networks/records",
    "cnnref/specs", "cnnref/tables", "cnnref/tables/onnx", "cnnref/testing", "cnnref/tracing",
    "cnnref/tracing/isolation", "cnnref/tracing/predicted", "cnnref/tracing/real",
    "cnnref/tracing/rules",
}  # fmt: skip
CITED = "cnnref/networks/data"
DATA = {"cnnref/py.typed", f"{CITED}/published.csv", f"{CITED}/sources.csv"}
METADATA = {"METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE"}
BESIDES = {
    ".gitignore", "CHANGELOG.md", "CITATION.cff", "LICENSE", "PKG-INFO", "README.md",
    "pyproject.toml", "scripts/packages/addresses.py",
}  # fmt: skip
PLAIN = {"PYTEST_ADDOPTS": "", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
# as in an environment that has pytest and nothing else
LACKING = """
import sys
LACKING = {names!r}
class Lacking:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in LACKING:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Lacking())
"""
ALONE = """
import cnnref
assert cnnref.__file__.startswith({root!r}), cnnref.__file__
"""
OTHERS = {"torch", "numpy", "pandas", "altair", "hypothesis", "yaml", "website", "studies"}
# what the pages are made of, without MkDocs
PAGES = """
import importlib, pkgutil, website
for one in pkgutil.walk_packages(website.__path__, "website."):
    importlib.import_module(one.name)
from website import publish
assert publish.outputs(("alexnet", "vgg11"))
print("done")
"""


def in_wheel(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as file:
        assert max(Counter(file.namelist()).values()) == 1
        return {name: file.read(name) for name in file.namelist()}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return in_wheel(built(ROOT, "wheel", tmp_path_factory.mktemp("wheel")))


def test_the_wheel_has_the_rooms_of_the_plan(wheel: dict[str, bytes]) -> None:
    ours = {name for name in wheel if not name.startswith(f"{NAME}.dist-info/")}
    assert set(wheel) - ours == {f"{NAME}.dist-info/{name}" for name in METADATA}
    assert {name.rpartition("/")[0] for name in ours} == FOLDERS
    assert {name for name in ours if not name.endswith(".py")} == DATA


def test_the_wheel_has_every_module_as_it_is_here(wheel: dict[str, bytes]) -> None:
    here = {path.relative_to(ROOT).as_posix() for path in (ROOT / "cnnref").rglob("*.py")}
    assert {name for name in wheel if name.endswith(".py")} == here
    assert all(wheel[name] == (ROOT / name).read_bytes() for name in here | DATA)


def test_the_wheel_promises_what_the_project_does(wheel: dict[str, bytes]) -> None:
    told = wheel[f"{NAME}.dist-info/METADATA"].decode().splitlines()
    assert "Requires-Python: >=3.11" in told
    # the core asks for nothing: all that is asked for is asked for by an extra
    asked = [line for line in told if line.startswith("Requires-Dist: ")]
    assert asked
    assert all("extra ==" in line for line in asked)
    script = wheel[f"{NAME}.dist-info/entry_points.txt"].decode()
    assert script.split("\n\n") == [
        "[console_scripts]\ncnnref = cnnref.__main__:main",
        "[pytest11]\ncnnref = cnnref.testing.plugin\n",
    ]


def test_the_source_distribution_makes_the_same_wheel(
    wheel: dict[str, bytes], tmp_path: Path
) -> None:
    with tarfile.open(built(ROOT, "sdist", tmp_path)) as file:
        names = {name.removeprefix(f"{NAME}/") for name in file.getnames()}
        file.extractall(tmp_path, filter="data")
    besides = {name for name in names if not name.startswith(("cnnref/", "tests/"))}
    assert besides == BESIDES
    assert in_wheel(built(tmp_path / NAME, "wheel", tmp_path / "again")) == wheel


@pytest.mark.slow
def test_the_tests_of_the_source_distribution_pass_alone(tmp_path: Path) -> None:
    with tarfile.open(built(ROOT, "sdist", tmp_path)) as file:
        file.extractall(tmp_path, filter="data")
    root = tmp_path / NAME
    held = {path.relative_to(root).as_posix() for path in root.glob("tests/**/*.py")}
    assert held == {path.relative_to(ROOT).as_posix() for path in map(ROOT.joinpath, held)}
    assert len(held) > 15
    (tmp_path / "alone.py").write_text(
        LACKING.format(names=OTHERS) + ALONE.format(root=str(root)), encoding="utf-8"
    )
    path = os.pathsep.join(map(str, (root, tmp_path)))
    options = ("-q", "-p", "alone", "-p", "no:cacheprovider", "-p", "no:randomly")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "-m", "not extras", "tests"],
        cwd=root,
        env={**os.environ, "PYTHONPATH": path, **PLAIN},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:]
    passed = re.search(r"(\d+) passed", done.stdout)
    assert int(passed[1]) > 1000


@pytest.mark.slow
def test_what_builds_the_site_imports_no_package_of_tests() -> None:
    files = _environment.PINS_OF_TESTS, _environment.PINS_NO_DEPS
    pins = [line for path in files for line in path.read_text(encoding="utf-8").splitlines()]
    names = {pin.partition("==")[0].replace("-", "_") for pin in pins if not pin.startswith("#")}
    assert {"pytest", "timm", "torchvision", "mypy"} <= names
    done = subprocess.run(
        [sys.executable, "-c", LACKING.format(names=names) + PAGES],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (ROOT / "scripts", ROOT)))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.splitlines()[-1:] == ["done"], done.stderr


def test_addresses_are_of_the_repository_that_is_named(
    wheel: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = f"{NAME}.dist-info/METADATA"
    assert b"Project-URL" not in wheel[told]
    monkeypatch.setenv("REPO_URL", "https://example.org/mine/")
    found = in_wheel(built(ROOT, "wheel", tmp_path))[told].decode()
    assert "Project-URL: Issues, https://example.org/mine/issues" in found.splitlines()


def test_a_file_that_does_not_belong_there_is_seen(tmp_path: Path) -> None:
    with tarfile.open(built(ROOT, "sdist", tmp_path)) as file:
        file.extractall(tmp_path, filter="data")
    stray = tmp_path / NAME / "cnnref" / "website" / "notes.txt"
    stray.parent.mkdir()
    stray.write_text("of the site")
    found = in_wheel(built(tmp_path / NAME, "wheel", tmp_path / "again"))
    with pytest.raises(AssertionError):
        test_the_wheel_has_the_rooms_of_the_plan(found)
    with pytest.raises(AssertionError):
        test_the_wheel_has_every_module_as_it_is_here(
            {name: data for name, data in found.items() if not name.endswith("units.py")}
        )
