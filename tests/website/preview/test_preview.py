"""The preview: what it shows after an edit, what has loaded the code for it, and what it checks."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from subprocess import Popen

import pytest

from checks import policy
from website import build, drift
from website.kept import reach, shelf
from website.places import GENERATED, ROOT, SCRIPTS
from website.preview import beside, show

PLACES = {"ROOT": "", "CACHE": "cache", "SCRIPTS": "", "GENERATED": "docs/generated"}
TOLD: list[str] = []


class Beside(beside.Beside):
    """One that notes what it is told, and builds a site of one page."""

    def tell(self, line: str) -> Popen[str]:
        """Note the function that it is to run, that it builds, or what it looks at."""
        TOLD.append("build" if "build-" in line else line)
        return super().tell(line)


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A page of a checkout; what builds it copies it, or fails where it is told to."""
    for name in ("cnnref", "scripts", "docs/generated", "cache"):
        (tmp_path / name).mkdir(parents=True)
    page, text = tmp_path / "docs" / "index.md", "one"
    page.write_text(text, encoding="utf-8")
    (tmp_path / "mkdocs.yml").touch()
    (tmp_path / "cnnref" / "net.py").touch()
    for module in (build, beside, show):
        for name, place in PLACES.items():
            monkeypatch.setattr(module, name, tmp_path / place, raising=False)
    for name, place in {"PACKAGE": "cnnref", "SCRIPTS": "scripts", "DOCS": "docs"}.items():
        monkeypatch.setattr(reach, name, tmp_path / place)
    monkeypatch.setattr(reach, "SETTINGS", tmp_path / "mkdocs.yml")
    monkeypatch.setattr(shelf, "FOLDER", tmp_path / "cache" / "kept")
    monkeypatch.setattr(drift, "STAMP", tmp_path / "cache" / "generated")
    monkeypatch.setattr(build, "generate", lambda **_: None)
    monkeypatch.setattr(show, "Beside", Beside)
    lines = ("import os, sys", "from pathlib import Path",
             "function = '{module}' == 'packages' and sys.stdin.readline()",
             "target = sys.stdin.readline().strip()",
             f"text = Path({str(page)!r}).read_text()", "print('WARNING - of', text)",
             "os.makedirs(target, exist_ok=True) if target else sys.exit()",
             "Path(target, 'index.html').write_text(text)", "sys.exit(text == 'fail')")  # fmt: skip
    monkeypatch.setattr(Beside, "program", "\n".join(lines))
    TOLD.clear()
    yield page
    show.everything()


