"""Generated files are the same bytes whatever the hash seed, the locale, the clock and the folder.

Where this machine has other versions of Python, these print the tables of the package, which
need nothing else, and what they print is held against the committed files, too.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from website.places import GENERATED, ROOT, SCRIPTS

__all__ = ["PLACES", "main", "of_python", "other_pythons"]

ASCII = {"LC_ALL": "POSIX", "LANG": "POSIX", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
# what a process is told of where it runs, and what that is called
PLACES: Mapping[str, Mapping[str, str]] = {
    "hash seed 1, ASCII alone, 14 hours ahead": {**ASCII, "PYTHONHASHSEED": "1", "TZ": "AHEAD-14"},
    "hash seed 4242, UTF-8, 12 hours behind": {
        "LC_ALL": "C.UTF-8", "LANG": "tr_TR.UTF-8", "PYTHONHASHSEED": "4242", "TZ": "BEHIND+12",
    },
}  # fmt: skip
# with the standard library and the package alone
PRINTING = """
import hashlib, json, sys
sys.path.insert(0, sys.argv[1])
import cnnref
found = {}
for name in cnnref.names():
    table = cnnref.table(name)
    for path, text in (
        (f"tables/{name}.lecture.csv", table.to_csv("lecture")),
        (f"tables/{name}.md", table.to_markdown("lecture")),
    ):
        found[path] = hashlib.sha256(text.encode()).hexdigest()
print(json.dumps(found))
"""


def main(arguments: list[str]) -> int:
    """Make the generated files in several settings, and the tables in every Python, and compare."""
    parser = argparse.ArgumentParser(prog="check everywhere", description=main.__doc__)
    parser.parse_args(arguments)
    found = [*of_places(), *of_pythons()]
    print("\n".join(found) or "the same bytes in every setting")
    return 1 if found else 0


def of_places() -> Iterator[str]:
    """What generated files are otherwise in a process of other settings, from another folder."""
    for name, settings in PLACES.items():
        print(f"generated files with {name}", flush=True)
        command = [sys.executable, str(SCRIPTS / "generate"), "--check"]
        done = subprocess.run(
            command, cwd="/", env=os.environ | settings, check=False, capture_output=True
        )
        if done.returncode:
            yield f"{name}: {(done.stdout + done.stderr).decode(errors='replace').strip()}"


def of_pythons() -> Iterator[str]:
    """What the tables are otherwise in other versions of Python."""
    pythons = other_pythons()
    for path in pythons:
        print(f"tables with {path}", flush=True)
        yield from of_python(path)
    if not pythons:
        print("left out: this machine has no other Python")


def other_pythons() -> list[str]:
    """The commands of other versions of Python that are promised, and that run here."""
    numbers = [number for number in range(11, 30) if number != sys.version_info.minor]
    found = [path for number in numbers if (path := shutil.which(f"python3.{number}"))]
    return [
        path for path in found if subprocess.run([path, "-V"], capture_output=True).returncode == 0
    ]


def of_python(path: str, folder: Path = GENERATED) -> Iterator[str]:
    """What one Python prints otherwise than it is committed; deep networks have no such file."""
    command = [path, "-I", "-c", PRINTING, str(ROOT)]
    done = subprocess.run(command, check=False, capture_output=True)
    if done.returncode:
        yield f"{path}: {done.stderr.decode(errors='replace').strip()}"
        return
    for name, digest in json.loads(done.stdout).items():
        there = (folder / name).read_bytes() if (folder / name).is_file() else None
        if there is not None and hashlib.sha256(there).hexdigest() != digest:
            yield f"{path}: {name} is not as it is committed"
