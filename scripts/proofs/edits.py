"""One thing of every kind is edited in a copy of the checkout, and no page stays as it was.

After each edit the site is built with what the build before has kept, and again with nothing kept:
the two are the same bytes, and the first made no more than the budget of the kind says. Then the
edit is taken back, and the site is what it was. That takes some minutes for each kind.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from cnnref.errors import CnnrefError, UnknownNameError
from cnnref.files import write
from proofs.mutants import copied
from website import build
from website.kept.reach import SKIPPED
from website.kept.shelf import KEEPING, PROGRESS
from website.places import CACHE, ROOT

__all__ = ["EDITS", "Edit", "main", "over", "within"]

GENERATE = "from website import drift; drift.fresh() or drift.main(check=False)"
# where the sites stand that are compared
SITES = "site"
MADE = re.compile(r"(\d+) (\w+)")


class Edit(NamedTuple):
    """An edit of a file: a text that it holds, and another in its place.

    most: how much a build makes at the most, by kind; of what is not named, nothing.
    """

    path: str
    old: str
    new: str
    most: Mapping[str, int]

    def apply(self, place: Path) -> None:
        """Edit the file of a checkout.

        Raises:
            CnnrefError: the file does not hold the text.
        """
        path = place / self.path
        text = path.read_text(encoding="utf-8")
        if self.old not in text:
            raise CnnrefError(f"{self.path} does not hold {self.old!r}; what should be edited?")
        write(path, text.replace(self.old, self.new, 1).encode())


def page(number: int = 1, **more: int) -> dict[str, int]:
    """What so many pages are."""
    return {"articles": number, "pages": number} | more


EVERY = 125
COMMENT = "from __future__ import annotations\n"
COMMENTED = f"{COMMENT}\n# an edit\n"
# how many texts name a macro
TEXTS = 40
FORMULAS = 200
EDITS: Mapping[str, Edit] = {
    # its own page, the exercises of all pages and their answers
    "sentence": Edit(
        "docs/vgg.md", "\n\n## ", "\n\nA sentence more.\n\n## ", page(4, texts=4, formulas=60)
    ),
    # its own page, and what names it: lists of chapters, exercises and answers
    "title": Edit(
        "docs/zfnet.md", "# ZFNet\n", "# ZFNet again\n", page(6, texts=6, formulas=60)
    ),
    "macro": Edit(
        "docs/vgg.md", 'n("vgg16/conv1_1/stride")', 'n("vgg16/conv1_1/padding")',
        page(2, texts=4, formulas=40),
    ),
    "spec": Edit(
        "cnnref/specs/zfnet.py", COMMENT, COMMENTED,
        page(40, texts=TEXTS, formulas=FORMULAS, notebooks=1),
    ),
    "model": Edit(
        "cnnref/models/zfnet.py", COMMENT, COMMENTED, page(8, texts=TEXTS)
    ),
    "rule": Edit(
        "cnnref/tracing/rules/attention.py", COMMENT, COMMENTED,
        page(10, texts=10, notebooks=2),
    ),
    "code of a page": Edit(
        "scripts/website/chapters/slips.py", '"what to say of it"', '"what to say of each"',
        page(2, texts=2),
    ),
    "code of a chart": Edit(
        "scripts/website/chapters/complexity/charts.py", "Top-1 accuracy (%)", "Top-1, in %",
        page(4, texts=TEXTS, charts=70, formulas=10),
    ),
    "code of the theme": Edit(
        "scripts/website/theme/exits.py", '"Cite this site"', '"Cite these pages"',
        page(EVERY, texts=TEXTS, formulas=FORMULAS),
    ),
    "style": Edit("docs/assets/stylesheets/extra.css", "{", "{ --edited: 1;", page(0, texts=1)),
    "script": Edit(
        "docs/assets/javascripts/site.js", "(() => {", "(() => { // edited", {"texts": TEXTS}
    ),
    "cited data": Edit(
        "scripts/website/data/ilsvrc.csv", "chart value 25.8", "chart value is 25.8",
        page(EVERY, texts=TEXTS, formulas=FORMULAS),
    ),
    "record": Edit(
        "docs/experiments/heads.json", '"date": "', '"date": "2', page(30, texts=TEXTS)
    ),
    "example": Edit(
        "docs/examples/first.py", "(3, 96, 96)", "(3, 64, 64)", page(2, texts=TEXTS)
    ),
    "notebook": Edit(
        "docs/notebooks/shrink.py", "# %%\n", "# %%\n# an edit\n",
        page(2, texts=TEXTS, formulas=1, notebooks=1)
    ),
    "settings": Edit(
        "mkdocs.yml", "Every number on these", "Each number on these",
        page(EVERY, texts=TEXTS, formulas=FORMULAS),
    ),
}  # fmt: skip


def main(arguments: list[str]) -> int:
    """Edit one thing of every kind, and hold what a build makes of it against a clean one."""
    parser = argparse.ArgumentParser(prog="check edits", description=main.__doc__)
    parser.add_argument("--kind", action="append", help=f"{', '.join(EDITS)}; default: all")
    given = parser.parse_args(arguments)
    chosen = given.kind or [*EDITS]
    for name in chosen:
        if name not in EDITS:
            raise UnknownNameError("kind of edit", name, EDITS)
    with TemporaryDirectory() as folder:
        place = Path(folder) / "checkout"
        copied(place)
        with_npm(place)
        print(f"before any edit: {told(site(place, 'before'))}", flush=True)
        faults = [fault for name in chosen for fault in tried(place, name)]
    print("\n".join(faults) or f"{len(chosen)} kinds of edits, and nothing is stale")
    return int(bool(faults))


def tried(place: Path, name: str) -> Iterator[str]:
    """What is wrong after an edit, and after it is taken back."""
    edit, started = EDITS[name], time.monotonic()
    path = place / edit.path
    source = path.read_bytes()
    edit.apply(place)
    made = site(place, "kept")
    told_made = told(made)
    with nothing_kept(place):
        site(place, "clean")
    faults = [*within(place, "kept", "clean"), *over(made, edit.most)]
    write(path, source)
    site(place, "back")
    faults += within(place, "back", "before")
    said = "; ".join(faults) or "the same bytes"
    print(f"{name}: {told_made}; {said} ({time.monotonic() - started:.0f} s)", flush=True)
    yield from (f"{name}: {fault}" for fault in faults)


def over(made: Mapping[str, int], most: Mapping[str, int]) -> Iterator[str]:
    """What was made beyond a budget."""
    for kind, number in made.items():
        if number > most.get(kind, 0):
            yield f"{number} {kind}, of {most.get(kind, 0)} at the most"


def within(place: Path, one: str, other: str) -> Iterator[str]:
    """What of two builds differs, if anything."""
    try:
        build.compare(place / SITES / one, place / SITES / other)
    except build.BuildError as error:
        yield f"{error} ({one}, {other})"


def told(made: Mapping[str, int]) -> str:
    return ", ".join(f"{number} {kind}" for kind, number in made.items())


def with_npm(place: Path) -> None:
    """The packages of the playground, so that no build fetches them."""
    if (CACHE / "npm").is_dir():
        shutil.copytree(CACHE / "npm", place / ".cache" / "npm")


@contextmanager
def nothing_kept(place: Path) -> Iterator[None]:
    """A cache that is empty meanwhile, but for what was fetched."""
    cache, aside = place / ".cache", place / "aside"
    cache.rename(aside)
    cache.mkdir()
    if (aside / "npm").is_dir():
        shutil.copytree(aside / "npm", cache / "npm")
    try:
        yield
    finally:
        shutil.rmtree(cache)
        aside.rename(cache)


def site(place: Path, name: str) -> Counter[str]:
    """Build a site of a checkout and its generated files, and count what was made.

    Raises:
        CnnrefError: it could not be built.
    """
    target = place / SITES / name
    shutil.rmtree(target, ignore_errors=True)
    ran(place, "-c", GENERATE)
    said = ran(place, "-m", "mkdocs", "build", "--strict", "--site-dir", str(target))
    made = [line for line in said.splitlines() if line.startswith(PROGRESS)][-1]
    return Counter({kind: int(number) for number, kind in MADE.findall(made)})


def ran(place: Path, *command: str) -> str:
    """What a program says that runs as a step of a build of this checkout does."""
    paths = os.pathsep.join(map(str, (place, place / "scripts")))
    settings = {**build.SETTINGS, KEEPING: "1", SKIPPED: "1", "PYTHONPATH": paths}
    done = subprocess.run(
        [sys.executable, *command], cwd=place, env=os.environ | settings, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    if done.returncode:
        raise CnnrefError(f"The site of {ROOT} does not build:\n{done.stdout[-3000:]}")
    return done.stdout
