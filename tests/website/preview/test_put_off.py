"""What a preview leaves for later: what was before stands for it, is not kept, and is made then."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cnnref.networks.agreement import Agreement
from website import build, data, drift, publish
from website.kept import reach, shelf
from website.kept.reads import Reads
from website.places import SCRIPTS
from website.preview import beside

NAMES = ("alexnet", "resnet18", "vgg11", "vgg16", "zfnet")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, in which nothing is pending."""
    monkeypatch.setattr(shelf, "FOLDER", tmp_path / "kept")
    for module in (shelf, beside):
        monkeypatch.setattr(module, "PENDING", tmp_path / "pending")
    monkeypatch.setattr(beside, "LATER", tmp_path / "later")
    monkeypatch.setattr(drift, "STAMP", tmp_path / "stamp")
    monkeypatch.setenv(shelf.KEEPING, "1")
    return tmp_path


def test_what_a_process_gave_before_stands_in_a_preview_until_it_has_run_again(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("website.places.ROOT", cache)
    source, runs, texts = cache / "net.py", Reads("runs"), shelf.Shelf("texts")
    source.write_text("1")
    runs.keep("a notebook", ("net.py",), "one row")
    source.write_text("2")
    assert runs.find("a notebook") is None
    monkeypatch.setenv(shelf.PREVIEWED, "1")
    assert texts.get("key", runs.find, "a notebook") == "one row"
    assert (cache / "pending").exists()
    # of a text with it nothing is kept, and of another notebook nothing is known
    assert texts.find("key") is None
    assert runs.find("another notebook") is None
    runs.keep("a notebook", ("net.py",), "two rows")
    assert texts.get("key", runs.find, "a notebook") == texts.find("key") == "two rows"


@pytest.fixture
def compared(cache: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The networks whose books are compared, of which each differed in seven rows before."""
    asked: list[str] = []

    def check(name: str) -> Agreement:
        asked.append(name)
        return Agreement(name, 1, 3, (8,), ())

    monkeypatch.setattr(publish, "check", check)
    before = {name: dict.fromkeys(data.NETWORK_COLUMNS, "7") for name in NAMES}
    monkeypatch.setattr(data, "books", lambda: before)
    return asked


def differing(*names: str) -> list[str]:
    column = data.NETWORK_COLUMNS.index("rows_differing")
    return [str(row[column]) for row in publish.network_rows(names)]


def test_a_preview_compares_few_networks_at_once_and_leaves_many_for_later(
    cache: Path, compared: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(shelf.PREVIEWED, "1")
    assert len(NAMES) == publish.AT_ONCE + 1
    assert differing(*NAMES) == ["7"] * 5
    assert compared == []
    assert (cache / "pending").exists()
    (cache / "pending").unlink()
    assert differing(*NAMES[:4]) == ["3"] * 4
    # those are known now, so that one is left, which is compared at once
    assert differing(*NAMES) == ["3"] * 5
    assert compared == [*NAMES]
    assert not (cache / "pending").exists()


def test_nothing_else_than_a_preview_takes_what_was_before(compared: list[str]) -> None:
    assert differing(*NAMES) == ["3"] * 5
    assert compared == [*NAMES]


def test_a_preview_without_former_numbers_compares(
    compared: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(shelf.PREVIEWED, "1")
    del data.books()["vgg16"]  # type: ignore[attr-defined]
    assert differing(*NAMES) == ["3"] * 5
    assert compared == [*NAMES]


@pytest.mark.parametrize("pending", [False, True])
def test_files_with_what_was_put_off_are_generated_again(
    pending: bool, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drift, "GENERATED", cache / "generated")

    def outputs(**_: object) -> dict[str, bytes]:
        if pending:
            shelf.put_off()
        return {"a.csv": b"a\n1\n"}

    monkeypatch.setattr(publish, "outputs", outputs)
    assert drift.main(check=False) == 0
    assert (cache / "generated" / "a.csv").read_text() == "a\n1\n"
    assert drift.fresh() is not pending


def test_the_other_files_are_made_again_where_they_may_be_others(
    compared: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []
    monkeypatch.setattr(publish, "_others", lambda _: made.append(1) or {"facts.json": "{}"})
    for state in ("one", "one", "two", "one"):
        monkeypatch.setattr(reach, "generated", lambda state=state: state)
        monkeypatch.setattr(publish, "OTHERS", shelf.Shelf("other files"))
        assert {*publish.outputs(NAMES)} == {"facts.json", "networks.csv"}
    # what was left is forgotten
    assert len(made) == 3


@pytest.fixture
def shown(cache: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A folder that is shown, and what is done when it is looked at."""
    done: list[str] = []
    (cache / "shown").mkdir()
    (cache / "shown" / "index.html").write_text("as before")

    @contextmanager
    def mkdocs(target: Path) -> Iterator[None]:
        done.append("built")
        target.mkdir()
        (target / "index.html").write_text((cache / "right").read_text())
        yield

    monkeypatch.setattr(build, "CACHE", cache)
    monkeypatch.setattr(beside, "CACHE", cache)
    monkeypatch.setattr(build, "written", lambda **_: "")
    monkeypatch.setattr(build, "generate", lambda: done.append("generated"))
    monkeypatch.setattr(build, "mkdocs", mkdocs)
    monkeypatch.setattr(build, "check", lambda folder: done.append(f"checked {folder.name}"))
    monkeypatch.setattr(beside.signed, "faults", lambda _: [])
    (cache / "line").write_text(f"{cache / 'shown'}\n")
    return done


@pytest.mark.parametrize(
    ("pending", "right", "follows"),
    [(False, "otherwise", False), (True, "as before", False), (True, "otherwise", True)],
)
def test_what_was_put_off_is_made_and_the_preview_follows_where_it_comes_out_otherwise(
    pending: bool, right: str, follows: bool, cache: Path, shown: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    (cache / "right").write_text(right)
    if pending:
        shelf.put_off()
    with (cache / "line").open() as line:
        monkeypatch.setattr("sys.stdin", line)
        beside.look()
    assert shown == ["generated", "built"] * pending + ["checked shown"]
    assert (cache / "later").exists() is follows
    assert not (cache / "pending").exists()


def test_packages_are_loaded_before_any_code_of_the_checkout() -> None:
    code = (
        "import sys; from website.preview import packages; packages.wait();"
        "print(*(name for name in sys.modules if name.split('.')[0] in "
        "('cnnref', 'checks', 'studies', 'website', 'torch', '_command')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=SCRIPTS, input="", capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    found = [name for name in done.stdout.split() if not name.startswith("torch.")]
    assert found == ["website", "website.preview", "website.preview.packages", "torch"]
