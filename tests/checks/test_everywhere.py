"""What is generated is compared over settings and Pythons, and a difference is named."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from checks import everywhere
from website.places import GENERATED, SCRIPTS


def test_every_setting_is_another(monkeypatch: pytest.MonkeyPatch) -> None:
    names = {"PYTHONHASHSEED", "LC_ALL", "LANG", "TZ"}
    for name in names:
        values = [settings[name] for settings in everywhere.PLACES.values()]
        assert len(set(values)) == len(values) >= 2
        monkeypatch.delenv(name, raising=False)
    shown = "import sys, time; print(sys.getfilesystemencoding(), time.tzname[0], hash('a'))"
    seen = [
        subprocess.check_output([sys.executable, "-c", shown], env=settings, text=True).split()
        for settings in everywhere.PLACES.values()
    ]
    # the settings reach a process: nothing of the three is the same in both
    assert all(one != other for one, other in zip(*seen, strict=True))
    assert seen[0][:2] == ["ascii", "AHEAD"]


def test_each_setting_runs_the_comparison_and_says_what_it_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ran = []

    def run(command: list[str], **options: object) -> SimpleNamespace:
        ran.append((command[1:], options["cwd"], options["env"]))
        drifted = len(ran) == 2
        return SimpleNamespace(returncode=int(drifted), stdout=b"tables/a.csv: 3\n", stderr=b"")

    monkeypatch.setattr(subprocess, "run", run)
    first, second = everywhere.PLACES
    assert [*everywhere.of_places()] == [f"{second}: tables/a.csv: 3"]
    for (command, folder, variables), name in zip(ran, (first, second), strict=True):
        assert command == [str(SCRIPTS / "generate"), "--check"]
        assert folder == "/"
        assert variables.items() >= everywhere.PLACES[name].items()


@pytest.mark.slow
def test_the_tables_of_a_python_are_held_against_the_committed(tmp_path: Path) -> None:
    assert [*everywhere.of_python(sys.executable)] == []
    (tmp_path / "tables").mkdir()
    for name in ("vgg16.md", "alexnet.lecture.csv"):
        (tmp_path / "tables" / name).write_bytes((GENERATED / "tables" / name).read_bytes())
    with (tmp_path / "tables" / "vgg16.md").open("ab") as file:
        file.write(b"\n")
    path = sys.executable
    assert [*everywhere.of_python(path, tmp_path)] == [
        f"{path}: tables/vgg16.md is not as it is committed"
    ]


def test_a_python_that_fails_is_named(tmp_path: Path) -> None:
    path = tmp_path / "python3.99"
    path.write_text("#!/bin/sh\necho no module >&2\nexit 1\n")
    path.chmod(0o755)
    assert [*everywhere.of_python(str(path))] == [f"{path}: no module"]


def test_other_pythons_are_those_on_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert everywhere.other_pythons() == []
    own = f"python3.{sys.version_info.minor}"
    for name, code in ((own, 0), ("python3.29", 0), ("python3.28", 127), ("python3.10", 0)):
        (tmp_path / name).write_text(f"#!/bin/sh\nexit {code}\n")
        (tmp_path / name).chmod(0o755)
    assert everywhere.other_pythons() == [str(tmp_path / "python3.29")]
