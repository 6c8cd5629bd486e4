"""Vendored files are held against the archives of their packages."""

import io
import tarfile
from pathlib import Path

import pytest

from checks import vendored
from cnnref.errors import CnnrefError
from website.places import ROOT

FONT = b'src:url(a.woff2) format("woff2")'
OLDER = b',url(a.woff) format("woff"),url(a.ttf) format("truetype")'


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A checkout with two vendored files of one package, and what fetches the package."""
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "a.js").write_bytes(b"run()")
    (tmp_path / "lib" / "a.css").write_bytes(FONT)
    listed = tmp_path / "vendored.csv"
    listed.write_text("folder,package,version,licence,what\nlib,some,1.2.3,MIT,all\n")
    monkeypatch.setattr(vendored, "LIST", listed)
    monkeypatch.setattr(vendored, "fetched", dict)

    def fetch(package, place):
        assert package == "some@1.2.3"
        with tarfile.open(place / "some.tgz", "w:gz") as archive:
            for name, content in {"package/a.js": b"run()", "package/a.css": FONT + OLDER}.items():
                entry = tarfile.TarInfo(name)
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
        return place / "some.tgz"

    return tmp_path, fetch


def test_what_is_as_in_the_package_is_no_fault(checkout):
    assert [*vendored.faults(*checkout)] == []


@pytest.mark.parametrize("name", ["a.js", "a.css", "b.js"])
def test_one_byte_that_is_not_of_the_package_is_seen(checkout, name):
    root, fetch = checkout
    (root / "lib" / name).write_bytes(b"run(1)")
    assert [*vendored.faults(root, fetch)] == [f"lib/{name}: no file of some@1.2.3 is equal to it"]


def test_an_archive_that_the_build_fetches_is_held_by_its_digest(checkout, monkeypatch):
    root, fetch = checkout
    known = vendored.digest(fetch("some@1.2.3", root).read_bytes())
    monkeypatch.setattr(vendored, "fetched", lambda: {"some@1.2.3": known})
    again = dict.fromkeys(["some@1.2.3"], root / "some.tgz")
    assert [*vendored.faults(root / "none", lambda package, _: again[package])] == []
    monkeypatch.setattr(vendored, "fetched", lambda: {"some@1.2.3": "0" * 64})
    assert [*vendored.faults(root / "none", lambda package, _: again[package])] == [
        "fetched.csv: the archive of some@1.2.3 is another"
    ]


def test_every_vendored_folder_is_in_the_list():
    listed = {path for _, path in vendored.vendored(ROOT)}
    for place in ("docs/assets/vendor", "docs/assets/fonts", "scripts/vendor"):
        there = {path for path in (ROOT / place).rglob("*") if path.is_file()}
        assert there - {vendored.LIST, vendored.FETCHED} <= listed


def test_the_licence_is_of_the_script_that_the_build_brings():
    vl_convert = pytest.importorskip("vl_convert")
    packages = {package for package, _ in vendored.vendored(ROOT)}
    assert f"vega-embed@{vl_convert.get_vega_embed_version()}" in packages


def test_without_npm_a_sentence_says_so(monkeypatch, tmp_path):
    monkeypatch.setattr(vendored.shutil, "which", lambda _: None)
    with pytest.raises(CnnrefError, match="npm is needed"):
        vendored.packed("some@1.2.3", Path(tmp_path))


def test_what_npm_says_is_handed_on(monkeypatch, tmp_path):
    failing = tmp_path / "npm"
    failing.write_text("#!/bin/sh\necho 'no such package' >&2\nexit 1\n")
    failing.chmod(0o755)
    monkeypatch.setattr(vendored.shutil, "which", lambda _: str(failing))
    with pytest.raises(CnnrefError, match=r"does not give some@1\.2\.3: no such package"):
        vendored.packed("some@1.2.3", tmp_path)


def test_a_font_of_the_site_has_its_letters_alone_and_another_name():
    ttlib = pytest.importorskip("fontTools.ttLib")
    for path in sorted((ROOT / "docs/assets/fonts").rglob("*.woff2")):
        font = ttlib.TTFont(path)
        assert {*font.getBestCmap()} == {*map(ord, vendored.LETTERS)}
        assert "Plex" not in str(font["name"].getBestFamilyName())


def test_a_font_that_is_cut_again_is_the_same_and_a_changed_one_is_not(tmp_path):
    pytest.importorskip("fontTools")
    path = next((ROOT / "docs/assets/fonts").rglob("*.woff2"))
    once = vendored.reduced(path.read_bytes())
    assert vendored.reduced(once) == once