def test_a_preview_follows_an_edit_and_stays_where_a_build_fails(
    page: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = page.parents[1] / "shown"
    with show.Preview(folder) as shown:
        for text in ("one", "two", "fail"):
            page.write_text(text, encoding="utf-8")
            shown.follow()
            right = "two" if text == "fail" else text
            assert (folder / "index.html").read_text(encoding="utf-8") == right
    said = capsys.readouterr().out
    assert "WARNING - of two\n" in said
    assert "its messages stand above; the preview stays as it was\n" in said


def told() -> list[str]:
    found = [*TOLD]
    TOLD.clear()
    return found


def test_what_waits_has_loaded_the_code_as_it_is_now(
    page: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, code = page.parents[1] / "shown", page.parents[1] / "cnnref" / "net.py"
    number = page.parent / "generated" / "facts.json"
    then = ["build", str(folder), "wait"]
    with show.Preview(folder) as shown:
        shown.follow()
        assert told() == ["begin", *then]
        # the one that waits builds, and then another one waits
        page.write_text("two", encoding="utf-8")
        shown.follow()
        assert told() == then
        # after an edit of code one loads it while files are generated, which it does not read
        monkeypatch.setattr(build, "generate", lambda **_: number.write_text("1"))
        code.write_text("x = 1", encoding="utf-8")
        shown.follow()
        assert told() == ["begin", *then]
        # of what is edited meanwhile it may have loaded either state
        monkeypatch.setattr(build, "generate", lambda **_: code.write_text("x = 3"))
        code.write_text("x = 2", encoding="utf-8")
        shown.follow()
        assert told() == ["begin", "wait", *then]
        # and one that has read generated files does not build from others
        monkeypatch.setattr(build, "generate", lambda **_: number.write_text("2"))
        shown.follow()
        assert told() == ["wait", *then]


@pytest.mark.slow
def test_what_is_loaded_while_files_are_generated_reads_none_of_them(tmp_path: Path) -> None:
    noted = tmp_path / "noted"
    program = f"""
import sys
opened = []
sys.addaudithook(lambda event, given: opened.append(str(given[0])) if event == "open" else None)
from website.preview import beside
beside.load()
open({str(noted)!r}, "w").write("\\n".join(opened))
"""
    subprocess.run([sys.executable, "-c", program], cwd=SCRIPTS, check=True, timeout=600)
    read = [Path(name) for name in noted.read_text(encoding="utf-8").splitlines()]
    assert ROOT / "mkdocs.yml" in read
    assert not [path for path in read if path.is_relative_to(GENERATED)]


@pytest.mark.parametrize(
    ("edited", "steady"),
    [("docs/index.md", True), ("docs/peers/counts.csv", False), ("cnnref/net.py", False)],
)
def test_what_is_made_while_its_sources_change_is_not_kept(
    edited: str, steady: bool, page: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = page.parents[1]
    (root / "docs" / "peers").mkdir()
    monkeypatch.setenv(shelf.KEEPING, "1")
    things, follow = shelf.Shelf("things"), build.follow
    things.keep("before", 1)

    def slow(process: Popen[str], passed_on: tuple[str, ...]) -> None:
        follow(process, passed_on)
        things.keep("meanwhile", 2)
        drift.STAMP.write_text("generated of what is there")
        (root / edited).write_text("an edit", encoding="utf-8")

    monkeypatch.setattr(build, "follow", slow)
    with show.Preview(root / "shown") as shown:
        shown.follow()
    assert (things.find("before"), things.find("meanwhile")) == (1, 2 if steady else None)
    assert drift.STAMP.exists() is steady


def test_all_processes_end_with_the_preview(page: Path) -> None:
    with show.Preview(page.parents[1] / "shown") as shown:
        shown.follow()
        processes = [one._process for one in (shown._next, shown._spare, shown._check)]
    assert all(process is not None and process.poll() is not None for process in processes)


def test_what_is_generated_is_not_watched(page: Path) -> None:
    (page.parent / "reference").mkdir()
    places = dict(show.watched())
    assert places[page.parent] is False
    assert places[page.parent / "reference"] is places[page.parents[1] / "cnnref"] is True
    assert page.parent / "generated" not in places


def test_a_served_page_reloads_itself_and_its_file_has_its_policy(tmp_path: Path) -> None:
    written = policy.guarded(f"<head>{policy.HEAD}</head><body></body>").encode()
    assert b"Content-Security-Policy" in written
    served = show.Server(lambda: None, host="127.0.0.1", port=0, root=str(tmp_path))
    shown = served._inject_js_into_html(written, 1)
    assert b"livereload(1" in shown
    assert b"Content-Security-Policy" not in shown
    served.server_close()


@pytest.mark.parametrize("fault", ["", "a reason"])
def test_what_a_build_would_refuse_is_said_and_still_shown(
    fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def check(folder: Path) -> None:
        if fault:
            raise build.BuildError(f"{folder.name}, {fault}")

    (tmp_path / "line").write_text(f"{tmp_path / 'shown'}\n", encoding="utf-8")
    monkeypatch.setattr(beside, "CACHE", tmp_path)
    monkeypatch.setattr(build, "check", check)
    monkeypatch.setattr(beside.signed, "faults", lambda _: ["a.csv: nobody signed it"])
    with (tmp_path / "line").open(encoding="utf-8") as line:
        monkeypatch.setattr("sys.stdin", line)
        beside.look()
    said = capsys.readouterr().out
    assert "a.csv: nobody signed it" in said
    assert ("site: shown, a reason; a build would refuse it" in said) is bool(fault)
