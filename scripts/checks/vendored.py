"""Vendored files against the packages that they are of, each fetched by npm and held by hash.

The list beside them says which package in which version; another, what is too large to stand here,
which the build fetches and holds by the digest in the list. This asks the registry, so that it is
run when a file is renewed, and not with every check; `signed` holds the files meanwhile. With
--fonts it first writes the site's fonts anew, of their packages.
"""

from __future__ import annotations

import hashlib
import io
import re
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from cnnref.errors import CnnrefError
from cnnref.files import filled, records, write
from website.places import ROOT, SCRIPTS

LIST = SCRIPTS / "vendor" / "vendored.csv"
FETCHED = SCRIPTS / "vendor" / "fetched.csv"
ARCHIVES = {name: filled for name in ("package", "version", "sha256", "licence", "what")}
COLUMNS = {name: filled for name in ("folder", "package", "version", "licence", "what")}
# what a reader of today does not ask for; the folder of fonts has the woff2 files alone
OTHER_FONTS = re.compile(rb',url\([^)]*\.(?:woff|ttf)\) format\("\w+"\)')
FONT, FONTS = ".woff2", "docs/assets/fonts/"
# the fonts that the site asks for, among dozens in a package
OURS = re.compile(r"latin-(?:400|600)-(?:normal|italic)")
# ASCII, and what English prose, names of authors and figures need besides
LETTERS = (
    *map(chr, range(0x20, 0x7F)),
    *"\u00a0©°±²³µ·½×äçèéíñóöüØø\u2013\u2014\u2018\u2019\u201c\u201d\u2026\u2191\u2193\u2212",
)
RESERVED, OWN = "IBM Plex", "Ledger"
# the names of a font in its table: copyright, family, style, full name, PostScript's, licence
NAMES = [0, 1, 2, 4, 6, 13, 14]
Fetch = Callable[[str, Path], Path]


def main(arguments: list[str]) -> int:
    if "--fonts" in arguments:
        renew_fonts(ROOT, packed)
    found = list(faults(ROOT, packed))
    many = f"{len(vendored(ROOT))} vendored files are those of their packages"
    print("\n".join(found) or f"{many}, and {len(fetched())} archive is what the build fetches")
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
        for package, known_digest in fetched().items():
            if digest(fetch(package, Path(place)).read_bytes()) != known_digest:
                yield f"{FETCHED.name}: the archive of {package} is another"


def fetched() -> dict[str, str]:
    """The archives that the build fetches, as NAME@VERSION, and the digest of each."""
    rows = records(FETCHED, ARCHIVES)
    return {f"{row['package']}@{row['version']}": row["sha256"] for row in rows}


def renew_fonts(root: Path, fetch: Fetch) -> None:
    """Write each font below docs/assets/fonts anew, of the file of its name in its package."""
    with TemporaryDirectory() as place:
        for package, path in vendored(root):
            if path.suffix == FONT and FONTS in path.as_posix():
                with tarfile.open(fetch(package, Path(place))) as archive:
                    data = archive.extractfile(f"package/files/{path.name}")
                    write(path, reduced(data.read() if data else b""))


def contents(archive: Path) -> Mapping[str, str]:
    """The files of a package by their digests; a style sheet also without the older fonts, and a
    font also with the site's letters alone.
    """
    found: dict[str, str] = {}
    with tarfile.open(archive) as package:
        for member in package.getmembers():
            data = package.extractfile(member) if member.isfile() else None
            if data is not None:
                content = data.read()
                found[digest(content)] = member.name
                if member.name.endswith(".css"):
                    found[digest(OTHER_FONTS.sub(b"", content))] = member.name
                if member.name.endswith(FONT) and OURS.search(member.name):
                    found[digest(reduced(content))] = member.name
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
    options = ("--silent", "--fetch-retries=1", "--pack-destination", str(place))
    command = [npm, "pack", *options, package]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=place)
    if done.returncode:
        why = (done.stderr.strip() or "it gave no reason").splitlines()[-1]
        raise CnnrefError(f"vendored: npm does not give {package}: {why}")
    return place / done.stdout.split()[-1]


def reduced(content: bytes) -> bytes:
    """A font as the site ships it, of the bytes of its package's file.

    That has two hundred more characters, and instructions for screens of old; without them it is
    less than half as long. Its licence reserves the name, so that what is changed has another.
    """
    from fontTools import subset

    options = subset.Options()
    options.flavor, options.hinting, options.recalc_timestamp = "woff2", False, False
    options.layout_features, options.name_IDs = ["kern"], NAMES
    font = subset.load_font(io.BytesIO(content), options)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=[*map(ord, LETTERS)])
    subsetter.subset(font)
    for record in font["name"].names:
        if record.nameID not in (0, 13, 14):
            text = record.toUnicode().replace(RESERVED, OWN).replace("IBMPlex", OWN)
            record.string = text.encode(record.getEncoding())
    written = io.BytesIO()
    subset.save_font(font, written, options)
    return written.getvalue()
