"""What the parts of the site are made of, each as a digest: by it they are kept between builds.

Code is followed by its imports; everything else, which is small, counts as a whole.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from sysconfig import get_path

from cnnref.networks.catalog import architecture
from studies import code
from website import data
from website.kept.shelf import Shelf, digest, file, files
from website.places import CACHE, DOCS, GENERATED, PACKAGE, ROOT, SCRIPTS

__all__ = [
    "COMPARING",
    "SKIPPED",
    "THIS",
    "books",
    "closure",
    "code_alone",
    "everything",
    "facts",
    "forget",
    "generated",
    "installed",
    "is_page",
    "macros",
    "modules",
    "network",
    "outside",
    "sources",
    "texts",
]

# this machine's record, and the variable that is set where a build was told not to measure
THIS = CACHE / "measured" / "this-machine.json"
SKIPPED = "CNNREF_NOT_MEASURED"
SETTINGS = ROOT / "mkdocs.yml"
NAMED = ("SITE_URL", "REPO_URL", "GITHUB_SHA")
# records of what other tools said and of what was measured
RECORDS = ("measured", "operators", "peers", "zoo")
STYLES = DOCS / "assets" / "stylesheets"
# the modules with macros that read code, or run it, otherwise than by an import: any code of the
# house, and that of the package alone
READERS = frozenset({"website.chapters.built"})
RUNNERS = frozenset({"website.chapters.count", "website.hands.playground"})
# which say of each macro where it stands, and what is kept of a text
GATHERED = tuple(SCRIPTS / "website" / name for name in ("macros.py", "pages.py"))
# which compares the two books of a network
COMPARING = "cnnref.networks.agreement"
# what many closures are, by the digest of all code
CLOSURES = Shelf("closures")
# what a file imports, by the file
IMPORTS = Shelf("imports")


def is_page(path: Path) -> bool:
    """Whether a file is a page's own text, which no other page is made of."""
    return path.suffix == ".md" and path.is_relative_to(DOCS) and GENERATED not in path.parents


@cache
def installed() -> str:
    """The interpreter and all packages that are installed for it."""
    folders = sorted({get_path("purelib"), get_path("platlib")})
    found = (path.name for folder in folders for path in Path(folder).glob("*.dist-info"))
    return digest(sys.version, sorted(found))


@cache
def outside() -> str:
    """What a build depends on besides files: what is installed, and the variables that it reads."""
    shown = "" if SKIPPED in os.environ or not THIS.is_file() else digest(file(THIS))
    return digest(installed(), [os.environ.get(name, "") for name in NAMED], shown)


@cache
def sources() -> str:
    """Every file but the pages' own text."""
    return files([PACKAGE, SCRIPTS, DOCS, SETTINGS], without=is_page)


@cache
def everything() -> str:
    """All that a macro may read."""
    return digest(sources(), outside())


@cache
def besides(*, generated: bool = True) -> str:
    """All that a macro may read besides code, which is followed, and how the site is styled.

    generated: with what is generated.
    """

    def left_out(path: Path) -> bool:
        is_code = path.suffix == ".py" and not path.is_relative_to(DOCS)
        aside = is_code or is_page(path) or STYLES in path.parents
        return aside or (GENERATED in path.parents and not generated)

    return files([PACKAGE, SCRIPTS, DOCS, SETTINGS], without=left_out)


def macros(*names: str) -> str:
    """What the macros of some modules may read; of code, what they import."""
    if READERS.intersection(names):
        return everything()
    imported = closure(tuple(sorted({*names})), named=True)
    whole = package() if RUNNERS.intersection(names) else ""
    return digest(besides(), imported, whole, texts(GATHERED), installed())


def generated() -> str:
    """What the generated files are made of, but for the comparison of both books."""
    made_by = closure(("website.publish",), named=True, without=(COMPARING,))
    return digest(besides(generated=False), made_by, installed())


def forget() -> None:
    """Know no file any more, where files may have changed."""
    for known in (
        installed, outside, sources, everything, besides, facts, code_alone, closure,
        books, package, _led_to, _places, code.imported, code.put_together,
    ):  # fmt: skip
        known.cache_clear()


@cache
def facts() -> str:
    """What is on record, cited or set, and is neither code nor generated."""
    places = [PACKAGE, SCRIPTS, *(DOCS / name for name in RECORDS), SETTINGS]
    return digest(files(places, without=lambda path: path.suffix == ".py"), outside())


@cache
def code_alone() -> str:
    """All code of the house."""
    return files([PACKAGE, SCRIPTS], without=lambda path: path.suffix != ".py")


@cache
def package() -> str:
    """All code of the package."""
    return files([PACKAGE], without=lambda path: path.suffix != ".py")


@cache
def closure(names: tuple[str, ...], named: bool, without: tuple[str, ...] = ()) -> str:
    """Some modules with all that they import."""
    paths = CLOSURES.get(digest(code_alone(), names, named, without), _files, names, named, without)
    return digest(*(file(ROOT / path) for path in paths))


def _files(names: tuple[str, ...], named: bool, without: tuple[str, ...]) -> list[Path]:
    found = code.files(*names, named=named, without=without, follow=_led_to)
    return [path.relative_to(ROOT) for path in sorted(found)]


@cache
def _led_to(path: Path, named: bool) -> frozenset[str]:
    key = digest(_places(), named, file(path))
    found: frozenset[str] = IMPORTS.get(key, code.led_to, path, named)
    return found


@cache
def _places() -> str:
    """What says which file an import is of, and the code that finds it."""
    found = (path for place in (PACKAGE, SCRIPTS) for path in place.rglob("*.py"))
    return digest(sorted(map(str, found)), file(PACKAGE / "__init__.py"), file(Path(code.__file__)))


def modules(*names: str, named: bool = True, without: tuple[str, ...] = ()) -> str:
    """Some modules with all that they import, and the facts.

    named: with whatever is imported by a name put together, as every spec is.
    without: modules that are not followed.
    """
    return digest(closure(names, named, without), facts())


def network(name: str) -> str:
    """One network: its spec and its model, with what they import, and what is generated of it."""
    return digest(books(name), sorted(data.books()[name].items()))


@cache
def books(name: str) -> str:
    """The spec and the model of a network, with what they import."""
    record = architecture(name)
    modules = (f"cnnref.specs.{_module(record.spec)}", f"cnnref.models.{_module(record.model)}")
    return digest(name, closure(modules, True))


def _module(place: str) -> str:
    return place.partition(":")[0]


def texts(paths: Iterable[Path]) -> str:
    """Some files alone."""
    return digest(*map(file, paths))
