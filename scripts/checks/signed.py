"""What people looked up, measured or took from others, under a digest that a person renews.

No computation can tell that a digit of a cited figure, of a record or of a vendored file has
changed. So each of these files stands in a list with its digest, which `sha256sum -c` reads too;
whoever changes one on purpose looks at the change and signs it.
"""

from __future__ import annotations

import argparse
import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from cnnref.errors import CnnrefError
from cnnref.files import text_of, write
from website.places import ROOT

LIST = Path("scripts/checks/lists/signed.sha256")
PLACES = (
    "cnnref/networks/data/*.*",
    "scripts/website/data/*.*",
    "docs/experiments/*.json",
    "docs/measured/*.json",
    "docs/operators/*.*",
    "docs/peers/*.*",
    "docs/zoo/*.*",
    "docs/assets/fonts/**/*",
    "docs/assets/vendor/**/*",
    "scripts/vendor/**/*",
)
LINE = re.compile(r"([0-9a-f]{64})  (\S.*)")


def main(arguments: list[str]) -> int:
    """Say what is not as it was signed; with --renew, sign the files that are named."""
    parser = argparse.ArgumentParser(prog="check signed", description=main.__doc__)
    parser.add_argument("--renew", nargs="+", metavar="FILE", default=[], help="sign these anew")
    given = parser.parse_args(arguments)
    if given.renew:
        renew(ROOT, given.renew)
    found = faults(ROOT)
    print("\n".join(found) or f"{len(signed(ROOT))} files are as they were signed")
    return 1 if found else 0


def faults(root: Path) -> list[str]:
    """A line for each file that is not as it was signed."""
    known, there = signed(root), {path: digest(root / path) for path in places(root)}
    lines = [f"{path}: was signed and is not there" for path in known.keys() - there]
    lines += [f"{path}: nobody signed it" for path in there.keys() - known]
    lines += [
        f"{path}: is not what was signed"
        for path in known.keys() & there
        if known[path] != there[path]
    ]
    remedy = "; look at the change, and if it is meant: scripts/check signed --renew {}"
    return sorted(line + remedy.format(line.partition(":")[0]) for line in lines)


def renew(root: Path, paths: Iterable[str]) -> None:
    """Put the digests of some files, as they are now, into the list.

    Raises:
        CnnrefError: a file is not of those that are signed.
    """
    known, there = signed(root), places(root)
    for path in paths:
        if path not in there and path not in known:
            raise CnnrefError(f"{path} is none of the files that are signed: {', '.join(PLACES)}.")
        known.pop(path, None)
        if path in there:
            known[path] = digest(root / path)
    lines = "".join(f"{known[path]}  {path}\n" for path in sorted(known))
    write(root / LIST, lines)


def signed(root: Path) -> dict[str, str]:
    """The list: path -> digest.

    Raises:
        CnnrefError: it cannot be read, or has a line of another form.
    """
    return dict(_entries(root / LIST)) if (root / LIST).exists() else {}


def _entries(path: Path) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(text_of(path).splitlines(), 1):
        found = LINE.fullmatch(line)
        if found is None:
            raise CnnrefError(f"{path}, line {number}: it is no digest with a path after it.")
        yield found[2], found[1]


def places(root: Path) -> set[str]:
    """Every file that has to be signed, by its path in the checkout."""
    found = (path for pattern in PLACES for path in root.glob(pattern))
    return {
        path.relative_to(root).as_posix()
        for path in found
        if path.is_file() and path.suffix not in (".py", ".pyc", ".part")
    }


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
