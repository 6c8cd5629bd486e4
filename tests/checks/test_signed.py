"""Cited data, records and vendored files are as a person signed them."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from checks import signed
from cnnref import CnnrefError
from cnnref.files import filled, one_of, rows

ROOT = signed.ROOT
VENDORED = ROOT / "scripts" / "vendor" / "vendored.csv"
LICENCES = ("MIT", "BSD-3-Clause", "MPL-2.0", "OFL-1.1")
COLUMNS = {
    "folder": filled,
    "package": filled,
    "version": filled,
    "licence": one_of(LICENCES),
    "what": filled,
}


def test_everything_is_as_it_was_signed() -> None:
    assert signed.faults(ROOT) == []
    found = signed.places(ROOT)
    for pattern in signed.PLACES:
        folder = pattern.partition("*")[0]
        assert not (ROOT / folder).exists() or any(path.startswith(folder) for path in found)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A checkout with two signed files."""
    (tmp_path / "cnnref" / "networks" / "data").mkdir(parents=True)
    (tmp_path / "docs" / "zoo").mkdir(parents=True)
    (tmp_path / signed.LIST).parent.mkdir(parents=True)
    for path in (CITED, "docs/zoo/zoo.json"):
        (tmp_path / path).write_text("60.97")
    signed.renew(tmp_path, [CITED, "docs/zoo/zoo.json"])
    return tmp_path


REMEDY = "look at the change, and if it is meant: scripts/check signed --renew"
CITED = "cnnref/networks/data/published.csv"


@pytest.mark.parametrize("data", [b"60.98", b"", b"60.97\n", b"6\xb0.97"])
def test_a_change_is_seen_whatever_it_is(data: bytes, root: Path) -> None:
    assert signed.faults(root) == []
    (root / CITED).write_bytes(data)
    (fault,) = signed.faults(root)
    assert fault == (f"{CITED}: is not what was signed; {REMEDY} {CITED}")


def test_a_file_that_is_new_and_one_that_is_gone_are_seen(root: Path) -> None:
    (root / "docs/zoo/zoo.json").rename(root / "docs/zoo/other.json")
    assert [line.split(";")[0] for line in signed.faults(root)] == [
        "docs/zoo/other.json: nobody signed it",
        "docs/zoo/zoo.json: was signed and is not there",
    ]
    signed.renew(root, ["docs/zoo/zoo.json", "docs/zoo/other.json"])
    assert signed.faults(root) == []


def test_only_what_is_named_is_signed(root: Path) -> None:
    for path in (CITED, "docs/zoo/zoo.json"):
        (root / path).write_text("60.98")
    signed.renew(root, ["docs/zoo/zoo.json"])
    assert [line.split(":")[0] for line in signed.faults(root)] == [CITED]
    with pytest.raises(CnnrefError, match=r"^README.md is none of the files that are signed: "):
        signed.renew(root, ["README.md"])


@pytest.mark.parametrize("line", ["abc  x", "0" * 64 + " x", "G" * 64 + "  x", ""])
def test_a_list_that_was_cut_is_named_with_its_line(line: str, root: Path) -> None:
    path = root / signed.LIST
    path.write_text(path.read_text() + line + "\n")
    with pytest.raises(CnnrefError) as told:
        signed.faults(root)
    assert str(told.value) == f"{path}, line 3: it is no digest with a path after it."


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="sha256sum is not installed")
def test_others_can_read_the_list() -> None:
    command = ["sha256sum", "--check", "--strict", "--quiet", str(signed.LIST)]
    subprocess.run(command, cwd=ROOT, check=True)


def vendored() -> dict[str, tuple[str, ...]]:
    return {folder: tuple(rest) for folder, *rest in rows(VENDORED, COLUMNS)}


def test_every_vendored_folder_has_a_version_and_its_licence_beside_it() -> None:
    holding = {path.rpartition("/")[0] for path in signed.places(ROOT)}
    there = {
        "/".join(folder.split("/")[: 3 if folder.startswith("scripts") else 4])
        for folder in holding
        if folder.startswith(("docs/assets/", "scripts/vendor/"))
    }
    assert there == set(vendored())
    for folder, (_, version, *_) in vendored().items():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version)
        assert (ROOT / folder / "LICENSE").is_file()


@pytest.mark.parametrize(
    ("folder", "file", "pattern"),
    [
        ("scripts/vendor/katex", "katex.min.js", r'version:"([\d.]+)"'),
        ("scripts/vendor/axe", "axe.min.js", r"axe v([\d.]+)"),
        ("docs/assets/vendor/katex", "katex.min.css", r'\.katex-version:after\{content:"([\d.]+)"'),
    ],
)
def test_a_version_is_the_one_that_its_file_states(folder: str, file: str, pattern: str) -> None:
    found = re.search(pattern, (ROOT / folder / file).read_text(encoding="utf-8"))
    assert found
    assert found[1] == vendored()[folder][1]
