"""The wheel and the sdist of a checkout, and what a user has who installed the wheel."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import cnnref

ROOT = Path(cnnref.__file__).resolve().parents[1]
# a console script as pip writes it for an entry point
SCRIPT = "#!{python}\nimport sys\nfrom {module} import {name}\nsys.exit({name}())\n"


def built(root: Path, kind: str, target: Path) -> Path:
    """A wheel or sdist of a checkout, as the build backend makes it; nothing is installed."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", kind, "--directory", target]
    subprocess.run(command, cwd=root, check=True, capture_output=True)
    (path,) = target.glob("*.whl" if kind == "wheel" else "*.tar.gz")
    return path


@cache
def installed() -> Path:
    """A folder that holds the wheel's files and, in bin, its console scripts."""
    folder = Path(tempfile.mkdtemp(prefix="cnnref-wheel-"))
    with zipfile.ZipFile(built(ROOT, "wheel", folder / "dist")) as file:
        file.extractall(folder / "lib")
    (folder / "bin").mkdir()
    (points,) = (folder / "lib").glob("*.dist-info/entry_points.txt")
    for line in _section(points.read_text(encoding="utf-8"), "console_scripts"):
        script, module, name = line.replace(":", " = ").split(" = ")
        path = folder / "bin" / script
        path.write_text(SCRIPT.format(python=sys.executable, module=module, name=name))
        path.chmod(0o755)
    return folder


def _section(text: str, title: str) -> list[str]:
    return text.partition(f"[{title}]\n")[2].partition("\n[")[0].split("\n")[:1]


def environment(**more: str) -> Mapping[str, str]:
    """The variables of a user who installed the wheel; the checkout is not on their path."""
    folder = installed()
    path = os.pathsep.join([str(folder / "bin"), os.environ["PATH"]])
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    return {**kept, "PATH": path, "PYTHONPATH": str(folder / "lib"), "PYTHONUTF8": "1", **more}


def ran(*command: str | Path, cwd: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """A command of that user, to its end."""
    return subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=environment(**more),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
