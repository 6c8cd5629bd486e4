"""Vendored files against the packages that they are of, each fetched by npm and held by hash.

The list beside them says which package in which version. This asks the registry, so that it is
run when a file is renewed, and not with every check; `signed` holds the files meanwhile.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from cnnref.errors import CnnrefError
from cnnref.files import filled, records
from website.places import ROOT, SCRIPTS

LIST = SCRIPTS / "vendor" / "vendored.csv"
COLUMNS = {name: filled for name in ("folder", "package", "version", "licence", "what")}
# what a reader of today does not ask for; the folder of fonts has the woff2 files alone
OTHER_FONTS = re.compile(rb',url\([^)]*\.(?:woff|ttf)\) format\("\w+"\)')
Fetch = Callable[[str, Path], Path]


def main(_: list[str]) -> int:
    found = list(faults(ROOT, packed))
    print("\n".join(found) or f"{len(vendored(ROOT))} vendored files are those of their packages")
    return 1 if found else 0


def vendored(root: Path) -> list[tuple[str, Path]]:
    """Each vendored file with the package that it is of, as NAME@VERSION."""
    return [
        (f"{row['package']}@{row['version']}", path)
        for row in records(LIST, COLUMNS)
        for path in sorted((root / row["folder"]).rglob("*"))
        if path.is_file()
    ]


def faults(root: Path, fetch: Fetch) -> Iterator[str]:
    """A line for each file that its package does not have."""
    with TemporaryDirectory() as place:
        known: dict[str, Mapping[str, str]] = {}
        for package, path in vendored(root):
            if package not in known:
                known[package] = contents(fetch(package, Path(place)))
            if digest(path.read_bytes()) not in known[package]:
                yield f"{path.relative_to(root)}: no file of {package} is equal to it"


def contents(archive: Path) -> Mapping[str, str]:
    """The files of a package by their digests; a style sheet also without the older fonts."""
    found: dict[str, str] = {}
    with tarfile.open(archive) as package:
        for member in package.getmembers():
            data = package.extractfile(member) if member.isfile() else None
            if data is not None:
                content = data.read()
                found[digest(content)] = member.name
                if member.name.endswith(".css"):
                    found[digest(OTHER_FONTS.sub(b"", content))] = member.name
    return found


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def packed(package: str, place: Path) -> Path:
    """The archive of a package, as npm hands it on.

    Raises:
        CnnrefError: there is no npm, or it does not give the package.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise CnnrefError("vendored: npm is needed, which brings the packages.")
    command = [npm, "pack", "--silent", "--pack-destination", str(place), package]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=place)
    if done.returncode:
        why = (done.stderr.strip() or "it gave no reason").splitlines()[-1]
        raise CnnrefError(f"vendored: npm does not give {package}: {why}")
    return place / done.stdout.split()[-1]
