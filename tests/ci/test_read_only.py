"""A folder that is mounted read-only: what only reads runs in it, and the rest says why not."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import ROOT

READ_ONLY = "mount --bind {0} {0} && mount -o remount,bind,ro {0} && cd {0} && exec {1}"


def read_only(folder: Path, command: str) -> subprocess.CompletedProcess[str]:
    """A command in a folder that is mounted read-only, for this command alone."""
    shell = READ_ONLY.format(folder, command)
    return subprocess.run(["unshare", "-rm", "sh", "-c", shell], capture_output=True, text=True,
                          check=False, env=os.environ | {"PYTHONPATH": str(ROOT)})  # fmt: skip


@pytest.fixture
def mounted(tmp_path: Path) -> Path:
    # a container may not be allowed to mount, and other systems have no such command
    if not shutil.which("unshare") or read_only(tmp_path, "true").returncode:
        pytest.skip("nothing can be mounted here")
    return tmp_path


def test_a_folder_that_is_mounted_read_only_is_named(mounted: Path) -> None:
    assert read_only(mounted, "touch x").returncode == 1
    (mounted / "old.csv").write_text("as it was")
    python = f"{sys.executable} -m cnnref table vgg11 --quiet"
    for name in ("new.csv", "old.csv"):
        done = read_only(mounted, f"{python} --output {name}")
        assert done.returncode == 2
        assert (
            done.stderr == f"cnnref: {mounted / name} cannot be written: Read-only file system.\n"
        )
    assert read_only(mounted, python).returncode == 0
    assert [path.name for path in mounted.iterdir()] == ["old.csv"]
    assert (mounted / "old.csv").read_text() == "as it was"


def test_a_checkout_that_is_mounted_read_only_is_told_and_what_only_reads_runs(
    mounted: Path,
) -> None:
    for name in ("_command.py", "_environment.py"):
        shutil.copy(ROOT / "scripts" / name, mounted)
    lines = (
        "from pathlib import Path", "from _command import command, locked", "def main():",
        "    with locked(Path('.cache/site.lock')):", "        return 0", "command(main)",
    )  # fmt: skip
    (mounted / "site").write_text("\n".join(lines))
    done = read_only(mounted, f"{sys.executable} site")
    assert (done.returncode, done.stderr) == (2, "site: .cache: Read-only file system.\n")
