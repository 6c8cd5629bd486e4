"""What a part of the site is made of: another digest where that changes, and only there."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from jinja2 import Environment

import cnnref
from cnnref.networks import catalog
from studies import code
from website import facts, macros, pages
from website.kept import reach
from website.measured import site as measured
from website.networks import answers, files
from website.pages import made_by
from website.places import DOCS, ROOT, SCRIPTS


def found(names: tuple[str, ...], *, named: bool) -> set[str]:
    return {path.relative_to(ROOT).as_posix() for path in code.files(*names, named=named)}


def test_code_of_the_site_is_followed_as_code_of_the_package_is() -> None:
    page = found(("website.chapters.vgg",), named=False)
    assert {"scripts/website/chapters/vgg.py", "scripts/website/facts.py", "cnnref/net.py"} <= page
    assert not {path for path in page if path.startswith(("cnnref/specs/", "cnnref/models/"))}
    # an attribute of the package itself is an import, too
    assert "cnnref/networks/catalog.py" in found(("website.networks.files",), named=False)


def test_what_is_imported_by_a_name_put_together_is_all_of_its_folder() -> None:
    page = found(("website.chapters.vgg",), named=True)
    specs = {path.relative_to(ROOT).as_posix() for path in (ROOT / "cnnref/specs").glob("*.py")}
    assert specs - {"cnnref/specs/__init__.py"} <= page


def test_the_reference_is_made_of_the_modules_that_it_documents_and_of_no_network() -> None:
    for page in (DOCS / "reference").glob("*.md"):
        for name in pages.DOCUMENTED.findall(page.read_text(encoding="utf-8")):
            shown: Any = cnnref
            for part in name.split(".")[1:]:
                shown = getattr(shown, part)
            made_of = found((code.home(name),), named=False)
            home = Path(str(sys.modules[shown.__module__].__file__))
            assert home.relative_to(ROOT).as_posix() in made_of, name
            assert not {path for path in made_of if path.startswith("cnnref/specs/")}


@pytest.fixture
def cold() -> Iterator[None]:
    """Digests of files as they are now, and again when the test is over."""
    reach.forget()
    yield
    reach.forget()


KINDS: dict[str, Callable[[], str]] = {
    "everything": reach.everything,
    "texts of VGG": lambda: reach.macros("website.chapters.vgg"),
    "texts of slips": lambda: reach.macros("website.chapters.slips"),
    "texts of how it is built": lambda: reach.macros("website.chapters.built"),
    "texts with examples": lambda: reach.macros("website.chapters.count"),
    "facts": reach.facts,
    "the site": made_by,
    "vgg16": lambda: answers.reached("vgg16"),
    "vgg11": lambda: answers.reached("vgg11"),
    "zfnet": lambda: answers.reached("zfnet"),
}


ANY_TEXT = {kind for kind in KINDS if kind.startswith("texts")} | {"everything"}


@pytest.mark.slow
@pytest.mark.usefixtures("cold")
@pytest.mark.parametrize(
    ("edited", "changed"),
    [
        ("docs/vgg.md", set()),
        ("docs/assets/stylesheets/extra.css", {"everything", "texts of how it is built"}),
        ("docs/examples/first.py", ANY_TEXT),
        ("docs/generated/facts.json", ANY_TEXT),
        ("scripts/website/chapters/vgg.py", ANY_TEXT - {"texts of slips", "texts with examples"}),
        ("scripts/website/macros.py", ANY_TEXT),
        (
            "scripts/studies/peers/counts.py",
            {*KINDS} - {"facts", "texts of VGG", "texts of slips", "texts with examples"},
        ),
        ("cnnref/specs/vgg.py", {*ANY_TEXT, "vgg16", "vgg11"}),
        # an erratum is about it, and errata may be about any network
        ("cnnref/specs/zfnet.py", {*ANY_TEXT, "zfnet", "vgg16"}),
        ("cnnref/models/zfnet.py", {*ANY_TEXT, "zfnet", "vgg16"}),
        # of these pages none traces a model
        ("cnnref/tracing/trace.py", ANY_TEXT - {"texts of VGG", "texts of slips"}),
        ("cnnref/__main__.py", ANY_TEXT - {"texts of VGG", "texts of slips"}),
        ("cnnref/counting/arithmetic.py", {*KINDS} - {"facts"}),
        ("cnnref/networks/data/published.csv", {*KINDS}),
        ("docs/peers/counts.csv", {*KINDS}),
        ("mkdocs.yml", {*KINDS}),
    ],
)
def test_an_edit_changes_what_is_made_of_the_file_and_nothing_else(
    edited: str, changed: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {kind: digest() for kind, digest in KINDS.items()}
    reach.forget()
    read = Path.read_bytes

    def with_edit(path: Path) -> bytes:
        return read(path) + b"\n" * (path == ROOT / edited)

    monkeypatch.setattr(Path, "read_bytes", with_edit)
    after = {kind: digest() for kind, digest in KINDS.items()}
    assert (ROOT / edited).is_file()
    assert {kind for kind in KINDS if before[kind] != after[kind]} == changed


@pytest.mark.usefixtures("cold")
def test_another_package_or_another_version_of_one_changes_everything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {kind: digest() for kind, digest in KINDS.items()}
    reach.forget()
    (tmp_path / "ruff-9.9.9.dist-info").mkdir()
    monkeypatch.setattr(reach, "get_path", lambda _: str(tmp_path))
    assert all(digest() != before[kind] for kind, digest in KINDS.items())


@pytest.mark.parametrize("name", ["alexnet", "zfnet", "resnet20_cifar", "inception_v3"])
def test_the_page_of_a_network_lays_out_no_other_network(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert name not in answers.STATED
    laid_out: set[str] = set()
    lay_out = catalog._lay_out

    def noted(record: Any, *arguments: Any) -> Any:
        laid_out.add(record.name)
        return lay_out(record, *arguments)

    facts.lookup.cache_clear()
    monkeypatch.setattr(catalog, "_lay_out", noted)
    measured.machines()
    laid_out.clear()
    frame = files.architecture_page.markdown(name, ["vgg.md"])
    files.fill(frame, f"networks/{name}.md")
    files.architecture_page.downloads(name)
    files.architecture_page.searched(name)
    answers.answer(name, answers.said())
    facts.lookup.cache_clear()
    assert laid_out == {name}
    assert name in cnnref.names()


def test_the_text_of_a_page_is_read_by_nothing_that_is_not_known_to() -> None:
    """Only what `website.pages` knows of: the time to read, the page to revise from, the sheets."""
    reads = re.compile(r"\.md\"\)?\.read_text|\{page\}\.md|DOCS / chapter|DOCS\.r?glob")
    readers = {
        path.relative_to(SCRIPTS / "website").as_posix()
        for path in (SCRIPTS / "website").rglob("*.py")
        if reads.search(path.read_text(encoding="utf-8"))
    }
    assert readers == {
        "chapters/reading.py", "teaching/sheets.py", "theme/revise.py", "pages.py",
    }  # fmt: skip
    uses = {path.name for path in DOCS.rglob("*.md") if "minutes(" in path.read_text()}
    assert uses == {"reading.md"}


def test_code_is_read_by_no_macro_that_is_not_known_to() -> None:
    """Otherwise than by an import, which is followed."""
    reads = re.compile(
        r"SCRIPTS /|ROOT /|PACKAGE\b(?!,)|subprocess\."
        r"|import_module\(|run_path\(|__file__|getsource"
    )
    homes = {*macros.HOMES.values()} - {"website.chapters.built", "website.chapters.count"}
    reached = {path for home in homes for path in code.files(home, named=True)}
    readers = {
        path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".").removeprefix("scripts.")
        for path in reached
        if reads.search(path.read_text("utf-8"))
    }
    # what they read is no code, or of a module that they import
    aside = {
        "cnnref.__init__", "cnnref.networks.catalog", "cnnref.networks.published",
        "checks.vendored", "studies.code", "studies.peers.benchmark_layout",
        "studies.peers.benchmark_start", "website.data.__init__", "website.hands.inside",
        "website.kept.reach", "website.networks.beside", "website.places",
        "website.theme.exits", "website.theme.math",
    }  # fmt: skip
    assert readers - aside == {"website.hands.playground"}
    assert homes.isdisjoint(reach.READERS)
    assert {"website.chapters.count", "website.hands.playground"} == reach.RUNNERS


def named(text: str) -> str:
    env = Environment(autoescape=True)
    # as the plugin does, which hides them from what Jinja calls undeclared
    env.globals.update(macros.MACROS)
    return pages._named(SimpleNamespace(env=env, homes=macros.HOMES), text)


def test_a_text_depends_on_the_macros_that_it_names() -> None:
    found = [named("{{ slips() }}"), named("{{ journey(1) }}"), named("{{ n(1) }}"), named("1")]
    assert len({*found}) == 4
    assert found[1] == reach.everything()
    assert named("{% set one = slips() %}{{ one }}") == found[0]
    for unknown in (
        "{{ page.url }}",
        "{{ n(1) + one }}",
        "{% set n = 1 %}{{ n }} {{ other }}",
        "{{ n(",
    ):
        assert named(unknown) == reach.everything()


def loaded(modules: str) -> set[str]:
    """What takes a second and more to load, of what some modules load."""
    slow = ("torch", "altair", "pandas", "vl_convert")
    code = f"import sys, {modules}; print(*({{*{slow}}} & sys.modules.keys()))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": f"{SCRIPTS}:{ROOT}"}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return set(done.stdout.split())


@pytest.mark.slow
def test_a_build_loads_what_is_slow_only_where_something_is_made_with_it() -> None:
    assert loaded("website.build, website.hooks, website.macros, website.drift") == set()
    assert loaded("website.macros, torch") == {"torch"}
